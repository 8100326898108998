"""From linear light to a picture: exposure, bloom, film curve, vignette and grain."""

# Numbers stand where they mean something: sizes, shares and tolerances.
# ruff: noqa: PLR2004

from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.scene import Grade

Array = npt.NDArray[Any]

_STOPS = 4096
_WHITE = 6.0  # the brightest light that the film curve tells apart
_SATURATION = 0.88
_GRAIN = 2.1  # deviation, in steps of 1/255


def _film_curve() -> Array:
    """Tabulate the curve over sqrt(light): a soft shoulder, a gentle toe, then sRGB."""
    light = ((np.linspace(0, 1, _STOPS) ** 2) * _WHITE) ** 1.1
    toned = (light * (2.43 * light + 0.06)) / (light * (2.43 * light + 0.62) + 0.14)
    toned = toned / toned[-1]
    code = np.where(toned <= 0.0031308, toned * 12.92, 1.055 * toned ** (1 / 2.4) - 0.055)
    answer: Array = (code * 255).astype(np.float32)
    return answer


def _blur(light: Array, radius: int) -> Array:
    """Box-blur twice along both axes."""
    for axis in (0, 1, 0, 1):
        padded = np.pad(light, [(radius + 1, radius) if a == axis else (0, 0) for a in range(3)], mode="edge")
        total = padded.cumsum(axis=axis, dtype=np.float64)
        size = light.shape[axis]
        light = (total.take(range(2 * radius + 1, 2 * radius + 1 + size), axis) - total.take(range(size), axis)) / (
            2 * radius + 1
        )
    return light.astype(np.float32)


def _bloom(light: Array, strength: float) -> Array:
    height, width = light.shape[0] // 8 * 8, light.shape[1] // 8 * 8
    small = np.minimum(light[:height, :width], 6).reshape(height // 8, 8, width // 8, 8, 3).mean(axis=(1, 3))
    glow = _blur(np.maximum(small - 0.9, 0), max(1, width // 160)) * strength
    rows = np.minimum(np.arange(light.shape[0]) / 8, height // 8 - 1.001)
    columns = np.minimum(np.arange(light.shape[1]) / 8, width // 8 - 1.001)
    top, left = rows.astype(int), columns.astype(int)
    fy, fx = (rows - top).astype(np.float32)[:, None, None], (columns - left).astype(np.float32)[None, :, None]
    across = glow[:, left] * (1 - fx) + glow[:, left + 1] * fx
    answer: Array = across[top] * (1 - fy) + across[top + 1] * fy
    return answer


def develop(light: Array, grade: Grade, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return the picture as sRGB bytes, `(height, width, 3)`."""
    height, width, _ = light.shape
    luminance = light[::4, ::4] @ np.array([0.21, 0.72, 0.07], np.float32)
    middle = float(np.exp(np.log(np.clip(luminance, 1e-3, 3.0)).mean()))
    calm = (_SATURATION * np.eye(3) + (1 - _SATURATION) * np.array([[0.21], [0.72], [0.07]])) * np.array(grade.tint)
    light = light @ (calm * (grade.key / middle)).astype(np.float32)
    light += _bloom(light, grade.bloom)
    y = (np.arange(height, dtype=np.float32) - height / 2)[:, None] / width
    x = (np.arange(width, dtype=np.float32) - width / 2)[None, :] / width
    light *= (1 - 0.62 * (x * x + y * y))[..., None]
    stop = np.sqrt(np.clip(light * (1 / _WHITE), 0, 1)) * (_STOPS - 1)
    picture = _film_curve()[stop.astype(np.int32)]
    grain = random.standard_normal((height, width), np.float32)
    grain[1:] += 0.4 * grain[:-1]
    grain[:, 1:] += 0.4 * grain[:, :-1]
    picture += (grain * _GRAIN)[..., None]
    if grade.mirrored:
        picture = picture[:, ::-1]
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)

"""ThumbHash: a picture as some 25 bytes, from which a client draws a soft placeholder with the right shape.

After Evan Wallace's reference (https://evanw.github.io/thumbhash/): the luminance and two colour-difference channels,
and the opacity where there is any, as the lowest terms of their cosine transforms in four bits each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_SIDE = 100

_Plane = NDArray[np.float64]


@dataclass(frozen=True)
class _Channel:
    """A plane's mean, its other terms scaled to 0..1 around 0.5, and that scale."""

    mean: float
    terms: list[float]
    scale: float


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Hash a picture.

    Args:
        pixels: RGBA rows, shape (height, width, 4), neither side over 100.

    Raises:
        ValueError: the array has another shape.

    """
    height, width, *bands = pixels.shape
    if bands != [4] or not 1 <= max(width, height) <= LARGEST_SIDE:
        raise ValueError(f"A ThumbHash is made from RGBA pixels of at most 100 × 100, not {pixels.shape}.")
    rgb, alpha = pixels[..., :3] / 255, pixels[..., 3] / 255
    opaque = bool(alpha.min() == 1)
    mean = (rgb * alpha[..., None]).sum((0, 1)) / (alpha.sum() or 1)
    red, green, blue = np.moveaxis(mean * (1 - alpha[..., None]) + rgb * alpha[..., None], -1, 0)
    most = 7 if opaque else 5
    across, down = (max(1, _rounded(most * side / max(width, height))) for side in (width, height))
    luminance = _channel((red + green + blue) / 3, max(3, across), max(3, down))
    yellow_blue = _channel((red + green) / 2 - blue, 3, 3)
    red_green = _channel(red - green, 3, 3)
    channels = [luminance, yellow_blue, red_green]
    header: int = (
        _rounded(63 * luminance.mean)
        | _rounded(31.5 + 31.5 * yellow_blue.mean) << 6
        | _rounded(31.5 + 31.5 * red_green.mean) << 12
        | _rounded(31 * luminance.scale) << 18
        | int(not opaque) << 23
        | (down if width > height else across) << 24
        | _rounded(63 * yellow_blue.scale) << 27
        | _rounded(63 * red_green.scale) << 33
        | int(width > height) << 39
    )
    out = header.to_bytes(5, "little")
    if not opaque:
        opacity = _channel(alpha, 5, 5)
        out += bytes([_rounded(15 * opacity.mean) | _rounded(15 * opacity.scale) << 4])
        channels.append(opacity)
    return out + _nibbles([_rounded(15 * term) for channel in channels for term in channel.terms])


def _channel(plane: _Plane, across: int, down: int) -> _Channel:
    """Take the terms of the cosine transform in the triangle below the given orders."""
    height, width = plane.shape
    spectrum = _cosines(height, down) @ plane @ _cosines(width, across).T / plane.size
    places = [(y, x) for y in range(down) for x in range(across) if x * down < across * (down - y)]
    terms = [float(spectrum[place]) for place in places[1:]]
    scale = max(map(abs, terms))
    return _Channel(float(spectrum[0, 0]), [0.5 + 0.5 / scale * term if scale else 0.0 for term in terms], scale)


def _cosines(size: int, orders: int) -> _Plane:
    return np.cos(np.pi / size * np.outer(np.arange(orders), np.arange(size) + 0.5))


def _nibbles(values: list[int]) -> bytes:
    """Pack four-bit values, low half first."""
    padded = [*values, 0] if len(values) % 2 else values
    return bytes(low | high << 4 for low, high in zip(padded[::2], padded[1::2], strict=True))


def _rounded(value: float) -> int:
    """Round half up, as the reference's JavaScript does."""
    return int(np.floor(value + 0.5))

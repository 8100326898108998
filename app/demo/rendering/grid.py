"""The coarse grid of light: gathered at few points, smoothed within each surface, spread over the pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.camera import View
from app.demo.rendering.light import gather, sunlit
from app.demo.rendering.scene import Scene
from app.demo.rendering.solids import Solid, normals
from app.demo.rendering.vectors import column, dot

Array = npt.NDArray[Any]

_COLUMNS = 270  # points across the picture
_SAMPLES = 4
_CHUNK = 16_384  # pixels at a time, so that the temporaries stay in the processor's cache
_ALIKE = 0.85  # cosine between normals that share their light


@dataclass(frozen=True, slots=True)
class Grid:
    """Points `(rows, columns, 8)`: three colours, the share of windows seen, the sun, the normal; and their solids."""

    step: int
    packed: Array
    which: Array

    def spread(self, number: int, rows: Array, columns: Array, normal: Array) -> tuple[Array, Array]:
        """Return the light `(5, n)` of pixels on one solid, and which of them found no neighbour to take it from."""
        total, weight = np.empty((5, rows.size), np.float32), np.empty(rows.size, np.float32)
        for begin in range(0, rows.size, _CHUNK):
            part = slice(begin, begin + _CHUNK)
            self._spread(number, rows[part], columns[part], normal[:, part], total[:, part], weight[part])
        return total, np.flatnonzero(weight == 0)

    def _spread(self, number: int, rows: Array, columns: Array, normal: Array, total: Array, weight: Array) -> None:
        height, width = self.which.shape
        y = (rows.astype(np.float32) + 0.5) / self.step - 0.5
        x = (columns.astype(np.float32) + 0.5) / self.step - 0.5
        top, left = np.floor(y), np.floor(x)
        fy, fx = y - top, x - left
        flat = self.packed.reshape(-1, 8)
        total[:], weight[:] = 0, 0
        for down, part_y in ((0, 1 - fy), (1, fy)):
            line = np.clip(top.astype(np.int32) + down, 0, height - 1) * width
            for right, part_x in ((0, 1 - fx), (1, fx)):
                place = line + np.clip(left.astype(np.int32) + right, 0, width - 1)
                near = flat.take(place, axis=0).T
                alike = np.square(np.square(np.maximum(dot(near[5:], normal), 0.05)))
                part = (part_y * part_x + 1e-4) * alike * (self.which.ravel().take(place) == number)
                total += near[:5] * part
                weight += part
        total /= np.maximum(weight, 1e-12)


def coarse_grid(
    scene: Scene, view: View, casters: list[Solid], bodies: list[Solid], random: np.random.Generator
) -> Grid:
    """Gather light at every `step`-th pixel and smooth its noise away."""
    camera = scene.camera
    step = max(1, round(camera.width / _COLUMNS))
    rows = np.minimum(np.arange(step // 2, camera.height + step // 2, step), camera.height - 1)
    columns = np.minimum(np.arange(step // 2, camera.width + step // 2, step), camera.width - 1)
    which = view.which[np.ix_(rows, columns)]
    shape = which.shape
    line, place = np.meshgrid(rows.astype(np.float32), columns.astype(np.float32), indexing="ij")
    ray = np.stack(camera.rays(line.ravel(), place.ravel()))
    points = column(camera.position) + ray * view.along[np.ix_(rows, columns)].ravel()
    normal = np.zeros_like(points)
    for number in np.unique(which):
        index = np.flatnonzero(which.ravel() == number)
        if number:
            normal[:, index] = normals(scene.solids[number - 1], points[:, index], ray[:, index])
    seen = np.flatnonzero(which.ravel())
    light = np.zeros((5, which.size), np.float32)
    numbers = _stratified(shape, random)[:, :, seen]
    light[:4, seen] = gather(scene.lights, bodies, points[:, seen], normal[:, seen], numbers)
    lit = seen[dot(normal[:, seen], column(scene.lights.to_sun)) > 0]
    if max(scene.lights.sun) > 0:
        light[4, lit] = sunlit(scene.lights, casters, points[:, lit] + normal[:, lit] * 0.012)
    light[4] = _widened(light[4].reshape(shape), which).ravel()
    light = light.T.reshape(*shape, 5)
    normal = normal.T.reshape(*shape, 3)
    smooth = light[..., :4]
    for spacing in (1, 2, 3):
        smooth = _smooth(smooth, which, normal, spacing)
    return Grid(step, np.concatenate([smooth, light[..., 4:], normal], axis=2), which)


def _widened(sun: Array, which: Array) -> Array:
    """Soften the sun's edges over neighbours on the same solid, so that pixels near one know to look for themselves."""
    light, name = np.pad(sun, 1, mode="edge"), np.pad(which, 1, mode="edge")
    rows, columns = sun.shape
    total, count = np.zeros_like(sun), np.zeros_like(sun)
    for y in range(3):
        for x in range(3):
            part = (slice(y, y + rows), slice(x, x + columns))
            same = name[part] == which
            total += light[part] * same
            count += same
    answer: Array = total / count
    return answer


def _stratified(shape: tuple[int, int], random: np.random.Generator) -> Array:
    """Return numbers `(samples, 2, n)` that cover the unit square evenly within every 4 by 4 points."""
    y, x = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    phase = ((y & 3) * 4 + (x & 3)).ravel()
    jitter = random.random((_SAMPLES, 2, phase.size), np.float32)
    cell = (phase[None] * 5 + np.arange(_SAMPLES)[:, None] * 16) % 64
    return np.stack([((cell & 7) + jitter[:, 0]) / 8, ((cell >> 3) + jitter[:, 1]) / 8], axis=1).astype(np.float32)


def _smooth(light: Array, which: Array, normal: Array, spacing: int) -> Array:
    """Average along rows, then columns, over points of the same solid that face alike."""
    for axis in (0, 1):
        total, weight = light.copy(), np.ones(which.shape, np.float32)
        length = which.shape[axis]
        for shift in (-2 * spacing, -spacing, spacing, 2 * spacing):
            here, there = _overlap(length, shift, axis)
            same = (which[here] == which[there]) & ((normal[here] * normal[there]).sum(axis=2) > _ALIKE)
            total[here] += light[there] * same[..., None]
            weight[here] += same
        light = total / weight[..., None]
    return light


def _overlap(length: int, shift: int, axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    here = slice(max(0, -shift), min(length, length - shift))
    there = slice(max(0, shift), min(length, length + shift))
    return ((here,), (there,)) if axis == 0 else ((slice(None), here), (slice(None), there))

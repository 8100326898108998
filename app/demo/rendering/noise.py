"""Tiles of noise, made once per process, that the materials look up instead of computing."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SIZE = 512
_CELLS = 48


@cache
def cloud(power: float = 1.6, stretch: float = 1.0, seed: int = 1) -> Array:
    """Return a seamless `(SIZE, SIZE)` tile of noise, mean 0 and deviation 1, stretched along its second axis."""
    white = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    fy, fx = np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)[None, :] * stretch
    frequency = np.sqrt(fx * fx + fy * fy)
    frequency[0, 0] = 1
    tile = np.fft.ifft2(np.fft.fft2(white) * frequency**-power).real
    tile -= tile.mean()
    answer: Array = (tile / tile.std()).astype(np.float32)
    return answer


@cache
def chips() -> tuple[Array, Array]:
    """Return a seamless tile of stone: each pixel's chip number in 0…1, and whether it is chip (1) or binder (0)."""
    random = np.random.default_rng(5)
    shift = random.random((2, _CELLS, _CELLS))
    number = random.random((_CELLS, _CELLS)).astype(np.float32)
    reach = random.uniform(0.1, 0.62, (_CELLS, _CELLS))
    grid = np.arange(SIZE) * (_CELLS / SIZE)
    y, x = np.meshgrid(grid, grid, indexing="ij")
    warp = cloud(1.4, 1.0, 9) * 0.12
    y, x = y + warp, x + np.roll(warp, 131, axis=1)
    best, chip = np.full((SIZE, SIZE), 9.0), np.zeros((SIZE, SIZE), np.float32)
    size = np.zeros((SIZE, SIZE))
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            cy, cx = np.floor(y).astype(int) + dy, np.floor(x).astype(int) + dx
            at = (cy % _CELLS, cx % _CELLS)
            distance = np.abs(cy + shift[0][at] - y) * 1.2 + np.abs(cx + shift[1][at] - x)
            nearer = distance < best
            best = np.where(nearer, distance, best)
            chip = np.where(nearer, number[at], chip)
            size = np.where(nearer, reach[at], size)
    return chip, (best < size).astype(np.float32)


def look_up(tile: Array, u: Array, v: Array, per_unit: float) -> Array:
    """Sample a tile at coordinates `u`, `v` (metres), `per_unit` pixels a metre, repeating."""
    row = (v * per_unit).astype(np.int32) & (SIZE - 1)
    column = (u * per_unit).astype(np.int32) & (SIZE - 1)
    return tile.ravel().take(row * SIZE + column)


def scatter(a: Array, b: Array) -> Array:
    """Return a number in 0…1 for each pair of whole numbers, without visible order."""
    mixed = (a.astype(np.int32) * np.int32(73856093)) ^ (b.astype(np.int32) * np.int32(19349663))
    mixed = (mixed ^ (mixed >> 13)) * np.int32(1274126177)
    return ((mixed ^ (mixed >> 16)) & 0xFFFF).astype(np.float32) * np.float32(1 / 65535)


def smooth_step(low: float | Array, high: float | Array, x: Array) -> Array:
    """Return 0 below `low`, 1 above `high`, and a smooth way between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)

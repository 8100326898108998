"""The open air: sky, thin clouds, hills and roofs, a little hazy."""

from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.noise import cloud, look_up, scatter, smooth_step
from app.demo.rendering.scene import Outside

Array = npt.NDArray[Any]


def open_air(outside: Outside, ray: Array) -> Array:
    """Return the light `(3, n)` that comes along rays that meet nothing."""
    flat = np.hypot(ray[0], ray[2]) + 1e-6
    rise = ray[1] / flat
    bearing = np.arctan2(ray[0], ray[2]) + outside.seed * 0.7
    horizon = np.array(outside.horizon, np.float32)[:, None]
    zenith = np.array(outside.zenith, np.float32)[:, None]
    sky = horizon + (zenith - horizon) * smooth_step(-0.05, 0.75, rise)
    height = 1 / np.maximum(rise + 0.18, 0.05)
    veil = look_up(cloud(1.8, 2.5, 21), bearing * height * 0.5 + 3, height * 0.9 + 2, 95)
    sky *= 1 + 0.13 * np.clip(veil - 0.2, 0, 2.5) * smooth_step(0.02, 0.3, rise)
    hills = np.array(outside.hills, np.float32)[:, None]
    for layer, haze in enumerate((0.72, 0.45, 0.15)):
        edge = _skyline(outside, bearing, layer)
        colour = hills + (horizon - hills) * haze
        below = smooth_step(-0.003, 0.003, edge - rise)
        fade = 1 + 0.25 * np.clip(edge - rise, 0, 1)
        sky = sky + (colour * fade - sky) * below
    return sky


def _skyline(outside: Outside, bearing: Array, layer: int) -> Array:
    x = bearing * (2.1 + layer) + outside.seed + layer * 5
    wave = 0.05 - 0.05 * layer + 0.035 * np.sin(x) + 0.018 * np.sin(x * 2.7 + 1) + 0.006 * np.sin(x * 8.3)
    if not outside.town or layer == 0:
        return wave
    house = np.floor(bearing * (46 - 9 * layer) + layer * 0.4)
    return wave + 0.06 * scatter(house, house * 0 + layer + outside.seed) ** 1.5

"""Light in a room: sun through the openings, sky light from them, lamps, and one bounce off everything else."""

# Tolerances stand where they are used.
# ruff: noqa: PLR2004

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.solids import FAR, Solid, Vector, slab
from app.demo.rendering.vectors import column, dot

Array = npt.NDArray[Any]
Colour = tuple[float, float, float]

_CHUNK = 12_000  # points at a time, so that the temporaries stay in the processor's cache
_REACH = 3.0  # metres that a bounced ray is followed among the furniture


@dataclass(frozen=True, slots=True)
class Opening:
    """A window's rectangle: its middle, half its width along `across`, half its height, its normal into the room."""

    centre: Vector
    half_width: float
    half_height: float
    inward: Vector

    @property
    def across(self) -> Vector:
        """The horizontal direction within the window's plane."""
        return (-self.inward[2], 0.0, self.inward[0])

    @property
    def area(self) -> float:
        """Square metres."""
        return 4 * self.half_width * self.half_height


@dataclass(frozen=True, slots=True)
class Lamp:
    """A glowing ball; `power` is its radiant intensity per colour."""

    centre: Vector
    power: Colour
    radius: float = 0.12


@dataclass(frozen=True, slots=True)
class Lights:
    """All light there is, and the box of the room (`low`, `high`) with the colours light bounces from."""

    to_sun: Vector
    sun: Colour
    sky: Colour
    ambient: Colour
    lamps: tuple[Lamp, ...]
    openings: tuple[Opening, ...]
    low: Vector
    high: Vector
    floor: Colour
    walls: Colour
    enclosed: bool = True


def _shrunk(solid: Solid) -> Vector:
    hx, hy, hz = solid.half
    if solid.shape == "cylinder":
        part = 0.8 * min(1.0, (0.5 + solid.taper / 2) if solid.taper <= 1 else (0.5 + 0.5 / solid.taper))
        return (hx * part, hy * 0.99, hz * part)
    loss = 0.3 * solid.rounding + 0.003
    return (max(hx - loss, hx * 0.6), max(hy - loss, hy * 0.6), max(hz - loss, hz * 0.6))


def crossing(solid: Solid, origin: Array, direction: Array) -> Array:
    """Return where rays enter a solid's shadow body (a box or an ellipsoid), `FAR` where they pass."""
    start, ray = solid.local(origin), solid.inward(direction)
    if solid.shape == "ellipsoid":
        scale = 1.0 / column(solid.half)
        o, d = start * scale, ray * scale
        b, a = dot(o, d), dot(d, d)
        discriminant = b * b - a * (dot(o, o) - 1)
        along = (-b - np.sqrt(np.maximum(discriminant, 0))) / a
        return np.where((discriminant > 0) & (along > 0), along, FAR)
    enter, leave = slab(_shrunk(solid), start, ray)
    return np.where((leave >= enter) & (leave > 0), np.maximum(enter, 0), FAR)


def clear(casters: list[Solid], origin: Array, direction: Array, limit: Array | float) -> Array:
    """Return 1 where nothing stands between the points and `limit` along the rays, else 0."""
    free = np.ones(direction.shape[1], np.float32)
    for begin in range(0, direction.shape[1], _CHUNK):
        part = slice(begin, begin + _CHUNK)
        end = limit if isinstance(limit, float) else limit[part]
        for solid in casters:
            free[part][crossing(solid, origin[:, part], direction[:, part]) < end] = 0
    return free


def sunlit(lights: Lights, casters: list[Solid], points: Array, spread: Array | None = None) -> Array:
    """Return the part of the sun that reaches points `(3, n)`, through the openings of an enclosed room.

    `spread` `(2, n)` moves the ray within the sun's disc, for soft edges.
    """
    ray = np.repeat(column(lights.to_sun), points.shape[1], axis=1)
    if spread is not None:
        ray[0] += spread[0]
        ray[1] += spread[1]
    reached = np.zeros(points.shape[1], np.float32) if lights.enclosed else np.ones(points.shape[1], np.float32)
    if lights.enclosed:
        for opening in lights.openings:
            reached = np.maximum(reached, _through(opening, points, ray))
    index = np.flatnonzero(reached)
    reached[index] *= clear(casters, points[:, index], ray[:, index], 30.0)
    return reached


def _through(opening: Opening, points: Array, ray: Array) -> Array:
    inward, across = column(opening.inward), column(opening.across)
    to_plane = column(opening.centre) - points
    speed = dot(ray, inward)
    along = dot(to_plane, inward) / np.where(np.abs(speed) < 1e-6, 1e-6, speed)
    at = ray * along - to_plane
    inside = (np.abs(dot(at, across)) < opening.half_width) & (np.abs(at[1]) < opening.half_height)
    answer: Array = (inside & (along > 0)).astype(np.float32)
    return answer


def _hemisphere(normal: Array, random: Array) -> Array:
    """Turn two uniform numbers per point into directions about the normals, as many as the cosine asks for."""
    angle, rise = random[0] * (2 * math.pi), 2 * random[1] - 1
    ring = np.sqrt(np.maximum(0, 1 - rise * rise))
    ray = normal + np.stack([ring * np.cos(angle), rise, ring * np.sin(angle)]) * np.float32(0.999)
    return ray / np.sqrt(dot(ray, ray) + 1e-9)


def gather(lights: Lights, casters: list[Solid], points: Array, normal: Array, numbers: Array) -> Array:
    """Return what falls on points besides direct sun: three colours and the share of the windows that is seen.

    `points` and `normal` are `(3, n)`, `numbers` uniform noise `(samples, 2, n)`; the answer is `(4, n)`.
    """
    answer = np.zeros((4, points.shape[1]), np.float32)
    halved = len(numbers) % 2 == 0  # every lamp takes part in every other sample, twice as bright
    tints = np.array([solid.material.colour for solid in casters] or [(0, 0, 0)], np.float32).T
    for begin in range(0, points.shape[1], _CHUNK):
        part = slice(begin, begin + _CHUNK)
        at = points[:, part] + normal[:, part] * 0.012
        for turn, sample in enumerate(numbers):
            _sky(lights, casters, at, normal[:, part], sample[:, part], answer[:, part])
            for lamp in lights.lamps[turn % 2 :: 2] if halved else lights.lamps:
                _lamp(lamp, 1 + halved, casters, at, normal[:, part], sample[:, part], answer[:, part])
            ray = _hemisphere(normal[:, part], sample[:, part])
            answer[:3, part] += bounced(lights, casters, tints, at, ray)
    return answer / len(numbers)


def _sky(lights: Lights, casters: list[Solid], at: Array, normal: Array, random: Array, answer: Array) -> None:
    if not lights.enclosed:
        answer[3] += 1
        return
    for opening in lights.openings:
        shift = column(opening.across) * ((random[0] * 2 - 1) * opening.half_width)
        target = column(opening.centre) + shift
        target[1] += (random[1] * 2 - 1) * opening.half_height
        way = target - at
        square = dot(way, way)
        way /= np.sqrt(square)
        facing = dot(way, normal)
        leaving = -dot(way, column(opening.inward))
        strength = np.maximum(facing, 0) * np.maximum(leaving, 0) / (square + 0.15) * (opening.area / math.pi)
        index = np.flatnonzero(leaving > 0)
        seen = clear(casters, at[:, index], way[:, index], np.sqrt(square[index]) - 0.05)
        answer[3, index] += seen / len(lights.openings)
        answer[:3, index] += column(lights.sky) * (strength[index] * seen)


def _lamp(
    lamp: Lamp, weight: int, casters: list[Solid], at: Array, normal: Array, random: Array, answer: Array
) -> None:
    angle, rise = random[0] * (2 * math.pi), 2 * random[1] - 1
    ring = np.sqrt(1 - rise * rise) * lamp.radius
    way = column(lamp.centre) - at + np.stack([ring * np.cos(angle), rise * lamp.radius, ring * np.sin(angle)])
    square = dot(way, way)
    length = np.sqrt(square)
    facing = np.maximum(dot(way, normal) / length, 0)
    index = np.flatnonzero(facing > 0)
    seen = clear(casters, at[:, index], (way / length)[:, index], length[index] - lamp.radius - 0.1)
    answer[:3, index] += column(lamp.power) * (weight * facing[index] / (square[index] + 0.08) * seen)


def bounced(lights: Lights, casters: list[Solid], tints: Array, at: Array, ray: Array) -> Array:
    """Return the light that comes along rays from what they meet: furniture, the room's shell, or the sky."""
    nearest = np.full(ray.shape[1], FAR, np.float32)
    met = np.zeros(ray.shape[1], np.int16)
    for number, solid in enumerate(casters):
        along = crossing(solid, at, ray)
        nearer = along < nearest
        np.copyto(nearest, along, where=nearer)
        met[nearer] = number
    shell = _shell(lights, at, ray)
    body = tints[:, met] * column(lights.ambient) * np.float32(0.5)
    near = nearest < _REACH
    return np.where(near, body, shell)


def _shell(lights: Lights, at: Array, ray: Array) -> Array:
    ambient = column(lights.ambient)
    if not lights.enclosed:
        return _sky_and_ground(lights, ray)
    low, high = column(lights.low), column(lights.high)
    exits = np.maximum((low - at) / (ray + 1e-9), (high - at) / (ray + 1e-9))
    along = exits.min(axis=0)
    where = at + ray * along
    level = exits[1] <= along + 1e-6
    colour = np.where(level & (ray[1] < 0), column(lights.floor), column(lights.walls))
    arriving = ambient * np.ones_like(along)
    for opening in lights.openings:
        way = column(opening.centre) - where
        square = dot(way, way)
        leaving = np.abs(dot(way, column(opening.inward)))
        facing = np.where(level, np.abs(way[1]) + 0.15 * np.sqrt(square), 0.45 * np.sqrt(square))
        arriving = arriving + column(lights.sky) * (leaving * facing / (square * square + 1.2) * opening.area / math.pi)
    for lamp in lights.lamps:
        way = column(lamp.centre) - where
        arriving = arriving + column(lamp.power) * (0.6 / (dot(way, way) + 0.4))
    answer: Array = colour * arriving
    return answer


def _sky_and_ground(lights: Lights, ray: Array) -> Array:
    up = np.clip(ray[1] * 4 + 0.5, 0, 1)
    ground = column(lights.floor) * (column(lights.sky) + column(lights.sun) * max(lights.to_sun[1], 0) * 0.5)
    answer: Array = column(lights.sky) * up + ground * (1 - up)
    return answer

"""From a scene to linear light: see, gather light on a coarse grid, spread it, then colour every pixel."""

# Tolerances stand where they are used.
# ruff: noqa: PLR2004

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering import materials
from app.demo.rendering.camera import View, look, soften
from app.demo.rendering.grid import Grid, coarse_grid
from app.demo.rendering.light import Lights, gather, sunlit
from app.demo.rendering.noise import smooth_step
from app.demo.rendering.outside import open_air
from app.demo.rendering.scene import Scene
from app.demo.rendering.solids import FAR, Solid, meet, normals
from app.demo.rendering.vectors import column, dot, length

Array = npt.NDArray[Any]

_MIRROR = 0.5  # gloss from which a surface shows the room again
_SUN_DISC = 0.012  # spread of sun rays: wider than the true sun, as after a thin haze
_SUN_SAMPLES = 2
_FINE_SAMPLES = 2
_SLIM, _SMALL = 0.03, 0.13  # metres: what is thinner or smaller throws no shadow but the sun's


@dataclass(frozen=True, slots=True)
class _Pixels:
    """Every pixel, sorted by the solid it sees: its ray, the point, the normal, the light that falls there."""

    order: Array
    bounds: list[int]
    ray: Array
    along: Array
    points: Array
    normal: Array
    light: Array


def render(scene: Scene, random: np.random.Generator) -> Array:
    """Return the picture as linear light, `(height, width, 3)` float32."""
    camera = scene.camera
    view = look(camera, scene.solids)
    casters = [solid for solid in scene.solids if solid.casts]
    bodies = [solid for solid in casters if sorted(solid.half)[1] > _SLIM and max(solid.half) > _SMALL]
    grid = coarse_grid(scene, view, casters, bodies, random)
    pixels = _light_up(scene, view, grid, random, casters, bodies)
    picture = np.zeros((camera.height * camera.width, 3), np.float32)
    for number in range(len(scene.solids) + 1):
        part = slice(pixels.bounds[number], pixels.bounds[number + 1])
        if part.start < part.stop:
            picture[pixels.order[part]] = _colour(scene, pixels, number, part).T
    soften(camera, scene.solids, view, picture)
    return picture.reshape(camera.height, camera.width, 3)


def _light_up(
    scene: Scene, view: View, grid: Grid, random: np.random.Generator, casters: list[Solid], bodies: list[Solid]
) -> _Pixels:
    which, camera = view.which.ravel(), scene.camera
    order = np.argsort(which, kind="stable")
    bounds = [int(bound) for bound in np.searchsorted(which[order], np.arange(len(scene.solids) + 2))]
    rows, columns = np.divmod(order, camera.width)
    ray = np.stack(camera.rays(rows.astype(np.float32), columns.astype(np.float32)))
    along = view.along.ravel()[order]
    points = column(camera.position) + ray * along
    normal, light = np.zeros_like(points), np.zeros((5, order.size), np.float32)
    lost: list[Array] = []
    for number, solid in enumerate(scene.solids, start=1):
        part = slice(bounds[number], bounds[number + 1])
        if part.start == part.stop:
            continue
        normal[:, part] = normals(solid, points[:, part], ray[:, part])
        light[:, part], missing = grid.spread(number, rows[part], columns[part], normal[:, part])
        lost.append(missing + part.start)
    index = np.concatenate(lost)
    numbers = random.random((_FINE_SAMPLES, 2, index.size), np.float32)
    light[:4, index] = gather(scene.lights, bodies, points[:, index], normal[:, index], numbers)
    light[4, index] = 0.5
    _sharpen_sun(scene.lights, casters, points, normal, light, random)
    return _Pixels(order, bounds, ray, along, points, normal, light)


def _sharpen_sun(
    lights: Lights, casters: list[Solid], points: Array, normal: Array, light: Array, random: np.random.Generator
) -> None:
    """Turn the light's last row from the share of the sun seen, blurred by the grid, into what falls on the surface."""
    if max(lights.sun) == 0:
        light[4] = 0
        return
    facing = np.maximum(dot(normal, column(lights.to_sun)), 0)
    unsure = np.flatnonzero((light[4] > 0.001) & (light[4] < 0.999) & (facing > 0.01))
    light[4] = np.where(light[4] > 0.5, facing, 0)
    at = points[:, unsure] + normal[:, unsure] * 0.012
    spread = (random.random((_SUN_SAMPLES, 2, unsure.size), np.float32) - 0.5) * _SUN_DISC
    seen = sum(sunlit(lights, casters, at, one) for one in spread)
    light[4, unsure] = facing[unsure] * seen / _SUN_SAMPLES


def _colour(scene: Scene, pixels: _Pixels, number: int, part: slice) -> Array:
    ray = pixels.ray[:, part]
    if number == 0:
        return open_air(scene.outside, ray)
    solid = scene.solids[number - 1]
    along, points, normal, light = (
        pixels.along[part],
        pixels.points[:, part],
        pixels.normal[:, part],
        pixels.light[:, part],
    )
    if solid.material.gloss >= _MIRROR:
        return _reflection(scene, solid, points, ray + 2 * normal * _cosine(ray, normal))
    facing = _cosine(ray, normal) / length(ray)
    footprint = along / (scene.camera.width * np.maximum(np.abs(facing), 0.15))
    surface = surface_colour(solid, points, normal, footprint)
    if solid.material.glow > 0:
        return surface * solid.material.glow * (0.72 + 0.28 * np.clip(facing, 0, 1))
    colour = surface * (light[:3] + column(scene.lights.sun) * light[4])
    if solid.material.gloss > 0:
        colour += _sheen(scene.lights, points, normal, ray, facing, solid.material.gloss) * (0.15 + 0.85 * light[3])
    answer: Array = colour
    return answer


def _cosine(ray: Array, normal: Array) -> Array:
    return -dot(ray, normal)


def surface_colour(solid: Solid, points: Array, normal: Array, footprint: Array) -> Array:
    """Return the reflected part of light at points of a solid, `(3, n)`."""
    p = solid.local(points) if solid.turn is not None else points
    unit = solid.local(points) / column(solid.half)
    return materials.albedo(solid.material, p, solid.inward(normal), unit, footprint)


def _sheen(lights: Lights, points: Array, normal: Array, ray: Array, facing: Array, gloss: float) -> Array:
    """Return windows and lamps mirrored in a polished surface, blurred by distance."""
    fresnel = gloss + (1 - gloss) * (1 - np.clip(facing, 0, 1)) ** 5 * min(1.0, gloss * 12)
    away = ray + 2 * normal * _cosine(ray, normal)
    away /= length(away)
    shine = np.zeros_like(points)
    for opening in lights.openings:
        inward, across = column(opening.inward), column(opening.across)
        way = column(opening.centre) - points
        speed = np.minimum(dot(away, inward), -1e-4)
        along = dot(way, inward) / speed
        at = away * along - way
        blur = 0.06 + 0.10 * np.abs(along)
        u, v = np.abs(dot(at, across)), np.abs(at[1])
        part = (1 - smooth_step(opening.half_width - blur, opening.half_width + blur, u)) * (
            1 - smooth_step(opening.half_height - blur, opening.half_height + blur, v)
        )
        shine += column(lights.sky) * (part * (along > 0))
    for lamp in lights.lamps:
        way = column(lamp.centre) - points
        square = dot(way, way)
        aligned = np.maximum(dot(away, way) / np.sqrt(square), 0)
        shine += column(lamp.power) * (6 * aligned**60 / (square + 0.5))
    if not lights.enclosed:
        shine += column(lights.sky) * np.clip(away[1] + 0.3, 0, 1)
    return shine * fresnel


def _reflection(scene: Scene, mirror: Solid, points: Array, ray: Array) -> Array:
    """Return what a mirror shows: the room once more, with simple light."""
    nearest = np.full(points.shape[1], FAR, np.float32)
    met = np.zeros(points.shape[1], np.int16)
    for number, solid in enumerate(scene.solids, start=1):
        if solid is mirror or not solid.seen:
            continue
        along = meet(solid, points, ray)
        nearer = along < nearest
        np.copyto(nearest, along, where=nearer)
        met[nearer] = number
    colour = np.empty_like(points)
    lights = scene.lights
    for number in np.unique(met):
        index = np.flatnonzero(met == number)
        if number == 0:
            behind = surface_behind(lights, points[:, index], ray[:, index])
            colour[:, index] = behind if lights.enclosed else open_air(scene.outside, ray[:, index])
            continue
        solid = scene.solids[number - 1]
        at = points[:, index] + ray[:, index] * nearest[index]
        normal = normals(solid, at, ray[:, index])
        surface = surface_colour(solid, at, normal, np.full(index.size, 0.004, np.float32))
        if solid.material.glow > 0:
            colour[:, index] = surface * solid.material.glow
            continue
        light = gather(lights, [], at, normal, np.full((1, 2, index.size), 0.5, np.float32))[:3]
        sun = sunlit(lights, [], at + normal * 0.012) * np.maximum(dot(normal, column(lights.to_sun)), 0)
        colour[:, index] = surface * (light * 0.8 + column(lights.sun) * sun)
    return colour * 0.9


def surface_behind(lights: Lights, points: Array, ray: Array) -> Array:
    """Return the wall behind the camera, as a mirror shows it: plain, lit from above."""
    fade = np.clip(0.75 + 0.12 * (points[1] + ray[1] * 2), 0.5, 1)
    answer: Array = column(lights.walls) * column(lights.ambient) * fade * 1.6
    return answer

"""From a scene to linear light: see, gather light on a coarse grid, spread it, then colour every pixel."""

from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering import materials
from app.demo.rendering.camera import View, look, soften
from app.demo.rendering.grid import Grid, coarse_grid
from app.demo.rendering.light import Lights, column, gather, sunlit
from app.demo.rendering.noise import smooth_step
from app.demo.rendering.outside import open_air
from app.demo.rendering.scene import Scene
from app.demo.rendering.solids import FAR, Solid, meet, normals

Array = npt.NDArray[Any]

_MIRROR = 0.5  # gloss from which a surface shows the room again
_SUN_DISC = 0.012  # spread of sun rays: wider than the true sun, as after a thin haze
_FINE_SAMPLES = 6


def render(scene: Scene, random: np.random.Generator) -> Array:
    """Return the picture as linear light, `(height, width, 3)` float32."""
    camera = scene.camera
    view = look(camera, scene.solids)
    casters = [solid for solid in scene.solids if solid.casts]
    grid = coarse_grid(scene, view, casters, random)
    picture = np.zeros((camera.height * camera.width, 3), np.float32)
    order = np.argsort(view.which.ravel(), kind="stable")
    bounds = np.searchsorted(view.which.ravel()[order], np.arange(len(scene.solids) + 2))
    for number in range(len(scene.solids) + 1):
        pixels = order[bounds[number] : bounds[number + 1]]
        if pixels.size:
            picture[pixels] = _colour(scene, view, grid, casters, number, pixels, random).T
    soften(camera, scene.solids, view, picture)
    return picture.reshape(camera.height, camera.width, 3)


def _colour(
    scene: Scene, view: View, grid: Grid, casters: list[Solid], number: int, pixels: Array, random: np.random.Generator
) -> Array:
    camera = scene.camera
    rows, columns = np.divmod(pixels, camera.width)
    ray = np.stack(camera.rays(rows.astype(np.float32), columns.astype(np.float32)))
    if number == 0:
        return open_air(scene.outside, ray)
    solid = scene.solids[number - 1]
    along = view.along.ravel()[pixels]
    points = column(camera.position) + ray * along
    normal = normals(solid, points, ray)
    facing = -(ray * normal).sum(axis=0) / np.sqrt((ray * ray).sum(axis=0))
    if solid.material.gloss >= _MIRROR:
        return _reflection(scene, solid, points, ray + 2 * normal * _cosine(ray, normal))
    if solid.material.glow > 0:
        surface = surface_colour(solid, points, normal, np.zeros_like(along))
        return surface * solid.material.glow * (0.72 + 0.28 * np.clip(facing, 0, 1))
    footprint = along / (camera.width * np.maximum(np.abs(facing), 0.15))
    surface = surface_colour(solid, points, normal, footprint)
    light, lost = grid.spread(number, rows, columns, normal)
    if lost.size:
        numbers = random.random((_FINE_SAMPLES, 2, lost.size), np.float32)
        light[:4, lost] = gather(scene.lights, casters, points[:, lost], normal[:, lost], numbers)
        light[4, lost] = 0.5
    sun = _sun(scene.lights, casters, points, normal, light[4], random)
    colour = surface * (light[:3] + column(scene.lights.sun) * sun)
    if solid.material.gloss > 0:
        colour += _sheen(scene.lights, points, normal, ray, facing, solid.material.gloss) * (0.15 + 0.85 * light[3])
    return colour


def _cosine(ray: Array, normal: Array) -> Array:
    return -(ray * normal).sum(axis=0)


def surface_colour(solid: Solid, points: Array, normal: Array, footprint: Array) -> Array:
    """Return the reflected part of light at points of a solid, `(3, n)`."""
    p = solid.local(points) if solid.turn is not None else points
    unit = solid.local(points) / column(solid.half)
    return materials.albedo(solid.material, p, solid.inward(normal), unit, footprint)


def _sun(
    lights: Lights, casters: list[Solid], points: Array, normal: Array, coarse: Array, random: np.random.Generator
) -> Array:
    facing = np.maximum((normal * column(lights.to_sun)).sum(axis=0), 0)
    if max(lights.sun) == 0:
        return facing * 0
    unsure = np.flatnonzero((coarse > 0.001) & (coarse < 0.999) & (facing > 0))  # noqa: PLR2004 — the shadow's edge
    sun = np.where(coarse > 0.5, facing, 0)  # noqa: PLR2004 — likewise
    if unsure.size:
        at = points[:, unsure] + normal[:, unsure] * 0.012
        spread = (random.random((3, 2, unsure.size), np.float32) - 0.5) * _SUN_DISC
        part = sum(sunlit(lights, casters, at, one) for one in spread)
        sun[unsure] = facing[unsure] * part / 3
    return sun


def _sheen(lights: Lights, points: Array, normal: Array, ray: Array, facing: Array, gloss: float) -> Array:
    """Windows and lamps mirrored in a polished surface, blurred by distance."""
    fresnel = gloss + (1 - gloss) * (1 - np.clip(facing, 0, 1)) ** 5 * min(1.0, gloss * 12)
    away = ray + 2 * normal * _cosine(ray, normal)
    away /= np.sqrt((away * away).sum(axis=0))
    shine = np.zeros_like(points)
    for opening in lights.openings:
        inward, across = column(opening.inward), column(opening.across)
        way = column(opening.centre) - points
        speed = np.minimum((away * inward).sum(axis=0), -1e-4)
        along = (way * inward).sum(axis=0) / speed
        at = away * along - way
        blur = 0.06 + 0.10 * np.abs(along)
        u, v = np.abs((at * across).sum(axis=0)), np.abs(at[1])
        part = (1 - smooth_step(opening.half_width - blur, opening.half_width + blur, u)) * (
            1 - smooth_step(opening.half_height - blur, opening.half_height + blur, v)
        )
        shine += column(lights.sky) * (part * (along > 0))
    for lamp in lights.lamps:
        way = column(lamp.centre) - points
        square = (way * way).sum(axis=0)
        aligned = np.maximum((away * way).sum(axis=0) / np.sqrt(square), 0)
        shine += column(lamp.power) * (6 * aligned**60 / (square + 0.5))
    if not lights.enclosed:
        shine += column(lights.sky) * np.clip(away[1] + 0.3, 0, 1)
    return shine * fresnel


def _reflection(scene: Scene, mirror: Solid, points: Array, ray: Array) -> Array:
    """What a mirror shows: the room once more, with simple light."""
    nearest = np.full(points.shape[1], FAR, np.float32)
    met = np.zeros(points.shape[1], np.int16)
    for number, solid in enumerate(scene.solids, start=1):
        if solid is mirror:
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
        sun = sunlit(lights, [], at + normal * 0.012) * np.maximum((normal * column(lights.to_sun)).sum(axis=0), 0)
        colour[:, index] = surface * (light * 0.8 + column(lights.sun) * sun)
    return colour * 0.9


def surface_behind(lights: Lights, points: Array, ray: Array) -> Array:
    """The wall behind the camera, as a mirror shows it: plain, lit from above."""
    fade = np.clip(0.75 + 0.12 * (points[1] + ray[1] * 2), 0.5, 1)
    return column(lights.walls) * column(lights.ambient) * fade * 1.6

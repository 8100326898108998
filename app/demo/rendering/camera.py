"""What each pixel sees: primary rays against every solid's rectangle on the picture, and smooth silhouettes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering.solids import FAR, Solid, Vector, meet, slab

Array = npt.NDArray[Any]

_NEAR = 0.05
_OFFSETS = ((-0.125, -0.375), (0.375, -0.125), (0.125, 0.375), (-0.375, 0.125))  # rotated grid, in pixels


@dataclass(frozen=True, slots=True)
class Camera:
    """A level camera with a shifting lens, as for architecture: uprights stay upright.

    `focal` is the focal length in picture widths, `shift` moves the view up in picture widths.
    """

    position: Vector
    yaw: float
    focal: float
    shift: float
    width: int
    height: int

    def rays(self, rows: Array, columns: Array) -> tuple[Array, Array, Array]:
        """Return the three components of rays through pixel coordinates; length 1/focal per metre of depth."""
        x = ((columns + 0.5) / self.width - 0.5).astype(np.float32)
        y = (self.shift - (rows + 0.5 - self.height / 2) / self.width).astype(np.float32)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return x * cos + self.focal * sin, y, self.focal * cos - x * sin

    def frame(self, solid: Solid) -> tuple[int, int, int, int] | None:
        """Return the rows and columns that can show a solid, as (top, bottom, left, right), or None."""
        x, y, z = solid.corners() - np.array(self.position, np.float32)[:, None]
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        across, depth = x * cos - z * sin, x * sin + z * cos
        if depth.max() < _NEAR:
            return None
        if depth.min() < _NEAR:
            return 0, self.height, 0, self.width
        column = (across / depth * self.focal + 0.5) * self.width
        row = (self.shift - y / depth * self.focal) * self.width + self.height / 2
        top, bottom = max(0, int(row.min()) - 1), min(self.height, int(row.max()) + 2)
        left, right = max(0, int(column.min()) - 1), min(self.width, int(column.max()) + 2)
        return (top, bottom, left, right) if top < bottom and left < right else None


@dataclass(frozen=True, slots=True)
class View:
    """What the pixels see: `which` is a solid's number (from 1, 0 for the open air), `along` the ray's length."""

    which: Array
    along: Array


def look(camera: Camera, solids: list[Solid]) -> View:
    """Find the nearest solid behind every pixel."""
    which = np.zeros((camera.height, camera.width), np.int16)
    along = np.full((camera.height, camera.width), FAR, np.float32)
    for number, solid in enumerate(solids, start=1):
        frame = camera.frame(solid) if solid.seen else None
        if frame is None:
            continue
        top, bottom, left, right = frame
        found = _meet_frame(camera, solid, frame)
        part = along[top:bottom, left:right]
        nearer = found < part
        np.copyto(part, found, where=nearer)
        which[top:bottom, left:right][nearer] = number
    return View(which, along)


def _meet_frame(camera: Camera, solid: Solid, frame: tuple[int, int, int, int]) -> Array:
    top, bottom, left, right = frame
    ray = camera.rays(np.arange(top, bottom, dtype=np.float32)[:, None], np.arange(left, right, dtype=np.float32)[None])
    shape = (bottom - top, right - left)
    eye = np.array(camera.position, np.float32)[:, None]
    if solid.shape == "box" and solid.turn is None and solid.rounding == 0:
        start = solid.local(eye)[:, :, None]  # the rays' x and z depend on the column only, y on the row: cheap slabs
        enter, leave = slab(solid.half, start, ray)  # type: ignore[arg-type] # a tuple of broadcasting arrays
        return np.where((leave >= enter) & (enter > 0), enter, FAR)
    full = np.stack([np.broadcast_to(part, shape).ravel() for part in ray])
    return meet(solid, eye, full).reshape(shape)


def soften(camera: Camera, solids: list[Solid], view: View, picture: Array) -> None:
    """Smooth silhouettes in place: pixels on an edge take each of four finer rays' colour from a neighbour.

    `picture` is `(height * width, 3)`.
    """
    which = np.pad(view.which, 1, mode="edge")
    centre = which[1:-1, 1:-1]
    around = [which[1:-1, :-2], which[1:-1, 2:], which[:-2, 1:-1], which[2:, 1:-1]]
    edge = np.zeros(centre.shape, bool)
    for other in around:
        edge |= other != centre
    rows, columns = np.nonzero(edge)
    if rows.size == 0:
        return
    names = np.stack([centre[edge], *(other[edge] for other in around)])
    places = np.stack(
        [
            rows * camera.width + columns,
            rows * camera.width + np.maximum(columns - 1, 0),
            rows * camera.width + np.minimum(columns + 1, camera.width - 1),
            np.maximum(rows - 1, 0) * camera.width + columns,
            np.minimum(rows + 1, camera.height - 1) * camera.width + columns,
        ]
    )
    seen = _finer(camera, solids, names, rows, columns)
    total = np.zeros((rows.size, 3), np.float32)
    for finer in seen:
        source = places[0].copy()
        for name, place in zip(names[:0:-1], places[:0:-1], strict=True):
            np.copyto(source, place, where=name == finer)
        np.copyto(source, places[0], where=names[0] == finer)
        total += picture[source]
    picture[places[0]] = total * 0.25


def _finer(camera: Camera, solids: list[Solid], names: Array, rows: Array, columns: Array) -> Array:
    eye = np.array(camera.position, np.float32)[:, None]
    offsets = np.array(_OFFSETS, np.float32)
    along = np.full((4, rows.size), FAR, np.float32)
    seen = np.zeros((4, rows.size), np.int16)
    for number in np.unique(names):
        if number == 0:
            continue
        chosen = np.flatnonzero((names == number).any(axis=0))
        ray = camera.rays(rows[chosen] + offsets[:, :1], columns[chosen] + offsets[:, 1:])
        found = meet(solids[number - 1], eye, np.stack([part.ravel() for part in ray])).reshape(4, -1)
        nearer = found < along[:, chosen]
        along[:, chosen] = np.where(nearer, found, along[:, chosen])
        seen[:, chosen] = np.where(nearer, number, seen[:, chosen])
    return seen

"""Solids that a ray can meet: rounded boxes, ellipsoids and tapered cylinders, each turned as it likes.

Space is in metres, x to the right, y up, z away from the viewer. Arrays of vectors have the shape `(3, n)`.
"""

# Tolerances stand in metres where they are used: all are below a pixel.
# ruff: noqa: PLR2004

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.demo.rendering.materials import Material
from app.demo.rendering.vectors import column, dot, length

Array = npt.NDArray[Any]  # float32 throughout; numpy's types widen float32 arithmetic, so the element type is left open
Vector = tuple[float, float, float]
Shape = Literal["box", "ellipsoid", "cylinder"]

FAR = np.float32(1e9)
_MARCH_STEPS = 9
_RIM = 0.9  # the inside of an open cylinder, as a part of its radius


@dataclass(slots=True)
class Solid:
    """One body. `half` are its half extents before it is turned by `yaw`, then `pitch`, then `roll` (radians).

    `rounding` rounds a box's edges. `taper` is a cylinder's radius at the top over that at the bottom; an `hollow` one
    is a vessel without a lid. `casts` says whether it takes part in shadows, `seen` whether it shows itself; `puff`
    bends the light on a box's faces as if it were stuffed.
    """

    shape: Shape
    centre: Vector
    half: Vector
    material: Material
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    rounding: float = 0.0
    taper: float = 1.0
    hollow: bool = False
    casts: bool = True
    seen: bool = True
    puff: float = 0.0
    turn: Array | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.yaw or self.pitch or self.roll:
            (cy, sy), (cp, sp), (cr, sr) = ((math.cos(a), math.sin(a)) for a in (self.yaw, self.pitch, self.roll))
            about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
            about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
            about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
            self.turn = (about_z @ about_x @ about_y).astype(np.float32)

    def inward(self, vectors: Array) -> Array:
        """Turn `(3, n)` vectors of the world into the solid's own frame."""
        return vectors if self.turn is None else self.turn @ vectors

    def local(self, points: Array) -> Array:
        """Move `(3, n)` points of the world into the solid's own frame."""
        centre = np.array(self.centre, np.float32)[:, None]
        return self.inward(points - centre)

    def corners(self) -> Array:
        """Return the eight corners of the bounding box in the world, `(3, 8)`."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32).T
        box = signs * np.array(self.half, np.float32)[:, None]
        if self.turn is not None:
            box = self.turn.T @ box
        return box + np.array(self.centre, np.float32)[:, None]


def slab(half: Vector, origin: Array, direction: Array) -> tuple[Array, Array]:
    """Return where rays in a box's frame enter and leave it; a ray that misses leaves before it enters."""
    enter: Array | None = None
    leave: Array | None = None
    for axis in range(3):
        inverse = 1.0 / (direction[axis] + np.float32(1e-12))
        middle = -origin[axis] * inverse
        reach = np.abs(inverse) * half[axis]
        near, far = middle - reach, middle + reach
        enter = near if enter is None else np.maximum(enter, near)
        leave = far if leave is None else np.minimum(leave, far)
    if enter is None or leave is None:
        raise AssertionError("three axes")
    return enter, leave


def meet(solid: Solid, origin: Array, direction: Array) -> Array:
    """Return the distance along each ray to the solid's surface, `FAR` where it is missed.

    `origin` is `(3, 1)` or `(3, n)` and `direction` `(3, n)`, both in the world; directions need no unit length.
    """
    start, ray = solid.local(origin), solid.inward(direction)
    if solid.shape == "ellipsoid":
        return _meet_ellipsoid(solid, start, ray)
    if solid.shape == "cylinder":
        return _meet_cylinder(solid, start, ray)
    enter, leave = slab(solid.half, start, ray)
    hit = (leave >= enter) & (enter > 0)
    distance = np.where(hit, enter, FAR)
    if solid.rounding > 0:
        index = np.flatnonzero(hit)
        begin = start if start.shape[1] == 1 else start[:, index]
        distance[index] = _round_off(solid, begin, ray[:, index], enter[index], leave[index])
    return distance


def _round_off(solid: Solid, start: Array, ray: Array, enter: Array, leave: Array) -> Array:
    """March from the box's faces to its rounded surface; most rays are there at once."""
    core = column(solid.half) - solid.rounding
    along, gap = enter.copy(), np.zeros_like(enter)
    active = np.arange(enter.size)
    for step in range(_MARCH_STEPS):
        origin = start if start.shape[1] == 1 else start[:, active]
        way = ray if step == 0 else ray[:, active]
        beyond = np.abs(origin + way * along[active]) - core
        inside = np.minimum(np.maximum(np.maximum(beyond[0], beyond[1]), beyond[2]), 0)
        np.maximum(beyond, 0, out=beyond)
        left = length(beyond) + inside - solid.rounding
        gap[active] = left
        further = left > 0.0008
        active = active[further]
        along[active] += left[further] / length(way[:, further])
        if active.size == 0:
            break
    return np.where((gap < 0.004) & (along < leave + 1e-3), along, FAR)


def _meet_ellipsoid(solid: Solid, start: Array, ray: Array) -> Array:
    scale = 1.0 / np.array(solid.half, np.float32)[:, None]
    o, d = start * scale, ray * scale
    a = dot(d, d)
    b = dot(o, d)
    discriminant = b * b - a * (dot(o, o) - 1)
    along = (-b - np.sqrt(np.maximum(discriminant, 0))) / a
    return np.where((discriminant > 0) & (along > 0), along, FAR)


def _meet_cylinder(solid: Solid, start: Array, ray: Array) -> Array:
    hx, height, hz = solid.half
    scale = np.array([1 / hx, 1.0, 1 / hz], np.float32)[:, None]
    o, d = start * scale, ray * scale
    side = _meet_side(solid, o, d, outer=True)
    cap = (np.where(d[1] < 0, height, -height) - o[1]) / (d[1] + np.float32(1e-12))
    x, z = o[0] + d[0] * cap, o[2] + d[2] * cap
    radius = np.where(d[1] < 0, _radius(solid, height), _radius(solid, -height))
    square = x * x + z * z
    on_cap = (square < radius * radius) & (cap > 0)
    if solid.hollow:
        into = on_cap & (d[1] < 0) & (square < (radius * _RIM) ** 2)
        bottom = (-height * 0.8 - o[1]) / (d[1] + np.float32(1e-12))
        cap = np.where(into, np.minimum(_meet_side(solid, o, d, outer=False), bottom), cap)
    return np.minimum(side, np.where(on_cap, cap, FAR))


def _radius(solid: Solid, y: float) -> float:
    slope = (solid.taper - 1) / (2 * solid.half[1])
    return 1 + slope * (y + solid.half[1]) if solid.taper <= 1 else (1 + slope * (y + solid.half[1])) / solid.taper


def _meet_side(solid: Solid, o: Array, d: Array, *, outer: bool) -> Array:
    height = solid.half[1]
    top, bottom = _radius(solid, height), _radius(solid, -height)
    k = (top - bottom) / (2 * height)
    middle = (top + bottom) / 2
    if not outer:
        k, middle = k * _RIM, middle * _RIM
    a = d[0] ** 2 + d[2] ** 2 - (k * d[1]) ** 2
    at = middle + k * o[1]
    b = o[0] * d[0] + o[2] * d[2] - k * d[1] * at
    c = o[0] ** 2 + o[2] ** 2 - at * at
    discriminant = b * b - a * c
    root = np.sqrt(np.maximum(discriminant, 0))
    along = (-b + (-root if outer else root)) / (a + np.float32(1e-12))
    if not outer:
        return np.where(discriminant > 0, along, FAR)
    y = o[1] + d[1] * along
    return np.where((discriminant > 0) & (along > 0) & (np.abs(y) <= height), along, FAR)


def normals(solid: Solid, points: Array, towards: Array) -> Array:
    """Return unit normals `(3, n)` at points of the surface, turned against the rays `towards`."""
    p = solid.local(points)
    half = np.array(solid.half, np.float32)[:, None]
    if solid.shape == "ellipsoid":
        n = p / (half * half)
    elif solid.shape == "cylinder":
        flat = (np.abs(np.abs(p[1]) - solid.half[1]) < 0.003) | (
            solid.hollow & (np.abs(p[1] + solid.half[1] * 0.8) < 0.003)
        )
        slope = (_radius(solid, 1e-9) - _radius(solid, solid.half[1])) / solid.half[1]
        n = np.stack([p[0] / half[0] ** 2, np.full_like(p[1], slope) / half[0], p[2] / half[2] ** 2])
        n = np.where(flat, np.array([0, 1, 0], np.float32)[:, None], n)
    elif solid.rounding > 0:
        n = np.sign(p) * np.maximum(np.abs(p) - (half - solid.rounding), 1e-6)
        if solid.puff > 0:
            n = n / (length(n) + 1e-9) + solid.puff * (p / half) ** 3
    else:
        nearest = np.abs(np.abs(p) - half).argmin(axis=0)
        n = np.where(np.arange(3)[:, None] == nearest, np.sign(p), 0)
    if solid.turn is not None:
        n = solid.turn.T @ n
    n = n.astype(np.float32, copy=False)
    n /= length(n) + 1e-9
    answer: Array = np.where(dot(n, towards) > 0, -n, n)
    return answer

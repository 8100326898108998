"""An empty room to furnish: its shell, its windows, its lamps, and the camera that looks into it."""

# Lengths and shares are what this module is made of.
# ruff: noqa: PLR2004

import math
from dataclasses import dataclass, field, replace
from random import Random

from app.demo.rendering.camera import Camera
from app.demo.rendering.fittings import WALL, curtains, lit, pendant, window
from app.demo.rendering.furniture import Solids, box, placed
from app.demo.rendering.light import Lamp, Lights, Opening
from app.demo.rendering.materials import Material
from app.demo.rendering.palettes import Daylight, Palette
from app.demo.rendering.scene import Grade, Scene
from app.demo.rendering.solids import Vector

FRONT = -1.6
"""Where the room ends behind the viewer."""


@dataclass(slots=True)
class Stage:
    """A room from -width/2 to width/2, the floor at 0, the back wall at `depth`; sets put their furniture into it."""

    palette: Palette
    daylight: Daylight
    random: Random
    width: float = 4.8
    height: float = 2.7
    depth: float = 4.6
    eye: Vector = (0.0, 1.25, -0.9)
    yaw: float = 0.0
    focal: float = 0.9
    exposure: float = 1.0
    shift: float = -0.05
    enclosed: bool = True
    sun_azimuth: float = -68.0
    back: Material | None = None
    side: Material | None = None
    floor: Material | None = None
    solids: Solids = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)

    @property
    def glow(self) -> float:
        """How bright lamps burn, 0 by day."""
        return self.daylight.lamps

    def add(self, pieces: Solids, x: float = 0.0, z: float = 0.0, yaw: float = 0.0, y: float = 0.0) -> None:
        """Put pieces that were built about the origin in their place."""
        self.solids += placed(pieces, x, z, yaw, y)

    def lamp(self, spot: Vector, power: float = 1.0) -> None:
        """Light a lamp there, when lamps are on."""
        self.lamps += lit(spot, self.glow, power)

    def hang(self, x: float, z: float, drop: float, radius: float, *, globe: bool, power: float = 1.4) -> None:
        """Hang a lamp from the ceiling."""
        self.add(pendant(self.palette, self.glow, self.height, drop, radius, globe=globe), x, z)
        self.lamp((x, self.height - drop - radius * 0.9, z), power)

    def open_left(
        self, z: float, width: float, sill: float, head: float, *, bars: int = 2, drapes: bool = True
    ) -> None:
        """Put a window into the left wall."""
        spot = (-self.width / 2 - WALL, (sill + head) / 2, z)
        self._open(Opening(spot, width / 2, (head - sill) / 2, (1.0, 0.0, 0.0)), bars=bars, drapes=drapes)

    def open_back(
        self, x: float, width: float, sill: float, head: float, *, bars: int = 2, drapes: bool = True
    ) -> None:
        """Put a window into the back wall."""
        spot = (x, (sill + head) / 2, self.depth + WALL)
        self._open(Opening(spot, width / 2, (head - sill) / 2, (0.0, 0.0, -1.0)), bars=bars, drapes=drapes)

    def _open(self, opening: Opening, *, bars: int, drapes: bool) -> None:
        self.openings.append(opening)
        self.solids += window(opening, self.palette, bars)
        if drapes:
            self.solids += curtains(opening, self.height, self.palette.linen)

    def scene(self, width: int, height: int) -> Scene:
        """Close the room and hand over the scene, to be drawn at a size in pixels."""
        light, palette = self.daylight, self.palette
        azimuth, rise = math.radians(self.sun_azimuth), math.asin(light.to_sun[1])
        to_sun = (math.sin(azimuth) * math.cos(rise), light.to_sun[1], math.cos(azimuth) * math.cos(rise))
        floor, wall = self.floor or palette.floor, self.side or palette.wall
        lights = Lights(
            to_sun, light.sun, light.sky, light.ambient, tuple(self.lamps), tuple(self.openings),
            (-self.width / 2 - WALL, 0.0, FRONT), (self.width / 2, self.height, self.depth + WALL),
            floor.colour, wall.colour, enclosed=self.enclosed,
        )  # fmt: skip
        shell = self._shell(wall, floor) if self.enclosed else []
        camera = Camera(self.eye, self.yaw, self.focal, self.shift, width, height)
        grade = Grade(light.key * self.exposure, light.tint, 0.12, mirrored=self.random.random() < 0.5)
        outside = replace(
            light.outside, seed=self.random.randint(1, 99), town=light.outside.town or self.random.random() < 0.4
        )
        return Scene(shell + self.solids, lights, outside, camera, grade)

    def _shell(self, wall: Material, floor: Material) -> Solids:
        w, h, d = self.width, self.height, self.depth
        left = [(o.centre[2], o) for o in self.openings if o.inward[0]]
        back = [(o.centre[0], o) for o in self.openings if o.inward[2]]
        skirting = Material("paint", self.palette.ceiling.colour)
        pieces = [
            box((-w / 2 - 1, -0.1, FRONT), (w + 2, 0.1, d - FRONT + 1), floor),
            box((-w / 2 - 1, h, FRONT), (w + 2, 0.1, d - FRONT + 1), self.palette.ceiling),
            box((w / 2, 0, FRONT), (WALL, h, d - FRONT + WALL), wall),
            *(box((-w / 2 - WALL, y, a), (WALL, tall, b - a), wall) for a, b, y, tall in _around(left, FRONT, d, h)),
            *(
                box((a, y, d), (b - a, tall, WALL), self.back or wall)
                for a, b, y, tall in _around(back, -w / 2, w / 2, h)
            ),
            box((w / 2 - 0.005, 0, FRONT), (0.005, 0.09, d - FRONT), skirting),
        ]
        if all(o.centre[1] - o.half_height > 0.2 for o in self.openings):
            pieces.append(box((-w / 2, 0, d - 0.005), (w, 0.09, 0.005), skirting))
            pieces.append(box((-w / 2, 0, FRONT), (0.005, 0.09, d - FRONT), skirting))
        for solid in pieces:
            solid.casts = False
        return pieces


def _around(
    openings: list[tuple[float, Opening]], start: float, end: float, height: float
) -> list[tuple[float, float, float, float]]:
    """Cut a wall into pieces (from, to, foot, height) that leave the openings free."""
    pieces: list[tuple[float, float, float, float]] = []
    for middle, opening in sorted(openings, key=lambda pair: pair[0]):
        left, right = middle - opening.half_width, middle + opening.half_width
        foot, head = opening.centre[1] - opening.half_height, opening.centre[1] + opening.half_height
        pieces.append((start, left, 0, height))
        if foot > 0:
            pieces.append((left, right, 0, foot))
        pieces.append((left, right, head, height - head))
        start = right
    return [*pieces, (start, end, 0, height)]

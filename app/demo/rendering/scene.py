"""A scene: solids, light, what lies outside, and how the picture is taken."""

from dataclasses import dataclass

from app.demo.rendering.camera import Camera
from app.demo.rendering.light import Lights
from app.demo.rendering.materials import Colour
from app.demo.rendering.solids import Solid


@dataclass(frozen=True, slots=True)
class Outside:
    """The sky from horizon to zenith, and the hills or roofs below it."""

    horizon: Colour
    zenith: Colour
    hills: Colour
    seed: int
    town: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """How the picture is developed: `key` is the mean brightness aimed at, `tint` a white balance."""

    key: float
    tint: Colour = (1.0, 1.0, 1.0)
    bloom: float = 0.1
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """All that one picture needs."""

    solids: list[Solid]
    lights: Lights
    outside: Outside
    camera: Camera
    grade: Grade

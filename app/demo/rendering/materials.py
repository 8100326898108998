"""What surfaces are made of: colour in linear light, pattern, gloss and glow."""

# Numbers stand where they mean something: sizes, shares and tolerances.
# ruff: noqa: PLR2004

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.rendering import motifs, patterns

Array = npt.NDArray[Any]
Colour = tuple[float, float, float]
Pattern = Callable[["Material", Array, Array, Array], Array]


@dataclass(frozen=True, slots=True)
class Material:
    """A surface. `colour` and `second` are linear RGB; `scale` is the pattern's size in metres.

    `gloss` is the mirror part seen straight on (0 dull, 0.05 lacquer, 1 a mirror); `glow` is light the surface gives.
    """

    pattern: str
    colour: Colour
    second: Colour = (0.0, 0.0, 0.0)
    scale: float = 1.0
    gloss: float = 0.0
    glow: float = 0.0
    turned: bool = False


def linear(code: str) -> Colour:
    """Read `#rrggbb` (sRGB) as linear RGB."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return (_linear(red), _linear(green), _linear(blue))


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def shade(colour: Colour, factor: float) -> Colour:
    """Return a colour lighter or darker by a factor, within what a surface can reflect."""
    red, green, blue = (min(0.93, part * factor) for part in colour)
    return (red, green, blue)


def unwrap(points: Array, normal: Array, *, turned: bool) -> tuple[Array, Array]:
    """Lay a surface flat: pick the two coordinates its normal looks away from."""
    steep = np.abs(normal)
    x_side = (steep[0] > steep[1]) & (steep[0] >= steep[2])
    y_side = (steep[1] >= steep[0]) & (steep[1] >= steep[2])
    u = np.where(x_side, points[2], points[0])
    v = np.where(y_side, points[2], points[1])
    return (v, u) if turned else (u, v)


def albedo(material: Material, points: Array, normal: Array, unit: Array, footprint: Array) -> Array:
    """Return the reflected part of light `(3, n)` at points of a surface.

    `unit` are the points scaled to -1…1 over the solid, for pictures; `footprint` is a pixel's size there in metres,
    below which lines fade out instead of flickering.
    """
    base = np.array(material.colour, np.float32)[:, None]
    other = np.array(material.second, np.float32)[:, None]
    if material.pattern in motifs.MOTIFS:
        return motifs.MOTIFS[material.pattern](base, other, unit, material.scale)
    u, v = unwrap(points, normal, turned=material.turned)
    tone, mix = patterns.ON_THE_SURFACE[material.pattern](u, v, material.scale, footprint)
    if mix is None:
        return np.clip(base * tone, 0, 0.93)
    answer: Array = np.clip((base + (other - base) * mix) * tone, 0, 0.93)
    return answer

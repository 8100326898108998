"""What each style is built of, and what light each time of day brings."""

# A table reads better with long rows.
# ruff: noqa: E501

import math
from dataclasses import dataclass, replace

from app.demo.rendering.light import Colour
from app.demo.rendering.materials import Material, linear, shade
from app.demo.rendering.scene import Outside
from app.demo.rendering.solids import Vector
from app.demo.vocabulary import Style, TimeOfDay


def _of(pattern: str, colour: str, second: str = "#000000", scale: float = 1.0, gloss: float = 0.0) -> Material:
    return Material(pattern, linear(colour), linear(second), scale, gloss)


@dataclass(frozen=True, slots=True)
class Palette:
    """The materials of one style."""

    wall: Material
    feature: Material
    floor: Material
    tiled: Material
    wood: Material
    dark: Material
    sofa: Material
    accent: Material
    third: Material
    linen: Material
    rug: Material
    metal: Material
    stone: Material
    ceiling: Material
    front: Material

    @property
    def leaf(self) -> Material:
        """The green of plants."""
        return _of("leaf", "#4d6b3c", "#86a35f")

    @property
    def white(self) -> Material:
        """Porcelain."""
        return _of("plain", "#f1efea", gloss=0.045)

    @property
    def black(self) -> Material:
        """Black steel."""
        return _of("plain", "#262524", gloss=0.02)

    def painting(self, number: int) -> Material:
        """Return a picture in the colours of the room."""
        return Material("art", self.accent.colour, self.third.colour, float(number))

    def books(self, count: int) -> Material:
        """Return a row of books in the colours of the room."""
        return Material("spines", shade(self.accent.colour, 0.8), shade(self.third.colour, 0.9), float(count))


_TERRAZZO = _of("terrazzo", "#dcd5c8", "#b8704f", 1.0, 0.04)
_OAK = _of("planks", "#c9a57a", "#b48a5d", 0.14, 0.025)

PALETTES: dict[Style, Palette] = {
    "JAPANDI": Palette(
        _of("limewash", "#e6ddce", scale=0.5), _of("slats", "#b08a62", scale=0.06), _of("planks", "#c8a982", "#b08d63", 0.16, 0.02),
        _of("stack", "#d8d2c4", "#c2b9a8", 0.055, 0.03), _of("wood", "#b98f63"), _of("wood", "#5b4636"),
        _of("fabric", "#d9cfbe"), _of("fabric", "#7d8069"), _of("fabric", "#b5735a"), _of("fabric", "#ece5d8"),
        _of("boucle", "#ddd3c1"), _of("plain", "#3a332c", gloss=0.02), _of("limewash", "#a49a8b", scale=0.8, gloss=0.02),
        _of("paint", "#f1ebe0"), _of("wood", "#c39d72"),
    ),
    "SCANDINAVIAN": Palette(
        _of("paint", "#eceae4"), _of("paint", "#b9c4c0"), _of("planks", "#dcc4a0", "#cbb08a", 0.13, 0.025),
        _of("metro", "#eef0ee", "#c9cac6", 0.075, 0.05), _of("wood", "#d6b88e"), _of("wood", "#8a6a4a"),
        _of("fabric", "#b7bcbd"), _of("fabric", "#d3a953"), _of("fabric", "#6f8b94"), _of("fabric", "#f2f0eb"),
        _of("lattice", "#eee8dd", "#4d4a48", 0.42), _of("plain", "#2e2e2f", gloss=0.03), _of("marble", "#ecebe8", "#a7a9ab", 1.0, 0.05),
        _of("paint", "#f4f3ef"), _of("paint", "#e4e6e2"),
    ),
    "MEDITERRANEAN": Palette(
        _of("limewash", "#efe6d6", scale=0.9), _of("limewash", "#dba47c", scale=1.0), _of("tiles", "#c47d57", "#d7b79a", 0.3, 0.03),
        _of("stack", "#4f8c93", "#d9d4c6", 0.06, 0.06), _of("wood", "#a3744b"), _of("wood", "#5d3f2a"),
        _of("fabric", "#ece2cf"), _of("fabric", "#3d7183"), _of("fabric", "#c8643f"), _of("fabric", "#f3ecdf"),
        _of("stripes", "#e8dcc4", "#3d7183", 0.07), _of("plain", "#3d352e", gloss=0.02), _of("limewash", "#e5d9c4", scale=0.6, gloss=0.03),
        _of("limewash", "#f4ede0", scale=0.5), _of("paint", "#7f9a8c"),
    ),
    "INDUSTRIAL": Palette(
        _of("limewash", "#bdb8b0", scale=1.3), _of("brick", "#a05f45", "#b9aa9a", 1.0), _of("planks", "#8a6a4c", "#6f523a", 0.18, 0.035),
        _of("metro", "#e4e1da", "#6c6862", 0.075, 0.06), _of("wood", "#8d6440"), _of("wood", "#4a3526"),
        _of("fabric", "#8a5a38", scale=0.4, gloss=0.03), _of("fabric", "#4c5257"), _of("fabric", "#c08a3e"), _of("fabric", "#d9d3c7"),
        _of("lattice", "#8d8478", "#3b3836", 0.5), _of("plain", "#232323", gloss=0.04), _of("limewash", "#8f8b85", scale=1.2, gloss=0.03),
        _of("limewash", "#cfcac2", scale=1.0), _of("plain", "#3c4144", gloss=0.02),
    ),
    "MIDCENTURY": Palette(
        _of("paint", "#ebe2d0"), _of("paint", "#54706a"), _of("herringbone", "#a8764a", "#8d5e38", 0.11, 0.04),
        _of("stack", "#d9a441", "#e9e1d0", 0.055, 0.06), _of("wood", "#9a6238"), _of("wood", "#5e3a22"),
        _of("fabric", "#c07a35"), _of("fabric", "#3f6b66"), _of("fabric", "#c9503a"), _of("fabric", "#efe5d2"),
        _of("stripes", "#e2d3b5", "#b4643c", 0.12), _of("plain", "#b08d4f", gloss=0.22), _of("terrazzo", "#e3dccd", "#c06a4b", 0.9, 0.05),
        _of("paint", "#f3ecdf"), _of("wood", "#a26c40"),
    ),
    "MINIMAL": Palette(
        _of("paint", "#efefed", scale=0.7), _of("limewash", "#c9c6c1", scale=0.8), _of("limewash", "#b9b5ae", scale=0.7, gloss=0.035),
        _of("tiles", "#d6d4d0", "#bdbab5", 0.6, 0.04), _of("wood", "#cdb491"), _of("wood", "#3e3833"),
        _of("boucle", "#ebe8e2"), _of("fabric", "#9a9c9b"), _of("fabric", "#2f3133"), _of("fabric", "#f4f3f1"),
        _of("boucle", "#cfccc6"), _of("plain", "#1f1f20", gloss=0.04), _of("marble", "#efeeec", "#8f9092", 1.6, 0.06),
        _of("paint", "#f6f6f4"), _of("plain", "#dfddd9", gloss=0.02),
    ),
    "CLASSIC": Palette(
        _of("panelling", "#dfe0d8", scale=1.05), _of("panelling", "#6f8386", scale=1.05), _of("herringbone", "#b58a5c", "#9c7148", 0.1, 0.05),
        _of("chequer", "#ece9e2", "#4a4a4b", 0.4, 0.06), _of("wood", "#7c4f31"), _of("wood", "#4a2e1e"),
        _of("fabric", "#e3d8c5"), _of("fabric", "#3e5166"), _of("fabric", "#93483f"), _of("fabric", "#f3eee4"),
        _of("lattice", "#8d4a44", "#dcc9a6", 0.34), _of("plain", "#b8944f", gloss=0.25), _of("marble", "#ecebe7", "#8b8782", 1.1, 0.07),
        _of("paint", "#f5f2ea"), _of("panelling", "#c9cfc6", scale=0.6),
    ),
    "BOHO": Palette(
        _of("limewash", "#f0e8da", scale=0.6), _of("limewash", "#c88b6a", scale=0.9), replace(_OAK, colour=linear("#b98d5d")),
        _of("stack", "#e7ddc9", "#c9a98a", 0.06, 0.05), _of("wood", "#b07f4e"), _of("wood", "#6a472e"),
        _of("boucle", "#e8dcc6"), _of("fabric", "#b55f3c"), _of("fabric", "#d2a144"), _of("fabric", "#f3eadb"),
        _of("lattice", "#ecdfc8", "#a3543a", 0.36), _of("plain", "#a9824a", gloss=0.12), _TERRAZZO,
        _of("paint", "#f6f0e5"), _of("wicker", "#c9a571", scale=0.02),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Daylight:
    """The light outside at one time of day; `lamps` is how bright lamps burn."""

    to_sun: Vector
    sun: Colour
    sky: Colour
    ambient: Colour
    lamps: float
    outside: Outside
    key: float
    tint: Colour


def _towards(azimuth: float, height: float) -> Vector:
    a, h = math.radians(azimuth), math.radians(height)
    return (math.sin(a) * math.cos(h), math.sin(h), math.cos(a) * math.cos(h))


DAYLIGHT: dict[TimeOfDay, Daylight] = {
    "MORNING": Daylight(
        _towards(-72, 30), (12.0, 10.1, 7.8), (5.4, 6.0, 6.8), (0.42, 0.43, 0.45), 0.0,
        Outside((2.8, 2.95, 3.05), (1.05, 1.75, 3.0), (0.5, 0.62, 0.55), 0), 0.33, (1.0, 1.0, 1.0),
    ),
    "NOON": Daylight(
        _towards(-62, 52), (12.0, 11.2, 10.0), (6.4, 6.9, 7.4), (0.5, 0.5, 0.5), 0.0,
        Outside((2.9, 3.2, 3.5), (0.9, 1.8, 3.6), (0.45, 0.66, 0.45), 0), 0.36, (1.0, 1.0, 1.0),
    ),
    "GOLDEN_HOUR": Daylight(
        _towards(-70, 17), (15.0, 9.2, 4.6), (5.2, 4.7, 4.4), (0.4, 0.37, 0.35), 0.25,
        Outside((3.1, 2.0, 1.1), (0.9, 1.05, 1.6), (0.6, 0.42, 0.34), 0), 0.28, (1.02, 1.0, 0.96),
    ),
    "EVENING": Daylight(
        _towards(-70, 12), (0.0, 0.0, 0.0), (0.34, 0.48, 0.82), (0.1, 0.09, 0.085), 1.0,
        Outside((0.75, 0.55, 0.6), (0.12, 0.22, 0.52), (0.09, 0.1, 0.17), 0, town=True), 0.205, (0.92, 0.99, 1.12),
    ),
}  # fmt: skip

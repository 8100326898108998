"""Plants, lamps, screens, and what else stands about."""

# A symbol's docstring says what it shows; its numbers are what it is made of.
# ruff: noqa: D401

from __future__ import annotations

import math

from workers.previews.paths import Point, box, ellipse, line, number
from workers.previews.symbols.parts import Part, Tone, count


def plant(width: float, height: float) -> list[Part]:
    """Broad leaves all round, and smaller ones over them, above their pot."""
    outer = "".join(_leaf(width, height, turn, 0.5) for turn in _turns(7, 0.2))
    inner = "".join(_leaf(width, height, turn, 0.31) for turn in _turns(5, 0.7))
    veins = "".join(
        line(_polar(width, height, turn, 0.1), _polar(width, height, turn, length))
        for turn, length in [*((turn, 0.4) for turn in _turns(7, 0.2)), *((turn, 0.22) for turn in _turns(5, 0.7))]
    )
    return [
        Part(Tone.BODY, ellipse(width / 2, height / 2, width * 0.3, height * 0.3)),
        Part(Tone.LEAF, outer + inner),
        Part(Tone.VEIN, veins),
    ]


def planter(width: float, height: float) -> list[Part]:
    """A trough full of bushes."""
    lying = width >= height
    long, short = max(width, height), min(width, height)
    bushes = count(long - 8, short * 0.6, 14)
    green = ""
    for place in range(bushes):
        along, aside = 4 + (long - 8) * (place + 0.5) / bushes, short * (0.5 + (0.08 if place % 2 else -0.08))
        radius = short * (0.34 if place % 3 else 0.28)
        green += ellipse(along, aside, radius, radius) if lying else ellipse(aside, along, radius, radius)
    return [Part(Tone.BODY, box(0, 0, width, height, 2)), Part(Tone.LEAF, green)]


def lamp(width: float, height: float) -> list[Part]:
    """A shade from above, its light in the middle."""
    x, y = width / 2, height / 2
    return [
        Part(Tone.BODY, ellipse(x, y, x, y)),
        Part(Tone.LIGHT, ellipse(x, y, x * 0.55, y * 0.55)),
        Part(Tone.DEEP, ellipse(x, y, x * 0.12, y * 0.12)),
    ]


def vessel(width: float, height: float) -> list[Part]:
    """A vase or a stand: round, and open."""
    x, y = width / 2, height / 2
    return [Part(Tone.BODY, ellipse(x, y, x, y)), Part(Tone.DEEP, ellipse(x, y, x * 0.55, y * 0.55))]


def bowl(width: float, height: float) -> list[Part]:
    """A bowl with three fruits."""
    x, y = width / 2, height / 2
    places = ((0.7, 1.2), (1.3, 1.2), (1.0, 0.68))
    fruits = "".join(ellipse(x * across, y * down, x * 0.3, y * 0.3) for across, down in places)
    return [
        Part(Tone.BODY, ellipse(x, y, x, y)),
        Part(Tone.LIGHT, ellipse(x, y, x * 0.82, y * 0.82)),
        Part(Tone.DEEP, fruits),
    ]


def screen(width: float, height: float) -> list[Part]:
    """A thin dark bar."""
    return [Part(Tone.BODY, box(0, 0, width, height, 2))]


def mirror(width: float, height: float) -> list[Part]:
    """A pane of glass."""
    return [Part(Tone.LIGHT, box(0, 0, width, height, 1))]


def lantern(width: float, height: float) -> list[Part]:
    """A light in a square frame."""
    return [
        Part(Tone.BODY, box(0, 0, width, height, 2)),
        Part(Tone.LIGHT, ellipse(width / 2, height / 2, width * 0.3, height * 0.3)),
    ]


def _turns(number_of: int, start: float) -> list[float]:
    """Return directions all round, in radians."""
    return [2 * math.pi * place / number_of + start for place in range(number_of)]


def _leaf(width: float, height: float, turn: float, length: float) -> str:
    """Return one leaf, rounded towards its base and pointed at its tip."""
    base, tip = _polar(width, height, turn, 0.03), _polar(width, height, turn, length)
    near = [_polar(width, height, turn + side, length * 0.55) for side in (-0.62, 0.62)]
    far = [_polar(width, height, turn + side, length * 0.9) for side in (-0.34, 0.34)]
    there = f"C{_pair(near[0])} {_pair(far[0])} {_pair(tip)}"
    return f"{line(base)}{there}C{_pair(far[1])} {_pair(near[1])} {_pair(base)}z"


def _polar(width: float, height: float, turn: float, away: float) -> Point:
    """Return a point by its direction and its distance from the middle, 0.5 at the sides of the box."""
    return width * (0.5 + math.cos(turn) * away), height * (0.5 + math.sin(turn) * away)


def _pair(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"

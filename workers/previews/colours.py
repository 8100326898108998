"""The plan's palette: warm paper, soft fills, and whatever colours the elements have, calmed."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

PAPER = "#f3efe8"
GRID = "#e5decf"
FLOOR = "#fdfbf7"
INK = "#37322d"
WOOD = "#d9c7ad"
GLASS = "#cfe0e5"
LEAF = "#a3b18a"
LEAF_DEEP = "#7f9169"

_WHITE = "#ffffff"
_DARK = 120


class Tones(NamedTuple):
    """What an element is filled and outlined with."""

    body: str
    light: str
    deep: str
    edge: str
    line: str


@lru_cache(maxsize=4096)
def mix(colour: str, other: str, share: float) -> str:
    """Return `colour` with a `share` (0 to 1) of `other` in it; all are `#rrggbb`."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


@lru_cache(maxsize=1024)
def tones(colour: str) -> Tones:
    """Return the fills of an element of a colour (wood where it has none); lines are seen on light and on dark."""
    body = mix(colour or WOOD, FLOOR, 0.3)
    if _brightness(body) < _DARK:
        return Tones(body, mix(body, _WHITE, 0.18), mix(body, INK, 0.5), mix(body, INK, 0.6), mix(body, _WHITE, 0.4))
    return Tones(body, mix(body, _WHITE, 0.5), mix(body, INK, 0.2), mix(body, INK, 0.5), mix(body, INK, 0.3))


@lru_cache(maxsize=1024)
def wall(colour: str) -> str:
    """Return the fill of a wall: dark, with a trace of its colour."""
    return mix(colour or INK, INK, 0.62)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _brightness(colour: str) -> float:
    red, green, blue = _channels(colour)
    return 0.3 * red + 0.59 * green + 0.11 * blue

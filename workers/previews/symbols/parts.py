"""What symbols are made of: path data, each with the tone it is painted in.

A symbol is a function of a piece's width and height in centimetres. Its own frame has (0, 0) at the top left, and its
back at the top. Its first part is its outline on the floor. However long a piece is, its parts are few.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class Tone(Enum):
    """How a part is painted, relative to its piece's colour."""

    BODY = "body"
    LIGHT = "light"
    DEEP = "deep"
    LINE = "line"
    LEAF = "leaf"
    VEIN = "vein"


class Part(NamedTuple):
    """Path data and its tone."""

    tone: Tone
    data: str


Symbol = Callable[[float, float], list[Part]]


def count(length: float, each: float, most: int) -> int:
    """Return how many things of a size stand side by side on a length: at least one, at most `most`."""
    return max(1, min(most, round(length / each)))

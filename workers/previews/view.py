"""The sheet: which part of the canvas is shown, always in the proportion 4 : 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from workers.previews.pieces import Piece

WIDTH: Final = 1600
"""The sheet's width in pixels."""
HEIGHT: Final = 1200
"""The sheet's height in pixels."""

_MARGIN = 0.07
_LEAST_WIDTH = 360.0
_BLANK = (0.0, 0.0, 800.0, 600.0)
_NEAR = 5_000.0
_MEDIANS = 25


@dataclass(frozen=True, slots=True)
class View:
    """What the sheet shows, in centimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def pixel(self) -> float:
        """The length of one pixel of the sheet, in centimetres."""
        return self.width / WIDTH

    @property
    def pen(self) -> float:
        """How wide lines are: 1.3 cm, but at least 1.2 pixels and at most 2.6."""
        return max(1.2 * self.pixel, min(2.6 * self.pixel, 1.3))


def fit(pieces: Sequence[Piece]) -> View:
    """Return the view that holds all pieces with a margin; what strayed far from the others does not count."""
    if not pieces:
        return View(*_BLANK)
    shown = _together(pieces)
    boxes = [(*piece.centre, *piece.reach) for piece in shown]
    left, right = min(x - i for x, _, i, _ in boxes), max(x + i for x, _, i, _ in boxes)
    top, bottom = min(y - j for _, y, _, j in boxes), max(y + j for _, y, _, j in boxes)
    room = 1 - 2 * _MARGIN
    width = max(_LEAST_WIDTH, (right - left) / room, (bottom - top) / room * WIDTH / HEIGHT)
    height = width * HEIGHT / WIDTH
    return View((left + right - width) / 2, (top + bottom - height) / 2, width, height)


def _together(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Return the pieces near their middle: one chair a kilometre away would make all others too small to see."""
    centres = [piece.centre for piece in pieces]
    x, y = median(x for x, _ in centres), median(y for _, y in centres)
    away = [max(abs(i - x), abs(j - y)) for i, j in centres]
    limit = _NEAR + _MEDIANS * median(away)
    return [
        piece for piece, distance in zip(pieces, away, strict=True) if distance + max(piece.reach) <= limit
    ] or pieces

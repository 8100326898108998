"""What of a canvas can be drawn: rows as MongoDB keeps them, read without trust in any of their values."""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

MOST_PIECES = 5_000
"""How many elements a plan shows: the largest."""

_FARTHEST = 1e6
_LEAST = 0.1
_LONGEST_TEXT = 200
_KINDS = frozenset({"WALL", "DOOR", "WINDOW", "FURNITURE", "LABEL"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


_SQUARE_DEGREES = 0.02


class Piece(NamedTuple):
    """One element, its values checked. Lengths are centimetres; pieces sort from the bottom of the canvas to its top.

    (`x`, `y`) is the top left of the unrotated box; `rotation` is degrees clockwise about its centre. `colour` is
    `#rrggbb` in small letters. What is not known is empty, or 0.
    """

    order: str
    key: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    rotation: float
    item: str
    colour: str
    text: str
    size: float
    swing: str

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, about which it is turned."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def direction(self) -> tuple[float, float]:
        """The cosine and the sine of its turn, exact for quarters of a circle."""
        if self.rotation % 90 == 0:
            return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(self.rotation // 90)]
        turn = math.radians(self.rotation)
        return math.cos(turn), math.sin(turn)

    @property
    def reach(self) -> tuple[float, float]:
        """How far the turned box extends from its centre, across and down."""
        cos, sin = self.direction
        half_width, half_height = self.width / 2, self.height / 2
        return abs(half_width * cos) + abs(half_height * sin), abs(half_width * sin) + abs(half_height * cos)

    def corners(self, more: float = 0.0) -> list[tuple[float, float]]:
        """Return the four corners of the turned box, clockwise from its own top left, `more` further out."""
        (cos, sin), (x, y) = self.direction, self.centre
        across, down = self.width / 2 + more, self.height / 2 + more
        signs = ((-across, -down), (across, -down), (across, down), (-across, down))
        return [(x + i * cos - j * sin, y + i * sin + j * cos) for i, j in signs]


def _angle(degrees: float) -> float:
    """Return an angle below 360; nearly square is square, since nobody sees a fiftieth of a degree."""
    square = round(degrees / 90) * 90
    return float(square % 360 if abs(degrees - square) < _SQUARE_DEGREES else round(degrees, 3) % 360)


def read(rows: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """Return what of the rows can be drawn, from bottom to top, whatever their order: the `MOST_PIECES` largest."""
    pieces = sorted(piece for piece in map(_piece, rows) if piece)
    if len(pieces) > MOST_PIECES:
        pieces = sorted(heapq.nlargest(MOST_PIECES, pieces, key=lambda piece: max(piece.width, piece.height)))
    return pieces


def _piece(row: Mapping[str, Any]) -> Piece | None:
    """Return a row as a piece; None where there is nothing to draw."""
    kind = _text(row.get("kind"))
    x, y = _number(row.get("x")), _number(row.get("y"))
    width, height = _number(row.get("width")) or 0.0, _number(row.get("height")) or 0.0
    if kind not in _KINDS or row.get("removed") is True or x is None or y is None or min(width, height) < _LEAST:
        return None
    given = row.get("props")
    props: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    return Piece(
        _text(row.get("order")),
        _text(row.get("key")),
        kind,
        x,
        y,
        width,
        height,
        _angle(_number(row.get("rotation")) or 0.0),
        _text(props.get("item")).strip().lower(),
        _colour(props.get("colour")),
        _text(props.get("text")),
        max(0.0, _number(props.get("size")) or 0.0),
        _text(props.get("swing")),
    )


def _number(value: object) -> float | None:
    """Return a number within what a canvas may have; None for anything else."""
    if not isinstance(value, (int, float)) or not -_FARTHEST <= value <= _FARTHEST:
        return None
    return float(value) + 0.0  # so that -0.0 is 0.0


def _text(value: object) -> str:
    return str(value)[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _colour(value: object) -> str:
    return value.lower() if isinstance(value, str) and _COLOUR.fullmatch(value) else ""

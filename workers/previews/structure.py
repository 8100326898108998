"""Walls, and the doors and windows in them, drawn where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.previews.colours import FLOOR, GLASS, INK, PAPER, WOOD, mix, wall
from workers.previews.floors import Trapezoid
from workers.previews.paths import Point, line, number, polygon
from workers.previews.pieces import Piece

_INK = mix(INK, PAPER, 0.25)
_PALE_INK = mix(INK, PAPER, 0.5)
_CLEAR = 0.55
"""How much of a window's colour is taken by light."""
_LEAF = 4.0
"""How thick a door is, in centimetres."""
_TWO_LEAVES = 130.0
"""From how wide on a door has two leaves, in centimetres."""
_BEFORE = 20.0
"""How far before a door the floor is looked for, in centimetres."""


def walls(pieces: Sequence[Piece], pen: float) -> str:
    """Return walls that look the same as one shape, so that no seam shows where they meet; `pen` is in centimetres."""
    outline = "".join(polygon(piece.corners()) for piece in pieces)
    fill = wall(pieces[0].colour)
    walled = f'<path d="{outline}" fill="{fill}"/>'
    if pieces[0].item != "parapet":
        return walled
    top = "".join(polygon(piece.corners(-pen)) for piece in pieces if min(piece.width, piece.height) > 2 * pen)
    return f'{walled}<path d="{top}" fill="{mix(pieces[0].colour or fill, PAPER, 0.6)}"/>'


def gap(piece: Piece) -> str:
    """Return a door or a window as a gap in its wall, for plans where it is small."""
    fill = FLOOR if piece.kind == "DOOR" else mix(piece.colour or GLASS, FLOOR, _CLEAR)
    return f'<path d="{polygon(piece.corners())}" fill="{fill}"/>'


def opening(piece: Piece, floor: Sequence[Trapezoid], pen: float) -> str:
    """Return a door or a window, over the wall it is in; a door opens into the room."""
    return _door(piece, _framed(piece, floor), pen) if piece.kind == "DOOR" else _window(piece, pen)


@dataclass(frozen=True)
class _Frame:
    """A door's own directions: `inwards` into the room, and `right` of who looks at it from there."""

    centre: Point
    inwards: Point
    length: float
    depth: float

    @property
    def right(self) -> Point:
        return self.inwards[1], -self.inwards[0]

    def at(self, right: float, inwards: float) -> Point:
        """Return a point of the canvas by its distances from the middle."""
        (x, y), (right_x, right_y), (in_x, in_y) = self.centre, self.right, self.inwards
        return x + right * right_x + inwards * in_x, y + right * right_y + inwards * in_y


def _framed(piece: Piece, floor: Sequence[Trapezoid]) -> _Frame:
    """Return a door's frame; with floor on both sides, or on none, it opens upwards or to the right."""
    cos, sin = piece.direction
    if piece.width >= piece.height:
        frame = _Frame(piece.centre, (sin, -cos), piece.width, piece.height)
    else:
        frame = _Frame(piece.centre, (cos, sin), piece.height, piece.width)
    way = frame.depth / 2 + _BEFORE
    before, behind = (any(place.holds(*frame.at(0, side)) for place in floor) for side in (way, -way))
    return replace(frame, inwards=(-frame.inwards[0], -frame.inwards[1])) if behind and not before else frame


def _window(piece: Piece, pen: float) -> str:
    first, second, third, fourth = corners = piece.corners()
    ends = ((first, fourth), (second, third)) if piece.width >= piece.height else ((first, second), (fourth, third))
    middle = line(*(((x + other_x) / 2, (y + other_y) / 2) for (x, y), (other_x, other_y) in ends))
    pane = polygon(corners)
    glass = mix(piece.colour or GLASS, FLOOR, _CLEAR)
    ink = f'stroke="{_INK}" stroke-width="{number(pen)}"'
    return f'<path d="{pane}" fill="{glass}" {ink}/><path d="{middle}" fill="none" {ink}/>'


def _door(piece: Piece, frame: _Frame, pen: float) -> str:
    half, inside = frame.length / 2, frame.depth / 2
    hinges = (-1, 1) if frame.length >= _TWO_LEAVES else (1 if piece.swing == "right" else -1,)
    wide = frame.length / len(hinges)
    sectors, leaves = "", ""
    for side in hinges:
        hinge, tip = frame.at(side * half, inside), frame.at(side * half, inside + wide)
        stop, inner = frame.at(side * (half - wide), inside), side * (half - _LEAF)
        curve = f"A{number(wide)} {number(wide)} 0 0 {int(side > 0)} {number(stop[0])} {number(stop[1])}"
        sectors += f"{line(hinge, tip)}{curve}z"
        leaves += polygon([hinge, tip, frame.at(inner, inside + wide), frame.at(inner, inside)])
    wood = mix(piece.colour or WOOD, FLOOR, 0.2)
    thin = f'stroke-width="{number(pen * 0.7)}"'
    return (
        f'<path d="{polygon(piece.corners())}" fill="{FLOOR}" stroke="{_PALE_INK}" {thin}/>'
        f'<path d="{sectors}" fill="{wood}" fill-opacity="0.18" stroke="{_PALE_INK}" {thin}/>'
        f'<path d="{leaves}" fill="{wood}" stroke="{_INK}" {thin}/>'
    )

"""A design's canvas as a picture: a floor plan in SVG, made of paths alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from workers.previews import furniture, structure
from workers.previews.colours import FLOOR, GRID, INK, PAPER
from workers.previews.floors import CLOSED, Trapezoid, enclosed
from workers.previews.labels import written
from workers.previews.paths import box, line, number, polygon
from workers.previews.pieces import Piece, read
from workers.previews.view import HEIGHT, WIDTH, View, fit

_FINE = 22.0
"""How long a piece must be on the sheet, in pixels, to be drawn with its details."""
_MOST_DETAIL = 800_000
"""How many characters all details together may take."""
_OPENINGS = frozenset({"DOOR", "WINDOW"})
_STANDING = frozenset({"WALL", "FURNITURE"})
_HALF_METRE = 50.0
_GRID_APART = 60.0
"""How far apart the lines of the grid are at least, in pixels."""
_SHADE = 4.0


def draw(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a canvas as a complete SVG document of 1600 × 1200 pixels; a blank sheet where there is nothing to draw.

    `rows` are elements as MongoDB keeps them, or mappings with the same names. What cannot be drawn is left out. The
    same elements in any order give the same text. From bottom to top there are the sheet, the floor, walls and
    furniture, doors and windows, labels; within each, what is higher on the canvas is higher on the plan.
    """
    pieces = read(rows)
    view = fit(pieces)
    floor = enclosed(pieces)
    details = _details(pieces, floor, view)
    seen = " ".join(map(number, (view.x, view.y, view.width, view.height)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="{seen}">',
        _sheet(view),
        _floor(floor),
        _shade(pieces),
        f'<g stroke-width="{number(view.pen)}" stroke-linejoin="round" stroke-linecap="round">',
        *_standing(pieces, details, view),
        *(details.get(piece) or structure.gap(piece) for piece in pieces if piece.kind in _OPENINGS),
        *written(pieces, view),
        "</g></svg>",
    ]
    return "".join(parts)


def _sheet(view: View) -> str:
    """Return the paper with its grid: half metres, or as many as keep the lines apart."""
    step = _HALF_METRE
    while step < _GRID_APART * view.pixel:
        step *= 2
    right, bottom = view.x + view.width, view.y + view.height
    across = range(math.ceil(view.x / step), math.floor(right / step) + 1)
    down = range(math.ceil(view.y / step), math.floor(bottom / step) + 1)
    upright = "".join(line((n * step, view.y), (n * step, bottom)) for n in across)
    level = "".join(line((view.x, n * step), (right, n * step)) for n in down)
    over = view.pixel  # so that no edge is left bare by rounding
    return (
        f'<path d="{box(view.x - over, view.y - over, view.width + 2 * over, view.height + 2 * over)}" fill="{PAPER}"/>'
        f'<path d="{upright}{level}" fill="none" stroke="{GRID}" stroke-width="{number(1.6 * view.pixel)}"/>'
    )


def _floor(floor: Sequence[Trapezoid]) -> str:
    """Return the rooms' floor, which reaches under the walls."""
    if not floor:
        return ""
    data = "".join(polygon(place.corners()) for place in floor)
    return f'<path d="{data}" fill="{FLOOR}" stroke="{FLOOR}" stroke-width="{number(2 * CLOSED + 2)}"/>'


def _shade(pieces: Iterable[Piece]) -> str:
    """Return the shadow of all walls together."""
    walls = (piece for piece in pieces if piece.kind == "WALL")
    data = "".join(polygon((x + _SHADE, y + _SHADE) for x, y in piece.corners()) for piece in walls)
    return f'<path d="{data}" fill="{INK}" fill-opacity="0.08"/>' if data else ""


def _details(pieces: Iterable[Piece], floor: Sequence[Trapezoid], view: View) -> dict[Piece, str]:
    """Return furniture, doors and windows with all details, the largest first, as long as there is room for them.

    Pieces of one size are drawn alike: all of them with their details, or none.
    """
    drawn: dict[Piece, str] = {}
    room = _MOST_DETAIL
    large = [piece for piece in pieces if piece.kind != "LABEL" and _size(piece) >= _FINE * view.pixel]
    for piece in sorted(large, key=_size, reverse=True):
        if piece.kind in _OPENINGS:
            drawn[piece] = structure.opening(piece, floor, view.pen)
        elif piece.kind == "FURNITURE":
            drawn[piece] = furniture.detailed(piece)
        room -= len(drawn.get(piece, ""))
        if room < 0:
            return {other: detail for other, detail in drawn.items() if _size(other) > _size(piece)}
    return drawn


def _size(piece: Piece) -> float:
    return max(piece.width, piece.height)


def _standing(pieces: Iterable[Piece], details: Mapping[Piece, str], view: View) -> Iterator[str]:
    """Yield walls and furniture from bottom to top; walls that follow each other and look the same are one shape."""
    for looks, run in groupby((piece for piece in pieces if piece.kind in _STANDING), key=_looks):
        if looks:
            yield structure.walls([*run], view.pen)
        else:
            yield from (details.get(piece) or furniture.plain(piece) for piece in run)


def _looks(piece: Piece) -> tuple[str, str] | None:
    """Return what walls must share to be one shape; None for furniture."""
    return (piece.item, piece.colour) if piece.kind == "WALL" else None

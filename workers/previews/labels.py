"""What is written on a plan: labels, their first line set larger than what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from workers.previews.colours import FLOOR, INK
from workers.previews.lettering import BODY, CAPITAL, EM, HEADING, known, outline, shortened
from workers.previews.paths import number
from workers.previews.pieces import Piece
from workers.previews.view import View

_MOST_OUTLINES = 300_000
"""How many characters the outlines of all letters together may take."""

_BREAKS = re.compile(r"\s*\n\s*|\s+·\s+")
_MOST_LINES = 3
_USUAL = 14.0
"""How large letters are where a label does not say, in centimetres."""
_READABLE = 44.0
"""How large letters are at least, in pixels of the sheet, if growing can help."""
_MOST_GROWN = 3.0
_TOO_SMALL = 9.0
"""Smaller letters, in pixels of the sheet, are left out."""
_LEADING = 0.92
"""The distance of lines, to the size of the first."""
_AFTER = 0.78
"""How large the lines after the first are, to it."""
_HALO = 0.16
"""How far the floor shows round letters, to their size; half of it is under them."""


def written(pieces: Iterable[Piece], view: View) -> Iterator[str]:
    """Yield the labels as outlines, as long as there is room for them.

    A label is shortened to its box. Where its letters would be too small to read on the sheet, it grows with its box,
    up to three times; what is too small even so is left out. Text is split into lines at line breaks and at ` · `.
    """
    room = _MOST_OUTLINES
    for piece in pieces:
        size = piece.size or _USUAL
        grown = size * max(1.0, min(_MOST_GROWN, _READABLE * view.pixel / size))
        if piece.kind != "LABEL" or grown < _TOO_SMALL * view.pixel:
            continue
        label = _label(piece, _lines(piece.text, piece.width / size * EM), grown)
        room -= len(label)
        if room < 0:
            return
        yield label


def _lines(text: str, most: float) -> list[tuple[str, float, str]]:
    """Return (font, share of the size, text) of each line; `most` is the box's width, in units of the font."""
    lines: list[tuple[str, float, str]] = []
    for given in _BREAKS.split(text)[:_MOST_LINES]:
        font, share = (BODY, _AFTER) if lines else (HEADING, 1.0)
        if fitting := shortened(font, known(font, given), most / share):
            lines.append((font, share, fitting))
    return lines


def _label(piece: Piece, lines: Sequence[tuple[str, float, str]], size: float) -> str:
    """Return a label's lines about the middle of its box, each with a halo of floor round it; nothing for no lines."""
    if not lines:
        return ""
    x, y = piece.centre
    turn = f"rotate({number(piece.rotation)})" if piece.rotation else ""
    capital = size * CAPITAL / EM
    base = capital / 2 - (len(lines) - 1) * size * _LEADING / 2
    paths = ""
    for font, share, text in lines:
        scale = f"scale({size * share / EM:.4f})"
        paths += (
            f'<path d="{outline(font, text)}" transform="translate(0 {number(base)}){scale}"'
            f' stroke-width="{number(_HALO * EM / share)}"/>'
        )
        base += size * _LEADING
    style = f'fill="{piece.colour or INK}" stroke="{FLOOR}" stroke-opacity="0.85" paint-order="stroke"'
    return f'<g transform="translate({number(x)} {number(y)}){turn}" {style}>{paths}</g>'

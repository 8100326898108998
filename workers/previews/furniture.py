"""Furniture where it stands: its symbol in its colour, turned and moved, over its shadow."""

from __future__ import annotations

from functools import lru_cache

from workers.previews.colours import INK, LEAF, LEAF_DEEP, Tones, tones
from workers.previews.paths import number
from workers.previews.pieces import Piece
from workers.previews.symbols import FLAT, Part, Symbol, Tone, symbol

_SHADE = 4.0
"""How far shadows fall, in centimetres."""


def plain(piece: Piece) -> str:
    """Return a piece as its outline on the floor, for plans where it is small."""
    outline = _parts(symbol(piece.item), round(piece.width, 1), round(piece.height, 1))[0]
    return f'<path d="{outline.data}" {_paint(outline.tone, tones(piece.colour))} {_place(piece)}/>'


def detailed(piece: Piece) -> str:
    """Return a piece with all its parts and its shadow."""
    found, width, height = symbol(piece.item), round(piece.width, 1), round(piece.height, 1)
    drawn = f"<g {_place(piece)}>{_painted(found, width, height, piece.colour)}</g>"
    if found in FLAT:
        return drawn
    outline = _parts(found, width, height)[0].data
    away = min(_SHADE, 0.1 * min(width, height))
    return f'<path d="{outline}" fill="{INK}" fill-opacity="0.09" {_place(piece, away)}/>{drawn}'


@lru_cache(maxsize=2048)
def _parts(found: Symbol, width: float, height: float) -> tuple[Part, ...]:
    """Return a symbol's parts that have something to draw."""
    return tuple(part for part in found(width, height) if part.data)


@lru_cache(maxsize=2048)
def _painted(found: Symbol, width: float, height: float, colour: str) -> str:
    """Return a symbol's paths in its own frame."""
    palette = tones(colour)
    return "".join(f'<path d="{data}" {_paint(tone, palette)}/>' for tone, data in _parts(found, width, height))


def _paint(tone: Tone, palette: Tones) -> str:
    match tone:
        case Tone.BODY:
            return f'fill="{palette.body}" stroke="{palette.edge}"'
        case Tone.LIGHT:
            return f'fill="{palette.light}" stroke="{palette.line}"'
        case Tone.DEEP:
            return f'fill="{palette.deep}" stroke="{palette.edge}"'
        case Tone.LINE:
            return f'fill="none" stroke="{palette.line}"'
        case Tone.LEAF:
            return f'fill="{LEAF}" stroke="{LEAF_DEEP}"'
        case Tone.VEIN:
            return f'fill="none" stroke="{LEAF_DEEP}"'


def _place(piece: Piece, away: float = 0.0) -> str:
    """Return the transform from a piece's own frame to the canvas, `away` further down and to the right."""
    move = f"translate({number(piece.x + away)} {number(piece.y + away)})"
    if not piece.rotation:
        return f'transform="{move}"'
    turn = f"rotate({number(piece.rotation)} {number(piece.width / 2)} {number(piece.height / 2)})"
    return f'transform="{move}{turn}"'

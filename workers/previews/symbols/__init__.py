"""The symbols of furniture, found by the words clients call it by."""

from __future__ import annotations

from workers.previews.symbols import cases, seats, small, surfaces, wet
from workers.previews.symbols.parts import Part, Symbol, Tone

__all__ = ["FLAT", "SYMBOLS", "Part", "Symbol", "Tone", "symbol"]

SYMBOLS: dict[str, Symbol] = {
    "armchair": seats.sofa,
    "basin": wet.basin,
    "bath": wet.bath,
    "bath mat": surfaces.mat,
    "bathtub": wet.bath,
    "bed": seats.bed,
    "bench": seats.bench,
    "bistro table": surfaces.round_table,
    "bookcase": cases.bookcase,
    "bookshelf": cases.bookcase,
    "bowl": small.bowl,
    "cabinet": cases.cabinet,
    "carpet": surfaces.rug,
    "chair": seats.chair,
    "chest of drawers": cases.cabinet,
    "closet": cases.wardrobe,
    "console": cases.cabinet,
    "couch": seats.sofa,
    "counter": cases.cabinet,
    "desk": surfaces.desk,
    "dishwasher": wet.washer,
    "drawers": cases.cabinet,
    "dresser": cases.cabinet,
    "fridge": cases.fridge,
    "hob": wet.hob,
    "island": surfaces.island,
    "keyboard": small.screen,
    "lamp": small.lamp,
    "lantern": small.lantern,
    "lavatory": wet.lavatory,
    "lounge chair": seats.sofa,
    "mat": surfaces.mat,
    "mirror": small.mirror,
    "office chair": seats.office_chair,
    "oven tower": cases.tower,
    "pantry": cases.tower,
    "pillow": seats.pillow,
    "plant": small.plant,
    "planter": small.planter,
    "rack": cases.rack,
    "refrigerator": cases.fridge,
    "round table": surfaces.round_table,
    "rug": surfaces.rug,
    "runner": surfaces.rug,
    "screen": small.screen,
    "shelf": cases.cabinet,
    "shower": wet.shower,
    "side table": surfaces.round_table,
    "sideboard": cases.cabinet,
    "sink": wet.sink,
    "sofa": seats.sofa,
    "stand": small.vessel,
    "stool": seats.stool,
    "stove": wet.hob,
    "table": surfaces.table,
    "television": small.screen,
    "throw": seats.throw,
    "toilet": wet.lavatory,
    "tree": small.plant,
    "tub": wet.bath,
    "tv": small.screen,
    "tv bench": cases.cabinet,
    "vanity": cases.cabinet,
    "vase": small.vessel,
    "wardrobe": cases.wardrobe,
    "washbasin": wet.basin,
    "washing machine": wet.washer,
}
"""By what a piece is called, or by the last word of it: a "walnut dining table" is a table."""

FLAT = frozenset({surfaces.rug, surfaces.mat, seats.throw, small.mirror})
"""What lies too flat to throw a shadow."""


def symbol(item: str) -> Symbol:
    """Return the symbol of a piece by its name in small letters; a plain box for what has none."""
    words = item.split()
    last = words[-1] if words else ""
    return SYMBOLS.get(item) or SYMBOLS.get(" ".join(words[-2:])) or SYMBOLS.get(last) or surfaces.block

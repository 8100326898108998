"""What things are kept in, the front away from the wall."""

# A symbol's docstring says what it shows; its numbers are what it is made of.
# ruff: noqa: D401

from __future__ import annotations

from workers.previews.paths import box, ellipse, line
from workers.previews.symbols.parts import Part, Tone, count

_SPINES = (5.0, 3.5, 6.0, 4.0, 3.0, 7.0, 4.5)
"""How thick books are, in turn."""


def cabinet(width: float, height: float) -> list[Part]:
    """A top, and doors under its edge."""
    front = height - min(6.0, height * 0.2)
    doors = count(width, 45, 12)
    gaps = "".join(line((width * n / doors, front), (width * n / doors, height)) for n in range(1, doors))
    return [Part(Tone.BODY, box(0, 0, width, height, 2)), Part(Tone.LINE, line((0, front), (width, front)) + gaps)]


def wardrobe(width: float, height: float) -> list[Part]:
    """Doors, a rail, and what hangs on it."""
    front = height - min(6.0, height * 0.15)
    doors, hangers = count(width, 48, 8), count(width, 13, 24)
    gaps = "".join(line((width * n / doors, front), (width * n / doors, height)) for n in range(1, doors))
    middle, reach, each = front / 2, front * 0.3, (width - 12) / hangers
    clothes = ""
    for place in range(hangers):
        x, lean = 6 + each * (place + 0.5), (-2.5, 1.5, 3.0, -1.0)[place % 4]
        clothes += line((x - lean, middle - reach), (x + lean, middle + reach))
    return [
        Part(Tone.BODY, box(0, 0, width, height, 2)),
        Part(Tone.LIGHT, box(3, 3, width - 6, front - 6, 1)),
        Part(Tone.LINE, line((3, middle), (width - 3, middle)) + clothes + line((0, front), (width, front)) + gaps),
    ]


def bookcase(width: float, height: float) -> list[Part]:
    """Books side by side, some of them missing."""
    inside, deep = width - 6, height - 7
    scale = max(1.0, inside / 220)
    x, place, pale, strong = 3.0, 0, "", ""
    while x + _SPINES[place % 7] * scale <= width - 3:
        thick = _SPINES[place % 7] * scale
        book = box(x, 3, thick, deep * (0.94, 0.78, 0.86)[place % 3])
        if place % 11 not in {7, 8}:
            pale, strong = (pale, strong + book) if place % 5 in {1, 4} else (pale + book, strong)
        x, place = x + thick, place + 1
    return [Part(Tone.BODY, box(0, 0, width, height, 2)), Part(Tone.LIGHT, pale), Part(Tone.DEEP, strong)]


def rack(width: float, height: float) -> list[Part]:
    """A board with hooks."""
    hooks = count(width, 14, 16)
    size = min(3.5, height * 0.2)
    return [
        Part(Tone.BODY, box(0, 0, width, min(height, max(5.0, height * 0.35)), 2)),
        Part(
            Tone.DEEP,
            "".join(ellipse(width * (n + 0.5) / hooks, height * 0.55, size, size) for n in range(hooks)),
        ),
    ]


def tower(width: float, height: float) -> list[Part]:
    """Something as high as the room: crossed out, as plans do."""
    front = height - min(6.0, height * 0.15)
    return [
        Part(Tone.BODY, box(0, 0, width, height, 2)),
        Part(Tone.LINE, line((0, 0), (width, front)) + line((width, 0), (0, front)) + line((0, front), (width, front))),
    ]


def fridge(width: float, height: float) -> list[Part]:
    """A door with a handle, and one diagonal."""
    front = height - min(7.0, height * 0.15)
    return [
        Part(Tone.BODY, box(0, 0, width, height, 3)),
        Part(Tone.LINE, line((0, front), (width, front)) + line((0, front), (width, 0))),
        Part(Tone.DEEP, box(width * 0.68, height - 3, width * 0.24, 3, 1.5)),
    ]

"""What things are put on, and what lies on the floor."""

# A symbol's docstring says what it shows; its numbers are what it is made of.
# ruff: noqa: D401

from __future__ import annotations

from workers.previews.paths import box, ellipse, line
from workers.previews.symbols.parts import Part, Tone, count


def block(width: float, height: float) -> list[Part]:
    """Whatever it is: a rounded box."""
    return [Part(Tone.BODY, box(0, 0, width, height, min(width, height) * 0.12))]


def table(width: float, height: float) -> list[Part]:
    """A top with a lighter middle."""
    rim = min(6.0, min(width, height) * 0.1)
    return [
        Part(Tone.BODY, box(0, 0, width, height, rim)),
        Part(Tone.LINE, box(rim, rim, width - 2 * rim, height - 2 * rim, rim / 2)),
    ]


def round_table(width: float, height: float) -> list[Part]:
    """A round top."""
    return [
        Part(Tone.BODY, ellipse(width / 2, height / 2, width / 2, height / 2)),
        Part(Tone.LINE, ellipse(width / 2, height / 2, width * 0.42, height * 0.42)),
    ]


def desk(width: float, height: float) -> list[Part]:
    """A top with a pad where one writes."""
    return [
        Part(Tone.BODY, box(0, 0, width, height, 4)),
        Part(Tone.LIGHT, box(width * 0.26, height * 0.42, width * 0.48, height * 0.5, 3)),
    ]


def island(width: float, height: float) -> list[Part]:
    """A worktop that hangs over on the side of the stools."""
    return [
        Part(Tone.BODY, box(0, 0, width, height, 4)),
        Part(Tone.LIGHT, box(4, 4, width - 8, height - 8, 2)),
    ]


def rug(width: float, height: float) -> list[Part]:
    """A woven border, and fringes at the short ends."""
    edge = min(12.0, min(width, height) * 0.12)
    knots = count(min(width, height), 9, 24)
    ends = [(min(width, height) - 4) * n / knots + 2 for n in range(knots + 1)]
    if width >= height:
        fringe = "".join(line((x, y), (x + out, y)) for y in ends for x, out in ((0, -4), (width, 4)))
    else:
        fringe = "".join(line((x, y), (x, y + out)) for x in ends for y, out in ((0, -4), (height, 4)))
    return [
        Part(Tone.BODY, box(0, 0, width, height, 2)),
        Part(Tone.LINE, fringe),
        Part(Tone.LIGHT, box(edge, edge, width - 2 * edge, height - 2 * edge, 1)),
        Part(Tone.LINE, box(edge * 1.6, edge * 1.6, width - 3.2 * edge, height - 3.2 * edge, 1)),
    ]


def mat(width: float, height: float) -> list[Part]:
    """A soft mat."""
    edge = min(5.0, min(width, height) * 0.14)
    return [
        Part(Tone.BODY, box(0, 0, width, height, 6)),
        Part(Tone.LIGHT, box(edge, edge, width - 2 * edge, height - 2 * edge, 4)),
    ]

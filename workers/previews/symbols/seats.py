"""What one sits or lies on."""

# A symbol's docstring says what it shows; its numbers are what it is made of.
# ruff: noqa: D401, PLR2004

from __future__ import annotations

from workers.previews.paths import arc, box, ellipse, line
from workers.previews.symbols.parts import Part, Tone, count


def sofa(width: float, height: float) -> list[Part]:
    """Arms, a back and a cushion for each who sits there; an armchair is a sofa for one."""
    arm, back = min(17.0, width * 0.17), min(24.0, height * 0.27)
    seats = count(width - 2 * arm, 68, 6)
    each = (width - 2 * arm) / seats
    cushions = "".join(box(arm + place * each + 0.8, back, each - 1.6, height - back - 3, 6) for place in range(seats))
    rests = "".join(box(arm + place * each + 0.8, 3, each - 1.6, back - 3.8, 5) for place in range(seats))
    return [
        Part(Tone.BODY, box(0, 0, width, height, 11)),
        Part(Tone.LIGHT, cushions + rests),
    ]


def chair(width: float, height: float) -> list[Part]:
    """A seat and a back."""
    back = height * 0.18
    return [
        Part(Tone.BODY, box(width * 0.05, height * 0.06, width * 0.9, height * 0.94, width * 0.22)),
        Part(Tone.DEEP, box(0, 0, width, back, back / 2)),
    ]


def office_chair(width: float, height: float) -> list[Part]:
    """A round seat, arms, a back that bends round it."""
    rim = width * 0.36
    return [
        Part(Tone.BODY, box(width * 0.14, height * 0.14, width * 0.72, height * 0.8, rim)),
        Part(Tone.LIGHT, box(width * 0.24, height * 0.26, width * 0.52, height * 0.58, rim * 0.7)),
        Part(
            Tone.DEEP,
            box(width * 0.18, height * 0.02, width * 0.64, height * 0.15, height * 0.08)
            + box(0, height * 0.34, width * 0.13, height * 0.38, width * 0.06)
            + box(width * 0.87, height * 0.34, width * 0.13, height * 0.38, width * 0.06),
        ),
    ]


def stool(width: float, height: float) -> list[Part]:
    """A round seat."""
    return [
        Part(Tone.BODY, ellipse(width / 2, height / 2, width / 2, height / 2)),
        Part(Tone.LIGHT, ellipse(width / 2, height / 2, width * 0.34, height * 0.34)),
    ]


def bench(width: float, height: float) -> list[Part]:
    """A long cushion with seams."""
    seats = count(width, 55, 8)
    seams = "".join(line((width * n / seats, 4), (width * n / seats, height - 4)) for n in range(1, seats))
    return [
        Part(Tone.BODY, box(0, 0, width, height, 6)),
        Part(Tone.LIGHT, box(3, 3, width - 6, height - 6, 4)),
        Part(Tone.LINE, seams),
    ]


def bed(width: float, height: float) -> list[Part]:
    """A head board, a mattress, pillows at the head, a blanket turned back."""
    sleepers = 1 if width < 125 else 2
    each = width / sleepers
    wide = min(64.0, each * 0.82)
    pillows = "".join(
        box(each * (place + 0.5) - wide / 2, height * 0.058, wide, height * 0.2, 11) for place in range(sleepers)
    )
    fold = height * 0.33
    return [
        Part(Tone.BODY, box(0, 0, width, height, 5)),
        Part(Tone.DEEP, box(0, 0, width, min(7.0, height * 0.05), 2)),
        Part(Tone.LIGHT, box(4, height * 0.04, width - 8, fold, 4) + pillows),
        Part(Tone.BODY, box(2, fold, width - 4, height - fold - 2, 7)),
        Part(Tone.LIGHT, box(2, fold, width - 4, height * 0.1, 5)),
    ]


def pillow(width: float, height: float) -> list[Part]:
    """A pillow, its seam inside."""
    return [
        Part(Tone.LIGHT, box(0, 0, width, height, min(width, height) * 0.28)),
        Part(Tone.LINE, arc((width * 0.2, height * 0.72), (width * 0.8, height * 0.72), width * 1.1)),
    ]


def throw(width: float, height: float) -> list[Part]:
    """A folded blanket with stripes."""
    stripes = "".join(line((2, height * share), (width - 2, height * share)) for share in (0.16, 0.24, 0.76, 0.84))
    return [Part(Tone.BODY, box(0, 0, width, height, 3)), Part(Tone.LINE, stripes)]

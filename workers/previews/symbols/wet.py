"""What has water, and the hob beside it."""

# A symbol's docstring says what it shows; its numbers are what it is made of.
# ruff: noqa: D401

from __future__ import annotations

from workers.previews.paths import box, ellipse, line
from workers.previews.symbols.parts import Part, Tone


def bath(width: float, height: float) -> list[Part]:
    """A tub in its rim, along the longer side, with the drain at one end."""
    rim = min(8.0, min(width, height) * 0.12)
    if width >= height:
        drain, tap = (width - 3.2 * rim, height / 2), box(width - rim * 0.8, height / 2 - 5, rim * 0.5, 10, 2)
    else:
        drain, tap = (width / 2, height - 3.2 * rim), box(width / 2 - 5, height - rim * 0.8, 10, rim * 0.5, 2)
    inner = box(rim, rim, width - 2 * rim, height - 2 * rim, min(width, height) * 0.36)
    return [
        Part(Tone.BODY, box(0, 0, width, height, 6)),
        Part(Tone.LIGHT, inner),
        Part(Tone.LINE, ellipse(*drain, 2.6, 2.6)),
        Part(Tone.DEEP, tap),
    ]


def basin(width: float, height: float) -> list[Part]:
    """A bowl with a tap behind."""
    return [
        Part(Tone.BODY, box(0, 0, width, height, min(width, height) * 0.3)),
        Part(Tone.LIGHT, ellipse(width / 2, height * 0.55, width * 0.4, height * 0.36)),
        Part(Tone.DEEP, box(width / 2 - 1.8, height * 0.06, 3.6, height * 0.36, 1.8)),
        Part(Tone.LINE, ellipse(width / 2, height * 0.6, 1.8, 1.8)),
    ]


def sink(width: float, height: float) -> list[Part]:
    """A steel bowl let into a worktop."""
    return [
        Part(Tone.BODY, box(0, 0, width, height, 4)),
        Part(Tone.LIGHT, box(width * 0.09, height * 0.2, width * 0.82, height * 0.7, 7)),
        Part(Tone.LINE, ellipse(width / 2, height * 0.55, 3, 3)),
        Part(Tone.DEEP, box(width / 2 - 2, height * 0.05, 4, height * 0.34, 2)),
    ]


def hob(width: float, height: float) -> list[Part]:
    """Four rings."""
    large, small = min(width, height) * 0.19, min(width, height) * 0.14
    rings = (
        ellipse(width * 0.28, height * 0.29, small, small)
        + ellipse(width * 0.72, height * 0.29, large, large)
        + ellipse(width * 0.28, height * 0.71, large, large)
        + ellipse(width * 0.72, height * 0.71, small, small)
    )
    return [Part(Tone.BODY, box(0, 0, width, height, 3)), Part(Tone.LINE, rings)]


def lavatory(width: float, height: float) -> list[Part]:
    """A cistern at the wall, a bowl before it."""
    return [
        Part(Tone.BODY, box(width * 0.14, height * 0.2, width * 0.72, height * 0.8, width * 0.36)),
        Part(Tone.BODY, box(0, 0, width, height * 0.3, 3)),
        Part(Tone.LIGHT, ellipse(width / 2, height * 0.64, width * 0.25, height * 0.24)),
    ]


def shower(width: float, height: float) -> list[Part]:
    """A tray that falls to its drain, and the head in the corner."""
    middle = (width / 2, height / 2)
    corners = ((4.0, 4.0), (width - 4, 4.0), (width - 4, height - 4), (4.0, height - 4))
    radius = min(width, height) * 0.09
    return [
        Part(Tone.BODY, box(0, 0, width, height, 2)),
        Part(Tone.LIGHT, box(4, 4, width - 8, height - 8, 3)),
        Part(Tone.LINE, "".join(line(corner, middle) for corner in corners)),
        Part(Tone.LIGHT, ellipse(*middle, radius / 2, radius / 2)),
        Part(Tone.DEEP, ellipse(width / 2, height * 0.17, radius, radius)),
    ]


def washer(width: float, height: float) -> list[Part]:
    """A machine with a round door."""
    front = height - min(6.0, height * 0.12)
    radius = min(width, height) * 0.3
    return [
        Part(Tone.BODY, box(0, 0, width, height, 3)),
        Part(Tone.LINE, line((0, front), (width, front)) + ellipse(width / 2, front / 2, radius, radius)),
    ]

"""Path data, the one language everything is drawn in. Lengths are centimetres, kept to the millimetre."""

from __future__ import annotations

from collections.abc import Iterable

Point = tuple[float, float]


def number(value: float) -> str:
    """Return a length as text, to the millimetre."""
    return f"{value:.1f}".removesuffix(".0")


def _numbers(*values: float) -> str:
    return " ".join(map(number, values))


def polygon(points: Iterable[Point]) -> str:
    """Return a closed outline through points."""
    return "M" + "L".join(_numbers(*point) for point in points) + "z"


def line(*points: Point) -> str:
    """Return an open line through points."""
    return "M" + "L".join(_numbers(*point) for point in points)


def box(x: float, y: float, width: float, height: float, radius: float = 0.0) -> str:
    """Return a rectangle with rounded corners; nothing where it has no area."""
    if width <= 0 or height <= 0:
        return ""
    radius = round(min(radius, width / 2, height / 2), 1)
    if radius <= 0:
        return f"M{_numbers(x, y)}h{number(width)}v{number(height)}h{number(-width)}z"
    turn = f"a{number(radius)} {number(radius)} 0 0 1"
    across, down = width - 2 * radius, height - 2 * radius
    return (
        f"M{_numbers(x + radius, y)}h{number(across)}{turn} {_numbers(radius, radius)}v{number(down)}"
        f"{turn} {_numbers(-radius, radius)}h{number(-across)}{turn} {_numbers(-radius, -radius)}v{number(-down)}"
        f"{turn} {_numbers(radius, -radius)}z"
    )


def ellipse(x: float, y: float, across: float, down: float) -> str:
    """Return an ellipse by its centre and its half axes."""
    if across <= 0 or down <= 0:
        return ""
    arc = f"a{_numbers(across, down)} 0 1 1"
    return f"M{_numbers(x - across, y)}{arc} {number(2 * across)} 0{arc} {number(-2 * across)} 0z"


def arc(start: Point, end: Point, radius: float) -> str:
    """Return an open part of a circle, less than half of it, counter-clockwise."""
    return f"{line(start)}A{_numbers(radius, radius)} 0 0 0 {_numbers(*end)}"

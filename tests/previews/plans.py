"""Elements to draw, and what is read back out of a drawing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from app.demo.floor import ElementSpec

SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]
Row = dict[str, Any]


def element(kind: str, box: Sequence[float], *, rotation: float = 0, order: str = "U", **props: Any) -> Row:
    """Return an element as MongoDB keeps it; `box` is x, y, width and height in centimetres."""
    x, y, width, height = box
    return {
        "_id": f"6650c0ffee:{order}{kind}{x}:{y}",
        "key": f"{kind}{x}:{y}",
        "kind": kind,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "rotation": rotation,
        "parent": None,
        "order": order,
        "props": props,
        "removed": False,
    }


def rows(specs: Iterable[ElementSpec]) -> list[Row]:
    """Return a demo design's elements as MongoDB keeps them."""
    return [
        {**asdict(spec), "order": f"U{number:05}", "key": f"e{number}", "removed": False}
        for number, spec in enumerate(specs)
    ]


def room(width: float, height: float, thick: float = 16) -> list[Row]:
    """Return four walls round a floor whose top left is (0, 0)."""
    return [
        element("WALL", (-thick, -thick, width + 2 * thick, thick), order="U1"),
        element("WALL", (-thick, -thick, thick, height + 2 * thick), order="U2"),
        element("WALL", (width, -thick, thick, height + 2 * thick), order="U3"),
        element("WALL", (-thick, height, width + 2 * thick, thick), order="U4"),
    ]


def parsed(document: str) -> ET.Element:
    """Return a document of our own making as a tree."""
    return ET.fromstring(document)  # noqa: S314 -- our own


def paths(document: str, **wanted: str) -> list[ET.Element]:
    """Return the paths with these attributes, in the order in which they are painted."""
    found = parsed(document).iter(f"{SVG}path")
    return [path for path in found if all(path.get(name) == value for name, value in wanted.items())]


def view_box(document: str) -> tuple[float, float, float, float]:
    """Return what part of the canvas a document shows: x, y, width, height."""
    x, y, width, height = map(float, parsed(document).attrib["viewBox"].split())
    return x, y, width, height


def polygons(data: str) -> list[list[Point]]:
    """Return the corners of the polygons in path data made of M, L and z."""
    found = []
    for part in data.split("M")[1:]:
        corners = [tuple(map(float, pair.split())) for pair in part.rstrip("z").split("L")]
        found.append([(x, y) for x, y in corners])
    return found


def points(data: str) -> list[Point]:
    """Return the points of path data that it names absolutely: after M, L, and at the end of A."""
    found = re.findall(r"(?:[ML]|A[\d.]+ [\d.]+ 0 \d \d )(-?[\d.]+) (-?[\d.]+)", data)
    return [(float(x), float(y)) for x, y in found]

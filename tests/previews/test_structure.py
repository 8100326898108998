"""Walls, doors and windows."""

from __future__ import annotations

import math

import pytest

from tests.previews.plans import Point, Row, element, paths, points, polygons, room
from workers.previews import colours
from workers.previews.drawing import draw

DOORS: dict[str, tuple[float, float, float, float]] = {
    "top": (100, -16, 90, 16),
    "bottom": (100, 300, 90, 16),
    "left": (-16, 100, 16, 90),
    "right": (400, 100, 16, 90),
}


def swing(elements: list[Row]) -> tuple[list[Point], list[list[Point]]]:
    """Return the points of the doors' sectors (hinge, tip, end of the arc), and the corners of their leaves."""
    sector = next(path for path in paths(draw(elements)) if path.get("fill-opacity") == "0.18")
    found = paths(draw(elements))
    leaf = found[found.index(next(path for path in found if path.attrib == sector.attrib)) + 1]
    return points(sector.attrib["d"]), polygons(leaf.attrib["d"])


@pytest.mark.parametrize("side", DOORS)
def test_a_door_opens_into_the_room(side: str) -> None:
    """Whichever wall it is in; its arc goes from the tip of the open leaf to the other jamb."""
    (hinge, tip, stop), [leaf] = swing([*room(400, 300), element("DOOR", DOORS[side])])

    assert all(0 <= x <= 400 and 0 <= y <= 300 for x, y in (hinge, tip, stop))
    assert math.dist(hinge, tip) == math.dist(hinge, stop) == 90
    assert hinge in leaf
    assert tip in leaf


@pytest.mark.parametrize(("given", "hinged"), [("left", 190), ("right", 100), ("", 190)])
def test_a_door_is_hinged_where_it_says(given: str, hinged: float) -> None:
    """As seen from the room: who looks at a door at the bottom of the plan has its left end at their left."""
    (hinge, _, _), _ = swing([*room(400, 300), element("DOOR", DOORS["bottom"], swing=given)])

    assert hinge == (hinged, 300)


def test_a_wide_door_has_two_leaves() -> None:
    """They meet in the middle."""
    sectors, leaves = swing([*room(400, 300), element("DOOR", (100, 300, 180, 16))])

    assert len(leaves) == 2
    assert {sectors[0], sectors[3]} == {(100, 300), (280, 300)}
    assert sectors[2] == sectors[5] == (190, 300)


def test_a_door_turns_with_its_wall() -> None:
    """A rotated box is the same door elsewhere."""
    upright = draw([*room(400, 300), element("DOOR", DOORS["left"])])
    turned = draw([*room(400, 300), element("DOOR", (-53, 137, 90, 16), rotation=90)])
    gap = {frozenset(polygons(path.attrib["d"])[0]) for path in paths(turned, fill=colours.FLOOR)[1:]}

    assert frozenset(polygons(paths(upright, fill=colours.FLOOR)[1].attrib["d"])[0]) in gap


@pytest.mark.parametrize(
    ("box", "ends"),
    [((100, -16, 120, 16), {(100, -8), (220, -8)}), ((-16, 100, 16, 120), {(-8, 100), (-8, 220)})],
)
def test_a_window_is_glass_with_a_line_along_it(box: tuple[float, ...], ends: set[Point]) -> None:
    """Over the wall, where it stands."""
    found = paths(draw([*room(400, 300), element("WINDOW", box)]))
    pane, middle = found[-2:]
    x, y, width, height = box

    assert polygons(pane.attrib["d"]) == [[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]]
    assert set(points(middle.attrib["d"])) == ends


def test_a_parapet_is_paler_than_a_wall() -> None:
    """A low wall, seen from above: an outline and its top."""
    outline, top = paths(draw([element("WALL", (0, 0, 300, 16), item="parapet", colour="#8d8377")]))[-2:]

    assert outline.get("fill") == colours.wall("#8d8377")
    assert polygons(outline.attrib["d"]) == [[(0, 0), (300, 0), (300, 16), (0, 16)]]
    [[(left, upper), _, (right, lower), _]] = polygons(top.attrib["d"])
    assert 0 < left < right < 300
    assert 0 < upper < lower < 16


@pytest.mark.parametrize("kind", ["DOOR", "WINDOW"])
def test_in_a_large_plan_an_opening_is_a_gap(kind: str) -> None:
    """Its details could not be seen."""
    plan = room(10_000, 8_000)

    assert len(paths(draw([*plan, element(kind, DOORS["top"])]))) == len(paths(draw(plan))) + 1

"""The rooms between walls."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.previews.plans import Point, Row, element, room
from workers.previews.floors import CLOSED, Trapezoid, enclosed
from workers.previews.pieces import read


def area(floor: list[Trapezoid]) -> float:
    """Return how large a floor is, in square centimetres."""
    return sum(
        (place.bottom - place.top) * (place.right[0] - place.left[0] + place.right[1] - place.left[1]) / 2
        for place in floor
    )


def wall(start: Point, end: Point, thick: float = 16) -> Row:
    """Return a wall along a line, reaching over its ends by half its thickness."""
    length = math.dist(start, end) + thick
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    turn = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
    return element("WALL", (x - length / 2, y - thick / 2, length, thick), rotation=turn)


def around(*corners: Point) -> list[Row]:
    """Return walls along a closed line."""
    return [wall(*ends) for ends in pairwise([*corners, corners[0]])]


def holds(floor: list[Trapezoid], x: float, y: float) -> bool:
    """Whether a point is on a floor."""
    return any(place.holds(x, y) for place in floor)


def test_a_room_is_what_its_walls_leave() -> None:
    """To where the floor ends before them."""
    floor = enclosed(read(room(400, 300)))

    assert area(floor) == pytest.approx((400 - 2 * CLOSED) * (300 - 2 * CLOSED))
    assert [place.corners() for place in floor] == [[(4, 4), (396, 4), (396, 296), (4, 296)]]


def test_two_rooms_and_a_column() -> None:
    """Each wall within divides, and what stands free is left out."""
    inner = [element("WALL", (200, 0, 10, 300)), element("WALL", (300, 100, 30, 30))]
    floor = enclosed(read([*room(400, 300), *inner]))

    assert area(floor) == pytest.approx(392 * 292 - 18 * 292 - 38 * 38)
    assert holds(floor, 100, 100)
    assert not holds(floor, 205, 100)
    assert not holds(floor, 315, 115)


def test_an_angle_in_the_outline_is_followed() -> None:
    """What lies in the notch of an L is outside."""
    floor = enclosed(read(around((0, 0), (600, 0), (600, 200), (300, 200), (300, 500), (0, 500))))

    assert holds(floor, 450, 100)
    assert holds(floor, 150, 400)
    assert not holds(floor, 450, 350)


@pytest.mark.parametrize("missing", range(4))
def test_a_room_open_to_one_side_is_none(missing: int) -> None:
    """The outside flows in from above, below, left or right."""
    walls = room(400, 300)

    assert enclosed(read(walls[:missing] + walls[missing + 1 :])) == []


@pytest.mark.parametrize(("gap", "closed"), [(7, True), (9, False)])
def test_small_gaps_are_closed(gap: float, closed: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """Walls that were drawn by hand seldom meet to the millimetre."""
    walls = room(400, 300)
    walls[0] = {**walls[0], "x": 0 + gap, "width": 400 - gap}
    walls[1] = {**walls[1], "y": 0, "height": 300}

    assert bool(enclosed(read(walls))) is closed


@pytest.mark.parametrize("kind", ["DOOR", "WINDOW"])
def test_doors_and_windows_close_the_walls_they_are_between(kind: str) -> None:
    """Whether the wall runs through behind them or not."""
    top = [element("WALL", (-16, -16, 116, 16)), element("WALL", (190, -16, 226, 16))]
    opening = element(kind, (100, -16, 90, 16))

    assert enclosed(read([*top, *room(400, 300)[1:]])) == []
    assert area(enclosed(read([*top, opening, *room(400, 300)[1:]]))) == pytest.approx(392 * 292)


@given(st.floats(0, 360))
@settings(deadline=None)
def test_a_room_may_stand_at_any_angle(turn: float) -> None:
    """It is as large as before, and holds its middle."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    corners = [(x * cos - y * sin, x * sin + y * cos) for x, y in ((0, 0), (416, 0), (416, 316), (0, 316))]
    floor = enclosed(read(around(*corners)))

    assert area(floor) == pytest.approx(392 * 292, rel=1e-3)
    assert holds(floor, 208 * cos - 158 * sin, 208 * sin + 158 * cos)


@given(st.integers(3, 12), st.floats(0, 360))
@settings(deadline=None)
def test_a_room_may_have_any_number_of_sides(sides: int, turn: float) -> None:
    """What walls leave of a regular polygon is one, smaller by half their thickness and the floor's margin."""
    angles = [math.radians(turn) + 2 * math.pi * side / sides for side in range(sides)]
    floor = enclosed(read(around(*((500 * math.cos(angle), 500 * math.sin(angle)) for angle in angles))))
    inner = 500 * math.cos(math.pi / sides) - 8 - CLOSED

    assert area(floor) == pytest.approx(sides * inner**2 * math.tan(math.pi / sides), rel=2e-3)


def test_walls_that_cross_make_four_rooms() -> None:
    """A cross within a room, at an angle, and nothing of it leaks."""
    cross = [wall((0, 0), (400, 300), 10), wall((400, 0), (0, 300), 10)]
    floor = enclosed(read([*room(400, 300), *cross]))

    for x, y in ((200, 40), (200, 260), (60, 150), (340, 150)):
        assert holds(floor, x, y)
    assert not holds(floor, 200, 150)
    assert not holds(floor, -30, 150)


def test_the_longest_of_very_many_walls_count() -> None:
    """A house with hundreds of short walls still has its floor."""
    short = [element("WALL", (20 + x * 40, 20 + y * 40, 20, 8)) for x in range(40) for y in range(20)]
    floor = enclosed(read([*room(2_000, 1_000), *short]))

    assert holds(floor, 1_990, 990)


def test_a_thicket_of_slanted_walls_has_no_floor() -> None:
    """There would be too many crossings to look for."""
    thicket = [element("WALL", (n, 0, 300, 16), rotation=n + 1) for n in range(100)]

    assert enclosed(read([*room(400, 300), *thicket])) == []


def test_without_walls_there_is_no_floor() -> None:
    """Furniture encloses nothing."""
    assert enclosed([]) == []
    assert enclosed(read([element("FURNITURE", (0, 0, 100, 100))])) == []

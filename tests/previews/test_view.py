"""What part of the canvas is shown."""

from __future__ import annotations

import pytest

from tests.previews.plans import element, room
from workers.previews.pieces import read
from workers.previews.view import View, fit


def test_a_single_chair_is_not_blown_up() -> None:
    """It stands in the middle of a sheet of a few metres."""
    view = fit(read([element("FURNITURE", (100, 200, 50, 50))]))

    assert (view.width, view.height) == (360, 270)
    assert (view.x + view.width / 2, view.y + view.height / 2) == (125, 225)


@pytest.mark.parametrize("size", [(2_000, 300), (300, 2_000)])
def test_the_longer_side_decides(size: tuple[float, float]) -> None:
    """Wide and high plans both keep 7 % of margin on either side of what is longest."""
    view = fit(read(room(*size, thick=0.1)))
    across, down = size[0] / view.width, size[1] / view.height

    assert max(across, down) == pytest.approx(0.86, abs=0.001)
    assert view.width / view.height == pytest.approx(4 / 3)


def test_what_strayed_does_not_count() -> None:
    """Neither a chair ten kilometres away nor a wall as long makes the room too small to see."""
    plan = room(400, 300)
    chair = element("FURNITURE", (990_000, -990_000, 50, 50))
    wall = element("WALL", (0, 0, 1_000_000, 16))

    assert fit(read([*plan, chair, wall])) == fit(read(plan))


def test_where_all_is_far_apart_all_of_it_counts() -> None:
    """A canvas of nothing but one endless wall shows that wall."""
    view = fit(read([element("WALL", (-500_000, 0, 1_000_000, 16))]))

    assert view.x < -500_000 < 500_000 < view.x + view.width


def test_lines_are_seen_at_any_scale() -> None:
    """Their width is between 1.2 and 2.6 pixels of the sheet."""
    for width in (10, 360, 1_000, 100_000):
        view = View(0, 0, width, width * 3 / 4)
        assert 1.19 < view.pen / view.pixel < 2.61

"""Rows as pieces: what is known of each, and where it lies."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.element import ElementKind
from tests.previews.plans import element
from workers.previews.pieces import Piece, read


def piece(rotation: float = 0) -> Piece:
    """Return a box of 300 × 20 at (0, 0)."""
    [found] = read([element("WALL", (0, 0, 300, 20), rotation=rotation)])
    return found


def test_what_is_known_of_a_row() -> None:
    """Names in small letters, colours too; what is missing is empty."""
    [found] = read([element("FURNITURE", (1, 2, 30, 40), rotation=-90, order="V", item=" Sofa", colour="#A1B2C3")])

    assert found == Piece(
        "V", "FURNITURE1:2", "FURNITURE", 1, 2, 30, 40, 270, "sofa", "#a1b2c3", text="", size=0, swing=""
    )


@pytest.mark.parametrize("kind", ElementKind)
def test_every_kind_of_the_model_is_drawn(kind: ElementKind) -> None:
    """A kind that is added there must be added here."""
    assert read([element(kind, (0, 0, 10, 10))])


def test_pieces_come_from_bottom_to_top() -> None:
    """By their order keys, as MongoDB compares them, then by their own."""
    boxes = [(element("WALL", (x, 0, 5, 5), order=order)) for x, order in ((1, "b"), (2, "B"), (4, "B"), (3, "1"))]

    assert [found.x for found in read(boxes)] == [3, 2, 4, 1]


def test_a_quarter_turn_is_exact() -> None:
    """So that walls that meet at right angles do so to the millimetre."""
    assert piece(90).corners() == [(160, -140), (160, 160), (140, 160), (140, -140)]
    assert piece(180).corners() == [(300, 20), (0, 20), (0, 0), (300, 0)]
    assert piece(90).reach == (10, 150)


@given(st.floats(-360, 360))
def test_a_turn_keeps_lengths_and_the_middle(rotation: float) -> None:
    """And all corners lie within the piece's reach."""
    turned = piece(rotation)
    corners = turned.corners()
    (x, y), (across, down) = turned.centre, turned.reach

    assert math.dist(corners[0], corners[1]) == pytest.approx(300)
    assert math.dist(corners[1], corners[2]) == pytest.approx(20)
    assert sum(i for i, _ in corners) / 4 == pytest.approx(x)
    assert max(i for i, _ in corners) == pytest.approx(x + across)
    assert max(j for _, j in corners) == pytest.approx(y + down)

"""What batches did, in numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.activity import tally
from models.canvas import Canvas, apply
from models.edits import Edit, MoveElement, RemoveElement, SetElement, undoing
from tests.models.test_canvas import add, drawn, edits, living


def did(canvas: Canvas, *batch: Edit) -> tuple[int, int, int]:
    """Apply a batch: how many elements it added, changed and removed."""
    found = tally(apply(canvas, batch).effective)
    return found["added"], found["changed"], found["removed"]


def test_each_element_counts_once() -> None:
    """Given edits of the same elements again and again, then each element counts by what became of it."""
    canvas = drawn(add("room"), add("sofa", parent="room"), add("lamp"))
    assert did(canvas, SetElement(key="lamp", x=1), SetElement(key="lamp", y=1), MoveElement(key="lamp")) == (0, 1, 0)
    assert did(canvas, add("rug"), SetElement(key="rug", x=1)) == (1, 0, 0)
    assert did(canvas, SetElement(key="sofa", x=1), RemoveElement(key="room")) == (0, 0, 2)
    assert did(canvas, add("vase"), RemoveElement(key="vase")) == (1, 0, 1)


def test_what_is_dropped_does_not_count() -> None:
    """Given edits that cannot apply, then they did nothing."""
    assert did(drawn(add("lamp")), add("lamp"), SetElement(key="nowhere", x=1)) == (0, 0, 0)


@given(st.lists(edits, max_size=12), st.lists(edits, min_size=1, max_size=12))
def test_the_numbers_are_those_of_the_canvas(before: list[Edit], batch: list[Edit]) -> None:
    """Given any batch, then the canvas has so many elements more or less, and its undoing removes what it added."""
    canvas = Canvas({})
    apply(canvas, before)
    former = living(canvas)
    outcome = apply(canvas, batch)
    found, present = tally(outcome.effective), living(canvas)
    assert len(present) - len(former) == found["added"] - found["removed"]
    altered = [key for key in former.keys() & present.keys() if former[key] != present[key]]
    assert len(altered) <= found["changed"]
    undone = tally(apply(canvas, undoing(outcome.inverse)).effective)
    assert undone["added"] - undone["removed"] == found["removed"] - found["added"]

"""The canvas: every rule of merging edits, and that the inverse of a batch undoes it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.canvas import Canvas, Dropped, Outcome, Reason, apply, replay, restore
from models.edits import (
    MOST_EDITS,
    AddElement,
    Edit,
    MoveElement,
    RemoveElement,
    SetElement,
    check_size,
    named,
    undoing,
)
from models.element import Shape
from models.errors import InvalidInputError
from models.fractional import order_after

Json = dict[str, Any]
SHAPE: Json = {"kind": "FURNITURE", "x": 0, "y": 0, "width": 100, "height": 50}


def add(key: str, **fields: Any) -> AddElement:
    """Make an edit that adds a piece of furniture."""
    return AddElement(key=key, shape=Shape(**{**SHAPE, **fields}))


def deep(levels: int) -> list[Any]:
    """Make a list of lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def drawn(*edits: Edit) -> Canvas:
    """Give a canvas on which these edits took effect."""
    canvas = Canvas({})
    assert apply(canvas, edits).dropped == []
    return canvas


def living(canvas: Canvas) -> dict[str, Json]:
    """Return what can be seen of a canvas."""
    return {key: deepcopy(element) for key, element in canvas.elements.items() if not element["removed"]}


def undo(canvas: Canvas, inverse: list[Json]) -> Outcome:
    """Apply an inverse; all of it takes effect."""
    outcome = apply(canvas, undoing(inverse))
    assert outcome.dropped == []
    return outcome


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (add("wall"), Reason.KEY_USED),
        (add("gone"), Reason.KEY_USED),
        (add("new", parent="nowhere"), Reason.PARENT_MISSING),
        (add("new", parent="gone"), Reason.PARENT_MISSING),
        (add("new", parent="new"), Reason.PARENT_MISSING),
        (SetElement(key="nowhere", x=1), Reason.MISSING),
        (SetElement(key="gone", x=1), Reason.REMOVED),
        (RemoveElement(key="nowhere"), Reason.MISSING),
        (RemoveElement(key="gone"), Reason.REMOVED),
        (MoveElement(key="nowhere"), Reason.MISSING),
        (MoveElement(key="gone"), Reason.REMOVED),
        (MoveElement(key="wall", parent="nowhere"), Reason.PARENT_MISSING),
        (MoveElement(key="wall", parent="gone"), Reason.PARENT_MISSING),
        (MoveElement(key="wall", parent="wall"), Reason.CYCLE),
        (MoveElement(key="wall", parent="window"), Reason.CYCLE),
        (MoveElement(key="wall", parent="handle"), Reason.CYCLE),
    ],
)
def test_an_edit_that_cannot_apply_is_dropped_whole(edit: Edit, reason: Reason) -> None:
    """Given a canvas, when an edit cannot apply, then nothing changes and its place and the reason are told."""
    canvas = drawn(
        add("wall"),
        add("window", parent="wall"),
        add("handle", parent="window"),
        add("gone"),
        RemoveElement(key="gone"),
    )
    before = deepcopy(canvas)
    outcome = apply(canvas, [SetElement(key="wall"), edit])
    assert outcome.dropped == [Dropped(1, reason)]
    assert [effect["key"] for effect in outcome.effective] == ["wall"]
    assert canvas == before


def test_a_full_canvas_takes_nothing_until_something_goes() -> None:
    """Given room for one element, when two are added, then the second is dropped; removing a subtree makes room."""
    canvas = Canvas({}, room_left=2)
    outcome = apply(
        canvas,
        [add("a"), add("b", parent="a"), add("c"), RemoveElement(key="a"), add("d"), add("e"), add("f")],
    )
    assert outcome.dropped == [Dropped(2, Reason.FULL), Dropped(6, Reason.FULL)]
    assert set(living(canvas)) == {"d", "e"}


def test_removing_takes_what_is_inside() -> None:
    """Given a table with a vase with a flower, when the table is removed, then all go, a neighbour stays."""
    canvas = drawn(add("table"), add("vase", parent="table"), add("flower", parent="vase"), add("chair"))
    outcome = apply(canvas, [RemoveElement(key="table"), SetElement(key="flower", x=1)])
    assert set(living(canvas)) == {"chair"}
    assert outcome.dropped == [Dropped(1, Reason.REMOVED)]
    assert outcome.changed == {"table", "vase", "flower"}
    assert sorted(outcome.effective[0]["keys"]) == ["flower", "table", "vase"]


def test_what_left_an_element_is_not_removed_with_it() -> None:
    """Given a vase that was moved off its table, when the table is removed, then the vase stays."""
    canvas = drawn(add("table"), add("vase", parent="table"), MoveElement(key="vase"), RemoveElement(key="table"))
    assert set(living(canvas)) == {"vase"}


def test_the_later_edit_wins_property_by_property() -> None:
    """Given two patches of one element, then each property has the value of the last that named it."""
    canvas = drawn(add("a"), SetElement(key="a", x=1, y=1), SetElement(key="a", x=2, rotation=90))
    assert {name: canvas.elements["a"][name] for name in ("x", "y", "rotation")} == {"x": 2, "y": 1, "rotation": 90}


def test_props_are_merged_and_null_takes_one_away() -> None:
    """Given props, when some are patched, then others stay, nulls go, and a null given at the start is none."""
    canvas = drawn(
        add("a", props={"colour": "red", "wood": "oak", "none": None}),
        SetElement(key="a", props={"colour": None, "legs": {"count": 4}}),
    )
    assert canvas.elements["a"]["props"] == {"wood": "oak", "legs": {"count": 4}}


def test_a_new_element_goes_on_top() -> None:
    """Given a canvas with a top, when elements are added or moved without an order key, then each is above the last."""
    canvas = Canvas({}, top="k")
    apply(canvas, [add("a"), add("b", order="zz"), add("c"), MoveElement(key="a"), MoveElement(key="b", order="A")])
    order = {key: element["order"] for key, element in canvas.elements.items()}
    assert order["b"] == "A"
    assert "zz" < order["c"] < order["a"]


def test_what_takes_effect_is_told_in_full() -> None:
    """Given a batch, then the log's edits hold what clients need to repeat it: shape, order and parent included."""
    outcome = apply(Canvas({}), [add("a", order="V", props={"n": 1}), MoveElement(key="a", order="W")])
    assert outcome.effective == [
        {"edit": "add", "key": "a", **SHAPE, "rotation": 0, "parent": None, "order": "V", "props": {"n": 1}},
        {"edit": "move", "key": "a", "parent": None, "order": "W"},
    ]


def test_what_must_be_known_before_is_told() -> None:
    """Given edits, then the keys that they name must be known; parents are living or missing."""
    batch = [add("a", parent="b"), SetElement(key="c"), *undoing([{"edit": "revive", "key": "d", "keys": ["d", "e"]}])]
    assert named(batch) == {"a", "c", "d", "e"}


def test_a_batch_is_neither_empty_nor_huge() -> None:
    """Given a batch of no edit or of too many, when its size is checked, then it is refused and the bound is named."""
    check_size(1)
    check_size(MOST_EDITS)
    for count in (0, MOST_EDITS + 1):
        with pytest.raises(InvalidInputError, match=f"1 to {MOST_EDITS} edits; this one has {count}"):
            check_size(count)


@given(st.from_regex(r"[0-9A-Za-z]{1,64}", fullmatch=True))
def test_the_order_key_after_another_is_later_and_valid(key: str) -> None:
    """Given any order key but the very last, then the one after it sorts behind it and is a valid key."""
    after = order_after(key)
    assert after > key or key == "z" * 64
    assert add("a", order=after).shape.order == after


@pytest.mark.parametrize(
    "key", ["", "z", "zzzzz", "zzzzzz", "zzzzzy", "z" * 63, "z" * 63 + "y", "z" * 10 + "a" * 54, "0"]
)
def test_the_order_key_after_an_edge_case_is_later(key: str) -> None:
    """Given keys at the ends of the range, then the one after sorts behind and is not too long."""
    assert key < order_after(key)
    assert len(order_after(key)) <= 64


def test_a_long_run_of_new_elements_keeps_its_order() -> None:
    """Given no order keys at all, when hundreds are made in a row, then they are sorted and six characters long."""
    keys = [order_after("")]
    while len(keys) < 500:
        keys.append(order_after(keys[-1]))
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {6}


names = st.sampled_from("abcdef")
numbers = st.integers(-5, 5).map(float)
props = st.dictionaries(st.sampled_from("pqr"), st.none() | st.integers(0, 3), max_size=3)
edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(lambda key, parent, given: add(key, parent=parent, props=given), names, st.none() | names, props),
    st.builds(SetElement, key=names, x=st.none() | numbers, rotation=st.none() | numbers, props=st.none() | props),
    st.builds(RemoveElement, key=names),
    st.builds(MoveElement, key=names, parent=st.none() | names, order=st.none() | st.sampled_from(["A", "zz"])),
)


@given(st.lists(edits, max_size=12), st.lists(edits, min_size=1, max_size=12))
def test_the_inverse_of_a_batch_undoes_it(first: list[Edit], second: list[Edit]) -> None:
    """Given any canvas, when any batch is applied and then its inverse, then what can be seen is as before."""
    canvas = Canvas({})
    apply(canvas, first)
    before = living(canvas)
    undo(canvas, apply(canvas, second).inverse)
    assert living(canvas) == before


@given(st.lists(edits, max_size=12), st.lists(edits, min_size=1, max_size=12))
def test_the_inverse_of_an_inverse_is_the_batch_again(first: list[Edit], second: list[Edit]) -> None:
    """Given a batch that was undone, when the undoing is undone, then what can be seen is as after the batch."""
    canvas = Canvas({})
    apply(canvas, first)
    inverse = apply(canvas, second).inverse
    after = living(canvas)
    undo(canvas, undo(canvas, inverse).inverse)
    assert living(canvas) == after


@given(st.lists(st.lists(edits, min_size=1, max_size=6), max_size=8), st.sets(st.integers(0, 7)))
def test_who_repeats_the_log_has_the_same_canvas(batches: list[list[Edit]], undone: set[int]) -> None:
    """Given any batches, some of them undone later, then to repeat what took effect leads to the same canvas."""
    canvas, follower = Canvas({}), Canvas({})
    outcomes = [apply(canvas, batch) for batch in batches]
    outcomes += [apply(canvas, undoing(outcomes[index].inverse)) for index in sorted(undone) if index < len(batches)]
    for outcome in outcomes:
        replay(follower, outcome.effective)
    assert living(follower) == living(canvas)
    assert (follower.top, follower.room_left, follower.bytes_left) == (canvas.top, canvas.room_left, canvas.bytes_left)
    again = Canvas.of(canvas.elements)
    assert (again.room_left, again.bytes_left) == (canvas.room_left, canvas.bytes_left)


@given(st.lists(edits, max_size=12), st.lists(edits, min_size=1, max_size=12))
def test_a_batch_that_was_not_written_leaves_no_trace(first: list[Edit], second: list[Edit]) -> None:
    """Given a canvas, when a batch is rolled back, then it is as it was."""
    canvas = Canvas({})
    apply(canvas, first)
    canvas.keep()
    before = deepcopy(canvas)
    apply(canvas, second)
    canvas.roll_back()
    assert canvas == before
    canvas.roll_back()
    assert canvas == before


@given(
    st.lists(edits, max_size=12),
    st.lists(edits, max_size=12),
    st.lists(st.lists(edits, min_size=1, max_size=4), max_size=3),
)
def test_a_version_is_restored_exactly(first: list[Edit], second: list[Edit], third: list[list[Edit]]) -> None:
    """Given a canvas as it was once, then it is that again, also for who repeats the log."""
    canvas, follower = Canvas({}), Canvas({})
    outcomes = [apply(canvas, first)]
    once = living(canvas)
    outcomes.append(apply(canvas, second))
    before = living(canvas)
    restored = restore(canvas, once)
    outcomes.append(restored)
    assert living(canvas) == once
    outcomes += [apply(canvas, batch) for batch in third]
    for outcome in outcomes:
        replay(follower, outcome.effective)
    assert living(follower) == living(canvas)
    if not third:
        undone = apply(canvas, undoing(restored.inverse))
        if not undone.dropped:  # two elements that were in each other, one after the other, cannot both go back
            assert living(canvas) == before
        assert {dropped.reason for dropped in undone.dropped} <= {Reason.CYCLE}


def test_to_restore_what_is_there_does_nothing() -> None:
    """Given a canvas as it is, then nothing takes effect."""
    canvas = drawn(add("a", props={"colour": "red"}), add("b", parent="a"))
    outcome = restore(canvas, living(canvas))
    assert (outcome.effective, outcome.inverse, outcome.changed) == ([], [], set())


def test_an_undo_meets_what_came_after() -> None:
    """Given a removal, when its parent has gone since or somebody undid it before, then the undo says so."""
    canvas = drawn(add("room"), add("table", parent="room"), add("cup", parent="table"))
    removal = undoing(apply(canvas, [RemoveElement(key="table")]).inverse)
    apply(canvas, [RemoveElement(key="room")])
    assert apply(canvas, removal).dropped == [Dropped(0, Reason.PARENT_MISSING)]
    again = drawn(add("table"), add("cup", parent="table"))
    first = apply(again, [RemoveElement(key="cup")])
    second = apply(again, [RemoveElement(key="table")])
    undo(again, first.inverse[:0])
    assert [each["key"] for each in undo(again, second.inverse).effective] == ["table"]
    undo(again, first.inverse)
    assert apply(again, undoing(first.inverse)).dropped == [Dropped(0, Reason.KEY_USED)]
    assert set(living(again)) == {"table", "cup"}


def test_a_canvas_has_so_many_bytes() -> None:
    """Given little room, then neither an element nor a patch that exceeds it takes effect; to remove makes room."""
    canvas = Canvas({}, bytes_left=400)
    big = {"text": "x" * 150}
    assert apply(canvas, [add("a", props=big), add("b", props=big)]).dropped == [Dropped(1, Reason.FULL)]
    assert apply(canvas, [SetElement(key="a", props={"more": "x" * 200})]).dropped == [Dropped(0, Reason.FULL)]
    outcome = apply(canvas, [RemoveElement(key="a"), add("b", props=big)])
    assert outcome.dropped == []
    assert apply(canvas, undoing(outcome.inverse[-1:])).dropped == [Dropped(0, Reason.FULL)]
    assert canvas.bytes_left == 400 - len(orjson.dumps(canvas.elements["b"]))


def test_props_are_bounded_whatever_is_added_to_them() -> None:
    """Given props near their bound, when a patch would exceed it, then it is dropped."""
    canvas = drawn(add("a", props={"one": "x" * 10_000}))
    assert apply(canvas, [SetElement(key="a", props={"two": "x" * 10_000})]).dropped == [Dropped(0, Reason.FULL)]


@given(st.lists(edits, max_size=20))
def test_a_canvas_stays_a_forest_whatever_is_done(batch: list[Edit]) -> None:
    """Given any batch, then each edit took effect or was dropped, and every parent of what is seen is seen."""
    canvas = Canvas({}, room_left=4)
    outcome = apply(canvas, batch)
    assert len(outcome.effective) + len(outcome.dropped) == len(batch)
    seen = living(canvas)
    assert len(seen) == 4 - canvas.room_left
    for element in seen.values():
        steps = 0
        while element["parent"] is not None:
            element = seen[element["parent"]]  # noqa: PLW2901 - walks up
            steps += 1
            assert steps <= len(seen)
    assert set(seen) <= set(canvas.elements)
    assert {effect["key"] for effect in outcome.effective} <= outcome.changed


@pytest.mark.parametrize(
    "make",
    [
        lambda: add("a", x=float("nan")),
        lambda: add("a", x=float("inf")),
        lambda: add("a", width=-1),
        lambda: add("a", height=1e7),
        lambda: add("a", rotation=361),
        lambda: add("a", order="ñ"),
        lambda: add("a", order="a\n"),
        lambda: add("a", order="a" * 65),
        lambda: add("a b"),
        lambda: add(""),
        lambda: add("a", parent="b/c"),
        lambda: add("a", kind="CAR"),
        lambda: add("a", colour="red"),
        lambda: add("a", props={"a.b": 1}),
        lambda: add("a", props={"$set": 1}),
        lambda: add("a", props={"": 1}),
        lambda: add("a", props={"long": "x" * 17_000}),
        lambda: add("a", props={"text": "x" * 2001}),
        lambda: add("a", props={"item": 7}),
        lambda: add("a", props={"asset": {"id": 1}}),
        lambda: add("a", props={"sill": True}),
        lambda: SetElement(key="a", props={"elevation": 1e5}),
        lambda: add("a", props={"number": 2**63}),
        lambda: add("a", props={"number": float("nan")}),
        lambda: add("a", props={"inside": {"a\0b": 1}}),
        lambda: add("a", props={"deep": deep(200)}),
        lambda: add("a", props={"thing": object()}),
        lambda: SetElement(key="a", props={"a.b": None}),
        lambda: SetElement.model_validate({"key": "a", "kind": "WALL"}),
    ],
)
def test_a_value_out_of_bounds_is_refused(make: Callable[[], Edit]) -> None:
    """Given a value that no element may have, when an edit is made of it, then it is refused before any canvas."""
    with pytest.raises(pydantic.ValidationError):
        make()

"""Making room between siblings: nobody's order changes, keys are short, and everybody comes to the same canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.canvas import Canvas, Outcome, apply, replay
from models.edits import Edit, MoveElement, RemoveElement, SetElement, undoing
from models.fractional import spread
from models.rebalancing import LONGEST_KEY, apply_and_rebalance
from tests.models.test_canvas import add, living, undo

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LONG = "V" * 40

keys = st.sampled_from("abcdefgh")
parents = st.none() | st.sampled_from("ab")
orders = st.sampled_from(["A", "A0", "V", "V00", "V" * 33, LONG, LONG + "1", LONG + "0", "z" * 64, "0", "0" * 64])
edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(lambda key, parent, order: add(key, parent=parent, order=order), keys, parents, st.none() | orders),
    st.builds(MoveElement, key=keys, parent=parents, order=st.none() | orders),
    st.builds(MoveElement, key=keys, parent=parents, order=st.none() | orders),
    st.builds(RemoveElement, key=keys),
    st.builds(SetElement, key=keys, x=st.just(1.0)),
)
batches = st.lists(edits, min_size=1, max_size=8)


def siblings(canvas: Canvas) -> dict[str | None, list[str]]:
    """Return what lies in each parent, in order."""
    found: dict[str | None, list[str]] = {}
    for key, element in sorted(living(canvas).items(), key=lambda item: (item[1]["order"], item[0])):
        found.setdefault(element["parent"], []).append(key)
    return found


def otherwise(canvas: Canvas) -> dict[str, dict[str, Any]]:
    """Return what can be seen of a canvas, except order keys."""
    return {key: {**element, "order": None} for key, element in living(canvas).items()}


def drawn(*done: list[Edit]) -> Canvas:
    """Give a canvas on which these batches took effect."""
    canvas = Canvas({})
    for number, batch in enumerate(done):
        apply_and_rebalance(canvas, batch, f"drawn {number}")
    return canvas


def middle(low: str, high: str | None) -> str:
    """Return the shortest key about half-way between two, as a client that halves the gap would; they differ."""
    key = ""
    for at in range(200):
        first = DIGITS.index(low[at]) if at < len(low) else 0
        last = DIGITS.index(high[at]) if high is not None and at < len(high) else 0 if high else len(DIGITS)
        if last - first > 1:
            return key + DIGITS[(first + last) // 2]
        key += DIGITS[first]
        if last > first:
            high = None
    raise AssertionError("There is nothing between them.")


@given(batches, batches)
def test_nobody_changes_places(first: list[Edit], second: list[Edit]) -> None:
    """Given any batch, then siblings are in the order that it gave them, and nothing else of any element changes."""
    canvas = drawn(first)
    plain = deepcopy(canvas)
    outcome, expected = apply_and_rebalance(canvas, second, "b"), apply(plain, second)
    assert siblings(canvas) == siblings(plain)
    assert otherwise(canvas) == otherwise(plain)
    told = len(expected.effective)
    assert outcome.effective[:told] == expected.effective
    assert {edit["edit"] for edit in outcome.effective[told:]} <= {"move"}
    assert outcome.dropped == expected.dropped


@given(batches, batches)
def test_what_was_put_somewhere_has_room(first: list[Edit], second: list[Edit]) -> None:
    """Given any batch, then what it put somewhere has a short key, and no sibling has one that leaves no room."""
    canvas = drawn(first)
    outcome = apply_and_rebalance(canvas, second, "b")
    seen = living(canvas)
    bare = [(element["parent"], element["order"].rstrip("0")) for element in seen.values()]
    for key in {edit["key"] for edit in outcome.effective if edit["edit"] in {"add", "move"}} & seen.keys():
        order = seen[key]["order"]
        assert len(order) <= LONGEST_KEY
        assert bare.count((seen[key]["parent"], order.rstrip("0"))) == 1


@given(st.lists(batches, max_size=5), st.sets(st.integers(0, 4)))
def test_who_repeats_the_log_has_the_same_canvas(done: list[list[Edit]], undone: set[int]) -> None:
    """Given any batches, some of them undone, then to repeat what took effect leads to the same keys."""
    canvas, follower = Canvas({}), Canvas({})
    outcomes = [apply_and_rebalance(canvas, batch, str(number)) for number, batch in enumerate(done)]
    undone_ones = [outcomes[index] for index in sorted(undone) if index < len(done)]
    outcomes += [apply_and_rebalance(canvas, undoing(each.inverse), "undo") for each in undone_ones]
    for outcome in outcomes:
        replay(follower, outcome.effective)
        assert {edit["key"] for edit in outcome.effective} <= outcome.changed
    assert living(follower) == living(canvas)
    assert (follower.top, follower.room_left, follower.bytes_left) == (canvas.top, canvas.room_left, canvas.bytes_left)


@given(batches, batches)
def test_the_inverse_brings_everything_back_to_its_place(first: list[Edit], second: list[Edit]) -> None:
    """Given any batch that is undone, then everything is as before but for order keys, also when it is done again."""
    canvas = drawn(first)
    before, order = otherwise(canvas), siblings(canvas)
    outcome = apply_and_rebalance(canvas, second, "b")
    after, then = otherwise(canvas), siblings(canvas)
    back = undo(canvas, outcome.inverse)
    assert (otherwise(canvas), siblings(canvas)) == (before, order)
    undo(canvas, back.inverse)
    assert (otherwise(canvas), siblings(canvas)) == (after, then)


@given(batches, batches)
def test_the_same_batch_does_the_same_wherever_it_is_applied(first: list[Edit], second: list[Edit]) -> None:
    """Given a batch that was not written, when it is applied again, then it does what it did."""
    canvas = drawn(first)
    canvas.keep()
    before = deepcopy(canvas)
    outcome = apply_and_rebalance(canvas, second, "b")
    canvas.roll_back()
    assert canvas == before
    assert apply_and_rebalance(canvas, second, "b") == outcome


PLACES: dict[str, Callable[[int], int]] = {
    "above the newest": lambda made: made + 1,
    "below the newest": lambda _: 1,
    "between two that alternate": lambda made: made // 2 + 1,
    "anywhere": lambda made: 1 + made * 7919 % (made + 1),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_five_thousand_inserts_at_one_place_stay_short(place: Callable[[int], int]) -> None:
    """Given a client that halves the gap, when it puts 5,000 elements at one place, then keys are short, moves are few.

    A key that nobody shortens would be 835 characters long in the end, where 64 are allowed.
    """
    canvas = drawn([add("first", order="V"), add("last", order="W")])
    row, moves = ["first", "last"], 0
    while len(row) < 5002:
        batch: list[Edit] = []
        made = {key: canvas.elements[key]["order"] for key in row}
        for _ in range(min(10, 5002 - len(row))):
            at, key = place(len(row) - 2), f"e{len(row)}"
            made[key] = middle(made[row[at - 1]], made[row[at]])
            batch.append(add(key, order=made[key]))
            row.insert(at, key)
        outcome = apply_and_rebalance(canvas, batch, str(len(row)))
        assert outcome.dropped == []
        moves += len(outcome.effective) - len(batch)
        assert max(len(canvas.elements[edit["key"]]["order"]) for edit in outcome.effective) <= LONGEST_KEY
    assert siblings(canvas)[None] == row
    assert len({canvas.elements[key]["order"] for key in row}) == len(row)
    assert moves <= 10 * len(row)


def test_a_batch_of_equal_keys_is_spread_where_it_lies() -> None:
    """Given elements put at one key, some of them there before, then they have keys of their own between the others."""
    canvas = drawn([add("low", order="A"), add("high", order="C"), add("there", order="B")])
    outcome = apply_and_rebalance(canvas, [add(f"e{n:03}", order="B") for n in range(400)], "b")
    assert siblings(canvas)[None] == ["low", *(f"e{n:03}" for n in range(400)), "there", "high"]
    assert moved(outcome) == {f"e{n:03}" for n in range(400)}
    assert {canvas.elements[key]["order"] for key in ("low", "there", "high")} == {"A", "B", "C"}


def test_siblings_that_were_alike_for_long_are_told_apart_when_one_more_comes() -> None:
    """Given many of equal order from before anybody saw to it, when another comes among them, then all have room."""
    canvas = Canvas({})
    apply(canvas, [add("low", order="A"), *(add(f"e{n:03}", order="B") for n in range(300)), add("high", order="C")])
    before = siblings(canvas)[None]
    apply_and_rebalance(canvas, [MoveElement(key="e150", order="B00")], "b")
    assert siblings(canvas)[None] == [*(key for key in before if key not in {"e150", "high"}), "e150", "high"]
    apply_and_rebalance(canvas, [MoveElement(key="e151", order="B")], "c")
    orders = [canvas.elements[f"e{n:03}"]["order"] for n in range(300)]
    assert len(set(orders)) == 300


def test_what_goes_on_top_moves_nobody() -> None:
    """Given elements without order keys, then each has the key that it would have had, and there is no move."""
    canvas, plain = drawn([add("a"), add("b")]), drawn([add("a"), add("b")])
    batch: list[Edit] = [add("c"), MoveElement(key="a"), add("d", parent="a")]
    assert apply_and_rebalance(canvas, batch, "b") == apply(plain, batch)


def test_the_very_last_key_is_not_the_end() -> None:
    """Given the last key that there is, then elements that go on top of it are above it and each other all the same."""
    canvas = drawn([add("a", order="z" * 64)])
    for number in range(20):
        apply_and_rebalance(canvas, [add(f"e{number:02}")], str(number))
    assert siblings(canvas)[None] == ["a", *(f"e{number:02}" for number in range(20))]
    assert max(len(element["order"]) for element in living(canvas).values()) <= LONGEST_KEY


def test_other_parents_are_left_alone() -> None:
    """Given equal keys in two parents, then siblings move, and nobody else."""
    canvas = drawn([add("a", order="A"), add("b", order="B"), add("in", parent="a", order="C"), add("out", order="C")])
    assert moved(apply_and_rebalance(canvas, [add("new", parent="a", order="C")], "b")) == {"new"}
    assert canvas.elements["out"]["order"] == "C"


def moved(outcome: Outcome) -> set[str]:
    """Return what a batch moved."""
    return {edit["key"] for edit in outcome.effective if edit["edit"] == "move"}


bounds = st.text(DIGITS, max_size=20)


@given(bounds, st.none() | bounds.filter(bool), st.integers(1, 300), st.integers())
def test_keys_are_spread_between_two_others(low: str, high: str | None, count: int, seed: int) -> None:
    """Given two keys, then those between are in order, short, and have room, or there is too little for so many."""
    if high is not None and low > high:
        low, high = high, low
    made = spread(low, high, count, Random(seed))  # noqa: S311 - no secret
    if made is None:
        assert high is not None
        return
    assert len(made) == count
    assert max(map(len, made)) <= 18
    ends: Iterable[str] = [low, *made] if high is None else [low, *made, high]
    assert [*ends] == sorted(set(ends))
    for first, second in pairwise(made):
        assert len(middle(first, second)) <= len(first)

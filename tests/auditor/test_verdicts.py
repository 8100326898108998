"""What counts as stale: by cases, and in random histories of edges that follow the rules or miss a write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.stream import EntryId
from workers.auditor.verdicts import Held, differs, stale

LAG = 2
ROW: dict[str, Any] = {
    "key": "k",
    "id": "ab" * 32,
    "operation": "Shelf",
    "variables": {"first": 2},
    "digest": "old",
    "as_of": "5-0",
    "age": 3,
    "tags": "",
    "ranges": "",
}
HELD = Held.decode(ROW)


def test_the_same_answer_that_still_differs_is_stale() -> None:
    """Given a suspect that is held as it was, older by now, when the origin still differs, then it is stale."""
    assert differs(HELD, "new")
    assert stale(HELD, replace(HELD, age=5), "new")
    assert stale(HELD, HELD, "newer still")


@pytest.mark.parametrize(
    ("now", "origin"),
    [
        (None, "new"),
        (replace(HELD, as_of=EntryId(9, 0)), "new"),
        (replace(HELD, as_of=EntryId(9, 0), digest="new"), "newer"),
        (replace(HELD, digest="new"), "newer"),
        (HELD, "old"),
    ],
    ids=["dropped", "fetched anew and the same again", "fetched anew", "another body", "the data went back"],
)
def test_a_write_on_its_way_is_no_finding(now: Held | None, origin: str) -> None:
    """Given a suspect, when it was dropped or fetched anew, or the origin agrees again, then it is not stale."""
    assert not stale(HELD, now, origin)


@pytest.mark.parametrize("name", ROW)
@pytest.mark.parametrize("value", [None, [], b""])
def test_what_is_no_answer_is_refused(name: str, value: object) -> None:
    """Given a row that lacks something, or has it in another type, then the error names it."""
    with pytest.raises(ValueError, match=f"^{name} "):
        Held.decode(ROW | {name: value})
    with pytest.raises(ValueError, match="object"):
        Held.decode([])
    with pytest.raises(ValueError, match="stream id"):
        Held.decode(ROW | {"as_of": "now"})


@dataclass
class Small:
    """One cell of data, the edge that keeps an answer from it, and a clock of whole seconds.

    The data's history is (id, value); the edge applies each write at most `LAG` seconds after it, or never if it is
    one that it misses. An answer is read as of what the API knew, which may be behind.
    """

    missed: frozenset[int] = frozenset()
    now: int = 0
    history: list[tuple[int, str]] = field(default_factory=lambda: [(0, "a")])
    due: list[tuple[int, int]] = field(default_factory=list)  # (when at the latest, id)
    applied: int = 0
    held: Held | None = None

    def write(self, value: str) -> None:
        """Change the data."""
        id_ = self.history[-1][0] + 1
        self.history.append((id_, value))
        self.due.append((self.now + LAG, id_))

    def apply(self, id_: int) -> None:
        """Have the edge apply everything up to a write."""
        for one in range(self.applied + 1, id_ + 1):
            if self.held is not None and one not in self.missed and self.held.as_of < EntryId(one, 0):
                self.held = None
        self.applied = max(self.applied, id_)
        self.due = [(when, other) for when, other in self.due if other > self.applied]

    def tick(self) -> None:
        """Let a second pass; what the edge must have applied by then it has."""
        self.now += 1
        self.apply(max((id_ for when, id_ in self.due if when <= self.now), default=0))

    def fetch(self, known: int, read: int) -> None:
        """Have the edge fetch an answer: `as_of` and the state it shows are between what is known and what there is."""
        newest = self.history[-1][0]
        as_of = min(known, newest)
        shows = max(as_of, min(read, newest))
        if not any(as_of < one <= self.applied and one not in self.missed for one in range(newest + 1)):
            self.held = replace(HELD, digest=self.history[shows][1], as_of=EntryId(as_of, 0))

    def origin(self, held: Held, read: int) -> str:
        """Ask the origin as of an answer's `as_of` or later."""
        return self.history[max(held.as_of.time, min(read, self.history[-1][0]))][1]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abc")),
        st.tuples(st.just("apply"), st.integers(0, 9)),
        st.tuples(st.just("fetch"), st.tuples(st.integers(0, 9), st.integers(0, 9))),
        st.tuples(st.just("evict"), st.none()),
        st.tuples(st.just("tick"), st.none()),
    ),
    max_size=6,
)


def _run(small: Small, taken: list[tuple[str, Any]]) -> None:
    for what, given_ in taken:
        match what:
            case "write":
                small.write(given_)
            case "apply":
                small.apply(min(given_, small.history[-1][0]))
            case "fetch":
                small.fetch(*given_)
            case "evict":
                small.held = None
            case _:
                small.tick()


moments = st.integers(0, 6)


@settings(max_examples=500)
@given(st.lists(st.sampled_from("abc"), max_size=3), st.tuples(moments, moments), steps, steps, steps, moments, moments)
def test_an_edge_that_follows_the_rules_is_never_accused(
    written: list[str],
    fetched: tuple[int, int],
    before: list[tuple[str, Any]],
    between: list[tuple[str, Any]],
    after: list[tuple[str, Any]],
    read: int,
    again: int,
) -> None:
    """Given any history, refetches, evictions and slow API processes, then nothing that differs is found stale."""
    small = Small()
    _run(small, [*(("write", value) for value in written), ("fetch", fetched), *before])
    then = small.held
    if then is None or not differs(then, small.origin(then, read)):
        return
    looked = small.now
    _run(small, between)
    while small.now < looked + LAG:
        small.tick()
    _run(small, after)
    if small.held is not None:
        assert not stale(then, small.held, small.origin(small.held, again))


@given(before=steps, value=st.sampled_from("bc"))
def test_an_edge_that_missed_a_write_is_found(before: list[tuple[str, Any]], value: str) -> None:
    """Given any history, when a write after it is missed and changes what is shown, then the answer is found stale."""
    small = Small()
    _run(small, before)
    small.apply(small.history[-1][0])
    small.missed = frozenset({small.history[-1][0] + 1})
    small.fetch(9**9, 9**9)
    then = small.held
    assert then is not None
    small.write(value)
    newest = small.history[-1][0]
    if not differs(then, small.origin(then, newest)):
        return
    for _ in range(LAG):
        small.tick()
    assert small.held is not None
    assert stale(then, small.held, small.origin(small.held, newest))

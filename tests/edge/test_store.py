"""The edge's memory: bounds, order of leaving, and an index by tag that is always right."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.dependencies import Dependencies, Touch, touch
from edge.plans import Plan
from edge.store import Store, Stored
from edge.stream import Change, EntryId

KEYS, TAGS = "abcdef", "pqrs"
PLAN = Plan("ab" * 32, "Shelf", "web", "PUBLIC", 300, 1, (), {}, "digest", types=("s",))
EMPTY = 1000  # what an answer of no bytes and no tags counts for


def moved(tag: str) -> Touch:
    """Make a change of a list; of the type where the tag is the one that all answers have."""
    return touch(Change(tag if tag == "s" else f"{tag}?"))


def answer(size: int = 0, tags: str = "", as_of: int = 1, **fields: Any) -> Stored:
    """Make an answer of `size` bytes."""
    given = {"stored_at": 0.0, "age": 0, "max_age": 60, **fields}
    dependencies = Dependencies.of((moved(tag).tag for tag in tags), "", {})
    return Stored(
        PLAN, b"", {"identity": b"x" * size}, "e", dependencies=dependencies, as_of=EntryId(as_of, 0), **given
    )


def test_an_answer_is_kept_until_it_is_too_old() -> None:
    """Given an answer that was 10 s old when it came and may be 60, then it is served for 50 s, and forgotten then."""
    store = Store(10**6)
    kept = answer(age=10, tags="p")
    store.put("a", kept)
    assert store.get("a", 49.9) is kept
    assert kept.age_at(49.9) == 59
    assert store.get("a", 50.0) is None
    assert (len(store), store.used) == (0, 0)
    assert store.get("b", 0.0) is None


def test_an_older_answer_never_replaces_a_newer_one() -> None:
    """Given an answer, when an older one arrives late, then the newer one stays; one as new takes its place."""
    store = Store(10**6)
    newer, older, equal = answer(as_of=5), answer(as_of=4), answer(as_of=5)
    store.put("a", newer)
    store.put("a", older)
    assert store.get("a", 0.0) is newer
    store.put("a", equal)
    assert store.get("a", 0.0) is equal
    assert store.used == equal.cost


def test_an_answer_that_would_crowd_out_the_rest_is_not_kept() -> None:
    """Given an answer larger than a tenth of the store, when it is put, then it is not kept and others stay."""
    store = Store(100_000)
    store.put("a", answer(9_000 - EMPTY))
    store.put("b", answer(10_001 - EMPTY))
    assert store.get("a", 0.0) is not None
    assert store.get("b", 0.0) is None


def test_an_aged_answer_is_kept_for_as_long_as_it_may_be_of_use() -> None:
    """Given an answer that may be stale for 10 s while it is asked for anew, and 30 s on errors, then 30 s it is."""
    store = Store(10**6)
    kept = answer(stale_while_revalidate=10, stale_if_error=30)
    store.put("a", kept)
    assert store.get("a", 89.0) is kept
    assert kept.remaining(70.0) == -10
    assert store.get("a", 90.0) is None


def test_a_full_store_stays_within_its_bounds() -> None:
    """Given a full store, when another answer comes, then one that nobody asked for goes, from the index too."""
    store = Store(100_000)
    for name in range(10):
        store.put(str(name), answer(10_000 - EMPTY - 32, tags="p"))
    for name in range(1, 10):
        store.get(str(name), 0.0)
        store.get(str(name), 0.0)
    store.put("new", answer(10_000 - EMPTY - 32, tags="p"))
    assert store.get("0", 0.0) is None
    assert store.used == 100_000
    assert store.invalidate(moved("p"), EntryId(2, 0)) == 10
    assert store.used == 0


def test_only_answers_made_before_the_change_are_dropped() -> None:
    """Given answers of several moments, when a tag moves, then those made before go, and their number is told."""
    store = Store(10**6)
    store.put("before", answer(tags="pq", as_of=4))
    store.put("at", answer(tags="p", as_of=5))
    store.put("other", answer(tags="s", as_of=1))
    assert [store.invalidate(moved(tag), EntryId(5, 0)) for tag in ("p", "q", "unknown")] == [1, 0, 0]
    assert store.get("before", 0.0) is None
    assert store.get("at", 0.0) is not None
    assert store.get("other", 0.0) is not None


class AnyUse(RuleBasedStateMachine):
    """Whatever is done to a store, it holds what a plain dictionary would, or less; and its books are right."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(40_000)
        self.model: dict[str, Stored] = {}
        self.now = 0.0

    @rule(key=st.sampled_from(KEYS), size=st.integers(0, 5000), tags=st.text(TAGS, max_size=3), as_of=st.integers(1, 9))
    def put(self, key: str, size: int, tags: str, as_of: int) -> None:
        """Put an answer; the model keeps it unless a newer one is there."""
        new = answer(size, tags, as_of, stored_at=self.now, max_age=5)
        self.store.put(key, new)
        if key not in self.held() or self.held()[key] is new:
            self.model[key] = new

    @rule(seconds=st.integers(0, 3))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    @rule(key=st.sampled_from(KEYS))
    def get(self, key: str) -> None:
        """Read: never what is too old, never anything but what was put."""
        found = self.store.get(key, self.now)
        assert found is None or (found is self.model[key] and found.age_at(self.now) < found.max_age)

    @rule(tags=st.text(TAGS, max_size=2), moved_at=st.integers(1, 10))
    def invalidate(self, tags: str, moved_at: int) -> None:
        """Move tags: nothing that depends on them and is older may stay, and nothing else may go."""
        before = self.held()
        touched = {moved(tag).tag for tag in tags}
        hit = {
            key
            for key, kept in before.items()
            if touched & set(kept.dependencies.tags) and kept.as_of < EntryId(moved_at, 0)
        }
        assert sum(self.store.invalidate(moved(tag), EntryId(moved_at, 0)) for tag in tags) == len(hit)
        assert set(self.held()) == set(before) - hit

    @rule()
    def clear(self) -> None:
        """Drop everything."""
        self.store.clear()
        assert len(self.store) == 0

    def held(self) -> dict[str, Stored]:
        """Return what the store holds, without reading it, which would change the order."""
        return dict(self.store.items())

    @invariant()
    def the_books_are_right(self) -> None:
        """Bytes add up, stay in bounds, and the index by tag names exactly what is held."""
        held = self.held()
        assert self.store.used == sum(kept.cost for kept in held.values()) <= self.store.capacity
        assert self.store.used_by["Shelf"] == self.store.used
        pairs = 0
        for tag in TAGS[:-1]:
            found = {self.store._slots[slot] for slot in self.store._index.find(moved(tag).tag)}  # noqa: SLF001
            assert found == {(key, kept) for key, kept in held.items() if moved(tag).tag in kept.dependencies}
            pairs += len(found)
        assert pairs == len(self.store._index)  # noqa: SLF001 - the books are what is tested


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_sample_is_drawn_from_all_that_suit() -> None:
    """Given answers and places that are free again, then every answer that suits is drawn sooner or later, alone."""
    store, chance = Store(10**7), Random(3)  # noqa: S311 - the same each time
    assert store.sample(5, chance, lambda _: True) == {}
    for number in range(400):
        store.put(str(number), answer(tags="p" if number % 2 else "q", as_of=number + 1))
    store.invalidate(moved("p"), EntryId(1000, 0))
    suiting = {str(number) for number in range(0, 400, 4)}
    seen: set[str] = set()
    for _ in range(500):
        drawn = store.sample(5, chance, lambda entry: entry.as_of.time % 4 == 1)
        assert len(drawn) == 5
        assert all(store.peek(key) is entry for key, entry in drawn.items())
        seen |= drawn.keys()
    assert seen == suiting
    assert len(store.sample(500, chance, lambda _: True)) <= 200
    assert store.sample(5, chance, lambda _: False) == {}

"""The rules of freshness, against a naive model that remembers everything."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from edge.coherence import PULSE_LIMIT, Coherence
from edge.dependencies import Dependencies
from edge.stream import START, Change, Entry, EntryId
from edge.tags import EVERYTHING, number, short

TAGS = ["a?", "b?", "c?", "d?"]


def on(*tags: str) -> Dependencies:
    """Make an answer's dependencies: whole lists."""
    return Dependencies.of((number(short(tag)) for tag in tags), "", {})


@dataclass
class Naive:
    """Remembers when each tag moved, for ever."""

    coherence: Coherence
    moved: list[tuple[EntryId, str]] = field(default_factory=list)

    def stale(self, tags: set[str], as_of: EntryId) -> bool:
        """Whether a tag, or everything, moved after a moment."""
        return any(id_ > as_of and (tag in tags or tag == EVERYTHING) for id_, tag in self.moved)


steps = st.lists(
    st.tuples(
        st.integers(0, 2),  # how far MongoDB's clock goes on
        st.lists(st.sampled_from([*TAGS, *TAGS, EVERYTHING]), max_size=3),
        st.sampled_from([False, False, False, True]),  # whether entries before this one were lost
    ),
    max_size=30,
)


@given(steps, st.integers(1, 4), st.sets(st.sampled_from(TAGS)), st.data())
def test_an_answer_is_never_kept_that_something_newer_hit(
    taken: list[tuple[int, list[str], bool]], window: int, tags: set[str], data: st.DataObject
) -> None:
    """Given any stream, gaps and forgetting, when it says that nothing moved, then truly nothing did.

    And without gaps, a window that forgot nothing says so whenever it is so.
    """
    naive = Naive(Coherence(window=window))
    coherence = naive.coherence
    tail = EntryId(1, 0)
    coherence.begin(tail)
    forgot = False
    for advance, changed, lost in taken:
        if lost:  # a change that this edge never hears of
            tail = EntryId(tail.time + 1, 0)
            naive.moved.append((tail, data.draw(st.sampled_from(TAGS))))
        id_ = EntryId(tail.time + advance, 0 if advance else tail.ordinal + 1)
        naive.moved += [(id_, tag) for tag in changed]
        dropped = coherence.apply(Entry(id_, tail, "", tuple(map(Change, changed))), 0.0)
        if lost or EVERYTHING in changed:
            assert dropped is None
            forgot = True
        else:
            assert dropped is not None
            assert [touched.name for touched in dropped] == changed
        tail = id_
        assert coherence.position == id_
    forgot = forgot or len(naive.moved) > window
    as_of = EntryId(data.draw(st.integers(0, tail.time + 1)), data.draw(st.integers(0, 3)))
    unmoved = coherence.unmoved(on(*tags), as_of)
    if unmoved:
        assert not naive.stale(tags, as_of)
    elif not forgot and as_of >= EntryId(1, 0):
        assert naive.stale(tags, as_of)


def test_what_was_forgotten_cannot_be_judged() -> None:
    """Given a window of two changes, when a third comes, then an answer older than the forgotten move is not kept."""
    coherence = Coherence(window=2, position=START)
    for time, tag in enumerate("abc", start=1):
        coherence.apply(Entry(EntryId(time, 0), EntryId(time - 1, 0), "", (Change(tag),)), 0.0)
    assert not coherence.unmoved(on("d"), START)
    assert coherence.unmoved(on("d"), EntryId(1, 0))
    assert coherence.unmoved(on("a"), EntryId(1, 0))
    assert not coherence.unmoved(on("c"), EntryId(2, 0))


def test_an_edge_without_a_position_knows_nothing() -> None:
    """Given an edge that has not begun, then it vouches for nothing, covers no write, and drops all at first."""
    coherence = Coherence()
    assert not coherence.unmoved(on(), EntryId(9, 0))
    assert not coherence.vouches(0.0)
    assert not coherence.covers(START)
    assert coherence.covers(None)
    assert coherence.apply(Entry(EntryId(2, 0), EntryId(1, 0), "", ()), 0.0) is None
    assert coherence.vouches(0.0)


def test_a_gap_drops_everything_once() -> None:
    """Given an edge, when an entry does not follow its position, then all goes, and the next one counts again."""
    coherence = Coherence(position=EntryId(1, 0))
    assert coherence.apply(Entry(EntryId(4, 0), EntryId(3, 0), "", (Change("a"),)), 0.0) is None
    assert coherence.apply(Entry(EntryId(5, 0), EntryId(4, 0), "", (Change("a"),)), 0.0) is not None
    assert not coherence.unmoved(on(), EntryId(3, 9))
    assert coherence.unmoved(on(), EntryId(4, 0))


def test_silence_is_not_freshness() -> None:
    """Given a pulse, then the edge vouches for two seconds; a change is no pulse; a lost connection ends it at once."""
    coherence = Coherence(position=START)
    coherence.apply(Entry(EntryId(1, 0), START, "", (Change("a"),)), 10.0)
    assert not coherence.vouches(10.0)
    coherence.apply(Entry(EntryId(2, 0), EntryId(1, 0), "", ()), 10.0)
    assert coherence.vouches(10.0 + PULSE_LIMIT - 0.01)
    assert not coherence.vouches(10.0 + PULSE_LIMIT)
    coherence.apply(Entry(EntryId(3, 0), EntryId(2, 0), "", ()), 13.0)
    assert coherence.vouches(13.0)
    coherence.lost()
    assert not coherence.vouches(13.0)


def test_a_clients_own_write_is_covered_once_it_is_applied() -> None:
    """Given a client's own write, then only an edge that has applied its moment covers it."""
    coherence = Coherence(position=EntryId(5, 0))
    assert coherence.covers(EntryId(5, 0))
    assert not coherence.covers(EntryId(5, 1))


def test_a_new_edge_knows_what_led_to_its_position_up_to_where_entries_are_missing() -> None:
    """Given the stream's newest entries, then answers are judged back to the last gap, or to when all was dropped."""
    entries = [
        Entry(EntryId(time, 0), EntryId(before, 0), "", (Change(tag),))
        for before, time, tag in ((1, 2, "a?"), (2, 3, "*"), (3, 4, "b?"), (4, 5, "c?"))
    ]
    coherence = Coherence()
    coherence.begin(EntryId(5, 0), entries)
    assert coherence.horizon == EntryId(3, 0)
    assert coherence.unmoved(on("a?"), EntryId(3, 0))
    assert not coherence.unmoved(on("b?"), EntryId(3, 0))
    assert coherence.unmoved(on("b?"), EntryId(4, 0))
    assert not coherence.unmoved(on("d?"), EntryId(2, 0))
    coherence.begin(EntryId(6, 0), entries)
    assert coherence.horizon == EntryId(6, 0)

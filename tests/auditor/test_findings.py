"""What is told of a stale answer: the events that name its tags, and what they point to."""

from __future__ import annotations

from typing import Any

from edge.stream import Change, Entry, EntryId
from edge.tags import header, short
from tests.auditor.test_verdicts import ROW
from workers.auditor.findings import Finding, Touched, dependencies, most_telling, touching
from workers.auditor.verdicts import Held

HELD = Held.decode(ROW | {"tags": header({"*", "Book", "Book:1", "shelf?"}), "ranges": f"{short('shelf?')}:b:d"})
READ = dependencies(HELD, {"Book": ("title",)})


def entry(time: int, *changes: Change) -> Entry:
    """Make an entry of the stream."""
    return Entry(EntryId(time, 0), EntryId(time - 1, 0), "", changes)


def finding(**fields: Any) -> Finding:
    """Make a finding."""
    return Finding(**{"edge": "http://edge", "held": HELD, "origin": "new", "events": (), "searched": 3, **fields})


def test_events_that_name_a_tag_are_told_those_that_hit_first() -> None:
    """Given events, then those of no tag of the answer are left out, and the rest says whether it depends on them."""
    found = touching(
        [
            entry(6, Change("Book:1", ("price",)), Change("Book:2", None)),
            entry(7, Change("shelf?", keys=("a",))),
            entry(8, Change("Book:1", ("title", "price")), Change("shelf?", keys=("c",))),
            entry(9),
        ],
        READ,
    )
    assert [(event.id, event.tag, event.hits) for event in found] == [
        ("6-0", "Book:1", False),
        ("7-0", "shelf?", False),
        ("8-0", "Book:1", True),
        ("8-0", "shelf?", True),
    ]
    assert [event.id for event in most_telling(found)] == ["8-0", "8-0", "6-0", "7-0"]
    assert len(most_telling(found * 20)) == 20
    assert all(event.hits for event in most_telling(found * 20))


def test_a_plan_that_is_not_known_is_read_whole() -> None:
    """Given an operation that no plan is known of, then every field of its entities counts."""
    (event,) = touching([entry(6, Change("Book:1", ("price",)))], dependencies(HELD, {}))
    assert event.hits


def test_the_summary_says_what_it_points_to() -> None:
    """Given events that hit, that only name a tag, none, or none that could be read, then each is another sentence."""
    missed = Touched("8-0", "Book:1", ("title",), None, hits=True)
    assert finding(events=(missed,)).summary() == (
        'Stale answer at http://edge: Shelf {"first":2}, 3 s old; it was not dropped for Book:1 at 8-0.'
    )
    assert "no event hits it, though Book:1 at 8-0" in finding(events=(missed._replace(hits=False),)).summary()
    assert "a dependency was not recorded" in finding().summary()
    assert "could not be read" in finding(events=None).summary()


def test_details_are_bounded() -> None:
    """Given an answer with thousands of tags, then the log gets some, and their number."""
    many = Held.decode(ROW | {"tags": header({f"Book:{n}" for n in range(3000)})})
    told = finding(held=many).details()
    assert told["depends_on_count"] == 3000
    assert isinstance(told["depends_on"], list)
    assert len(told["depends_on"]) == 50
    assert told["as_of"] == "5-0"
    assert finding(events=None).details()["events"] is None

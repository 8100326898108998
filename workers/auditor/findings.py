"""What a person needs to find out why an answer is stale: the events that it should have been dropped for; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from edge.dependencies import Dependencies, touch
from edge.stream import Entry
from workers.auditor.verdicts import Held

_MOST_EVENTS = 20
_MOST_TAGS = 50


class Touched(NamedTuple):
    """One event of the stream that names a tag of the answer.

    `hits` says that the answer depends on what it changed. Where it does not, another field or another part of the list
    was changed, as far as the answer's plan and ranges say.
    """

    id: str
    tag: str
    fields: tuple[str, ...] | None
    places: tuple[str, ...] | None
    hits: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A stale answer: which edge serves it, the origin's digest, and what happened since its `as_of`.

    `events` is None where the stream could not be read, and `searched` how many of its entries were looked through.
    """

    edge: str
    held: Held
    origin: str
    events: tuple[Touched, ...] | None
    searched: int

    def summary(self) -> str:
        """Say in a line what was found and what it points to."""
        if self.events is None:
            why = "the stream could not be read"
        elif missed := [event for event in self.events if event.hits]:
            why = f"it was not dropped for {missed[0].tag} at {missed[0].id}"
        elif self.events:
            why = f"no event hits it, though {self.events[0].tag} at {self.events[0].id} names one of its tags"
        else:
            why = "no event names one of its tags: a dependency was not recorded, or the body is not always the same"
        return f"Stale answer at {self.edge}: {self.held.asked}, {self.held.age} s old; {why}."

    def details(self) -> dict[str, object]:
        """Return what the log keeps of it beside the summary."""
        held = self.held
        tags, ranges = held.tags.split(), list(filter(None, held.ranges.split(",")))
        return {
            "key": held.key,
            "as_of": str(held.as_of),
            "digest": held.digest,
            "origin_digest": self.origin,
            "depends_on": tags[:_MOST_TAGS],
            "depends_on_count": len(tags),
            "ranges": ranges[:_MOST_TAGS],
            "events": None if self.events is None else [event._asdict() for event in self.events],
            "events_searched": self.searched,
        }


def dependencies(held: Held, fields: Mapping[str, Iterable[str]]) -> Dependencies:
    """Return what an answer depends on; `fields` are those that its plan reads, by type. Raises ValueError."""
    reads = {kind: frozenset(names) for kind, names in fields.items()}
    return Dependencies.parse(held.tags, held.ranges, reads)


def touching(entries: Iterable[Entry], read: Dependencies) -> list[Touched]:
    """Return the events that name a tag of an answer, in their order."""
    changes = [(str(entry.id), touch(change)) for entry in entries for change in entry.changes]
    return [Touched(id_, t.name, t.fields, t.places, read.hit(t)) for id_, t in changes if t.tag in read]


def most_telling(events: Iterable[Touched]) -> tuple[Touched, ...]:
    """Return at most 20 events: those that hit before those that only name a tag, else in their order."""
    return tuple(sorted(events, key=lambda event: not event.hits)[:_MOST_EVENTS])

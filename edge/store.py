"""The edge's memory: answers by key, with an index by tag, bounded by bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random

from edge.dependencies import Dependencies, Touch, wide_tags
from edge.eviction import S3Fifo
from edge.plans import Plan
from edge.stream import EntryId
from edge.tag_index import TagIndex

_OVERHEAD = 1000  # bytes an entry costs beside its bodies: objects, headers, its place in the queues
_PER_TAG = 32  # and for each tag, here and in the index
_MOST_LOOKS = 1000  # at places drawn for a sample, where few of them are taken
_MOST_PLANS = 1000  # whose common tags are remembered

OnDrop = Callable[[str, "Stored", "Touch | None"], None]
"""Told of an answer that was dropped because something changed: its key, itself, and what; None for everything."""


@dataclass(slots=True, eq=False)
class Stored:
    """One answer: its body per content coding (`identity` always), what it depends on, and when it was made.

    `stored_at` is monotonic seconds, `age` the seconds it had then. It is fresh for `max_age` seconds; for
    `stale_while_revalidate` more it may be served while it is asked for anew, for `stale_if_error` more where the
    origin fails (RFC 5861). `slot` is its place in the index while it is kept, `number` tells it from all others.
    """

    plan: Plan
    variables: bytes
    bodies: Mapping[str, bytes]
    etag: str
    dependencies: Dependencies
    as_of: EntryId
    stored_at: float
    max_age: int
    age: int = 0
    stale_while_revalidate: int = 0
    stale_if_error: int = 0
    slot: int = field(default=-1, repr=False)
    number: int = field(default_factory=count().__next__)

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""
        lists = len(self.dependencies.ranges) + len(self.variables)
        own = sum(map(len, self.bodies.values())) + lists + _OVERHEAD + _PER_TAG * len(self.dependencies.tags)
        return own + self.plan.weight  # which this answer may be the last to hold

    def age_at(self, now: float) -> int:
        """Return its age in whole seconds (RFC 9111)."""
        return self.age + int(now - self.stored_at)

    def remaining(self, now: float) -> int:
        """Return for how many seconds it is fresh; none or fewer where it is not."""
        return self.max_age - self.age_at(now)

    def encoded(self, bodies: Mapping[str, bytes]) -> Stored:
        """Return the same answer with its body in more codings."""
        return Stored(
            self.plan,
            self.variables,
            bodies,
            self.etag,
            self.dependencies,
            self.as_of,
            self.stored_at,
            self.max_age,
            self.age,
            self.stale_while_revalidate,
            self.stale_if_error,
        )


class Store:
    """Answers by key. Not for use from several threads."""

    def __init__(self, capacity: int, on_drop: OnDrop | None = None) -> None:
        self.on_drop = on_drop
        self.used_by: Counter[str] = Counter()  # bytes, by the operation's name
        self._entries: S3Fifo[str, Stored] = S3Fifo(capacity, on_evict=lambda _, entry: self._forget(entry))
        self._index = TagIndex()
        self._slots: list[tuple[str, Stored] | None] = []
        self._free: list[int] = []
        self._wide: dict[str, frozenset[int]] = {}  # by plan, whose answers have those tags in common

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used(self) -> int:
        """Return how many bytes are in use, about."""
        return self._entries.used

    @property
    def capacity(self) -> int:
        """Return how many bytes may be in use."""
        return self._entries.capacity

    def items(self) -> Iterator[tuple[str, Stored]]:
        """Yield every key and answer."""
        return self._entries.items()

    def sample(self, most: int, chance: Random, suits: Callable[[Stored], bool]) -> dict[str, Stored]:
        """Return at most so many answers that suit, drawn at random, by key.

        Each is as likely as any other, and the cost does not grow with the store: a place that is free, or whose answer
        does not suit, is drawn in vain, so where nearly all are, fewer may be found than there are.
        """
        drawn: dict[str, Stored] = {}
        for _ in range(_MOST_LOOKS):
            if len(drawn) >= min(most, len(self)):
                break
            place = self._slots[chance.randrange(len(self._slots))]
            if place is not None and suits(place[1]):
                drawn[place[0]] = place[1]
        return drawn

    def get(self, key: str, now: float) -> Stored | None:
        """Return the answer kept for a key, fresh or aged, unless it is too old for any use."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.remaining(now) + max(entry.stale_while_revalidate, entry.stale_if_error) <= 0:
            self._drop(key)
            return None
        return entry

    def peek(self, key: str) -> Stored | None:
        """Return the answer kept for a key, whatever its age, without counting the use."""
        return self._entries.peek(key)

    def put(self, key: str, entry: Stored) -> bool:
        """Keep an answer, unless a newer one is there or it is larger than a tenth of the whole store."""
        held = self._entries.peek(key)
        if held is not None and held.as_of > entry.as_of:
            return False
        if held is not None:
            self._forget(held)
        cost = entry.cost
        if not self._entries.put(key, entry, cost):
            return False
        self.used_by[entry.plan.label] += cost
        entry.slot = self._free.pop() if self._free else len(self._slots)
        if entry.slot == len(self._slots):
            self._slots.append(None)
        self._slots[entry.slot] = (key, entry)
        self._index.add(self._indexed(entry), entry.slot)
        return True

    def invalidate(self, touched: Touch, moved_at: EntryId) -> int:
        """Drop the answers that a change alters and that were made before it; return how many."""
        found = list(self._candidates(touched))
        dropped = 0
        for key, entry in found:
            if entry.as_of < moved_at and entry.dependencies.hit(touched):
                self._drop(key)
                dropped += 1
                if self.on_drop is not None:
                    self.on_drop(key, entry, touched)
        return dropped

    def clear(self) -> int:
        """Drop everything; return how many answers that were."""
        dropped = len(self)
        if self.on_drop is not None:
            for key, entry in self.items():
                self.on_drop(key, entry, None)
        self._entries.clear()
        self._index = TagIndex()
        self._slots.clear()
        self._free.clear()
        self.used_by.clear()
        return dropped

    def _candidates(self, touched: Touch) -> Iterator[tuple[str, Stored]]:
        if touched.wide:
            yield from self.items()
            return
        for slot in dict.fromkeys(self._index.find(touched.tag)):
            found = self._slots[slot]
            if found is not None:
                yield found

    def _indexed(self, entry: Stored) -> list[int]:
        """Return the tags that the index must know: those that not every answer of the operation has."""
        plan = entry.plan
        wide = self._wide.get(plan.digest)
        if wide is None:
            if len(self._wide) >= _MOST_PLANS:
                self._wide.clear()
            wide = self._wide[plan.digest] = wide_tags(plan.types, plan.id)
        return [tag for tag in entry.dependencies.tags if tag not in wide]

    def _drop(self, key: str) -> None:
        entry = self._entries.remove(key)
        if entry is not None:
            self._forget(entry)

    def _forget(self, entry: Stored) -> None:
        self._index.remove(self._indexed(entry), entry.slot)
        self._slots[entry.slot] = None
        self.used_by[entry.plan.label] -= entry.cost
        self._free.append(entry.slot)

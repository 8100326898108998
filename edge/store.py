"""The edge's memory: answers by key, with an index by tag, bounded by bytes; the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.stream import EntryId

_OVERHEAD = 1024  # bytes an entry costs beside its bodies: objects, headers
_PER_TAG = 64  # and for each tag


@dataclass(frozen=True, slots=True)
class Stored:
    """One answer: its body per content coding (`identity` always), what it depends on, and when it was made.

    `stored_at` is monotonic seconds, `age` the seconds it had then, `max_age` the seconds it may be served for.
    """

    bodies: Mapping[str, bytes]
    etag: str
    tags: frozenset[str]
    as_of: EntryId
    stored_at: float
    age: int
    max_age: int

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""
        return sum(map(len, self.bodies.values())) + _OVERHEAD + _PER_TAG * len(self.tags)

    def age_at(self, now: float) -> int:
        """Return its age in whole seconds (RFC 9111)."""
        return self.age + int(now - self.stored_at)


class Store:
    """Answers by key. Not for use from several threads."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self._entries: OrderedDict[str, Stored] = OrderedDict()
        self._by_tag: defaultdict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: float) -> Stored | None:
        """Return the answer kept for a key, if there is one that is not too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.age_at(now) >= entry.max_age:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: str, entry: Stored) -> None:
        """Keep an answer, unless a newer one is there or it is larger than a tenth of the whole store."""
        held = self._entries.get(key)
        if entry.cost > self.capacity // 10 or (held is not None and held.as_of > entry.as_of):
            return
        if held is not None:
            self._drop(key)
        self._entries[key] = entry
        self.used += entry.cost
        for tag in entry.tags:
            self._by_tag[tag].add(key)
        while self.used > self.capacity:
            self._drop(next(iter(self._entries)))

    def invalidate(self, tags: Iterable[str], moved_at: EntryId) -> int:
        """Drop the answers that depend on a tag and were made before it moved; return how many."""
        keys = {key for tag in tags for key in self._by_tag.get(tag, ()) if self._entries[key].as_of < moved_at}
        for key in keys:
            self._drop(key)
        return len(keys)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._by_tag.clear()
        self.used = 0

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key)
        self.used -= entry.cost
        for tag in entry.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]

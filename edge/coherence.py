"""The rules that keep answers fresh; pure, with time as a parameter.

An answer is stamped with `as_of`, the last id that the origin knew before its first read. Because ids are the
database's own clock, a write that a read did not see has a larger id. So an answer may be kept only if nothing that it
depends on moved after its `as_of`, and it is dropped when something newer hits it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.stream import START, Entry, EntryId
from edge.tags import EVERYTHING, short

PULSE_LIMIT = 2.0
"""Seconds after the newest pulse for which an edge vouches for what it holds. Silence is not freshness."""


@dataclass
class Coherence:
    """What one edge knows of the stream: its position, the newest pulse, and the last ids by tag, for a bounded window.

    Tags are short ones. `window` bounds how many are remembered; `horizon` is the id up to which some were forgotten.
    """

    window: int = 100_000
    position: EntryId | None = None
    heard_at: float = float("-inf")
    horizon: EntryId = START
    _moved: OrderedDict[str, EntryId] = field(default_factory=OrderedDict)

    def apply(self, entry: Entry, since: float) -> set[str] | None:
        """Advance by one entry; return the tags to drop, or None to drop everything.

        `since` (monotonic seconds) is a time before which the entry was not appended: a pulse counts from then on, so
        that one that waited, here or on the way, vouches for nothing. Everything goes when the entry does not follow
        the position: what lies between is unknown.
        """
        gap = self.position is None or entry.before != self.position
        everything = gap or any(change.tag == EVERYTHING for change in entry.changes)
        self.position = entry.id
        if not entry.changes:
            self.heard_at = max(self.heard_at, since)
        if everything:
            self.forget(entry.id)
            return None
        tags = {short(change.tag) for change in entry.changes}
        for tag in tags:
            self._moved[tag] = entry.id
            self._moved.move_to_end(tag)
        while len(self._moved) > self.window:
            _, self.horizon = self._moved.popitem(last=False)
        return tags

    def forget(self, upto: EntryId) -> None:
        """Remember nothing of what happened up to an id: no answer older than it can be judged."""
        self._moved.clear()
        self.horizon = max(self.horizon, upto)

    def lost(self) -> None:
        """Vouch for nothing until a pulse comes: the connection to the stream broke."""
        self.heard_at = float("-inf")

    def vouches(self, now: float) -> bool:
        """Whether stored answers may be served."""
        return self.position is not None and now - self.heard_at < PULSE_LIMIT

    def covers(self, as_of: EntryId | None) -> bool:
        """Whether this edge has applied everything up to an id (a client's own write); None asks for nothing."""
        return as_of is None or (self.position is not None and self.position >= as_of)

    def unmoved(self, tags: Iterable[str], as_of: EntryId) -> bool:
        """Whether it is certain that nothing in `tags` moved after `as_of`, as far as this edge has applied."""
        if as_of < self.horizon or self.position is None:
            return False
        return all(self._moved.get(tag, START) <= as_of for tag in tags)

"""The rules that keep answers fresh; pure, with time as a parameter.

An answer is stamped with `as_of`, the last id that the origin knew before its first read. Because ids are the
database's own clock, a write that a read did not see has a larger id. So an answer may be kept only if nothing that it
shows was altered after its `as_of`, and it is dropped when something newer alters it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.dependencies import Dependencies, Touch, touch
from edge.stream import START, Entry, EntryId
from edge.tags import EVERYTHING

PULSE_LIMIT = 1.5
"""Seconds after the newest pulse for which an edge vouches for what it holds. Silence is not freshness.

A pulse may have taken half a second to the stream, which makes 2 s by which an edge may be behind the database.
"""


@dataclass
class Coherence:
    """What one edge knows of the stream: its position, the newest pulse, and the last changes, for a bounded window.

    `window` bounds how many are remembered; `horizon` is the id up to which some were forgotten.
    """

    window: int = 100_000
    position: EntryId | None = None
    heard_at: float = float("-inf")
    horizon: EntryId = START
    _recent: deque[tuple[EntryId, list[Touch]]] = field(default_factory=deque)
    _remembered: int = 0

    def begin(self, position: EntryId, history: Sequence[Entry] = ()) -> None:
        """Start at the stream's tail, knowing what led to it as far back as no entry is missing."""
        self.forget(position)
        self.position = position
        known: list[Entry] = []
        behind = position
        for entry in reversed(history):
            if entry.id != behind or _everything(entry):
                break
            known.append(entry)
            behind = entry.before
        if known:
            self.horizon = known[-1].before
        for entry in reversed(known):
            self._remember(entry.id, [touch(change) for change in entry.changes])

    def apply(self, entry: Entry, since: float) -> list[Touch] | None:
        """Advance by one entry; return what it alters, or None to drop everything.

        `since` (monotonic seconds) is a time before which the entry was not appended: a pulse counts from then on, so
        that one that waited, here or on the way, vouches for nothing. Everything goes when the entry does not follow
        the position: what lies between is unknown.
        """
        gap = self.position is None or entry.before != self.position
        self.position = entry.id
        if not entry.changes:
            self.heard_at = max(self.heard_at, since)
        if gap or _everything(entry):
            self.forget(entry.id)
            return None
        touches = [touch(change) for change in entry.changes]
        self._remember(entry.id, touches)
        return touches

    def forget(self, upto: EntryId) -> None:
        """Remember nothing of what happened up to an id: no answer older than it can be judged."""
        self._recent.clear()
        self._remembered = 0
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

    def unmoved(self, dependencies: Dependencies, as_of: EntryId) -> bool:
        """Whether it is certain that no change after `as_of` alters an answer, as far as this edge has applied."""
        if as_of < self.horizon or self.position is None:
            return False
        for id_, touches in reversed(self._recent):
            if id_ <= as_of:
                return True
            if any(dependencies.hit(touched) for touched in touches):
                return False
        return True

    def _remember(self, id_: EntryId, touches: list[Touch]) -> None:
        if not touches:
            return
        self._recent.append((id_, touches))
        self._remembered += len(touches)
        while self._remembered > self.window:
            self.horizon, forgotten = self._recent.popleft()
            self._remembered -= len(forgotten)


def _everything(entry: Entry) -> bool:
    return any(change.tag == EVERYTHING for change in entry.changes)

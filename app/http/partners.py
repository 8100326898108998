"""The documents that partners have registered, as one process of the API knows them: read once, forgotten when told.

What is remembered, unknown ids too, counts only while the invalidation stream is heard: every registration and removal
comes through it as `Operation:<document id>`. Silence is not freshness; then each request asks the database.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from edge.coherence import Coherence
from edge.eviction import S3Fifo
from edge.stream import Entry, EntryId
from edge.tags import OPERATION
from models.database import Database, timestamp
from models.operation import RegisteredOperation
from schema.prepared import document_id
from schema.reader import Find, Reader

_CAPACITY: Final = 8 * 1024 * 1024
_ENTRY_BYTES: Final = 400  # what an id takes, beside the document
_UNKNOWN: Final = ""


class PartnerDocuments:
    """Documents by id. `clock` (seconds) is the one that the follower of the stream dates its entries by."""

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.monotonic, capacity: int = _CAPACITY
    ) -> None:
        self._database = database
        self._clock = clock
        self._kept: S3Fifo[str, str] = S3Fifo(capacity)
        self._coherence = Coherence(window=0)
        self._told = 0

    async def document(self, id_: str, as_of: EntryId | None) -> str | None:
        """Return a document's text as of a moment of the stream, None where nobody has registered it.

        `as_of` must have been taken before: an answer stamped with it is then no newer than what is read here.
        """
        if self._coherence.vouches(self._clock()):
            held = self._kept.get(id_)
            if held is not None:
                return held or None
        told = self._told
        reader = Reader(self._database, timestamp(as_of.time) if as_of is not None else None)
        rows = await reader.read(Find(RegisteredOperation, {"document_id": id_}, limit=1))
        body = rows[0]["body"] if rows else None
        text = body if isinstance(body, str) and document_id(body) == id_ else _UNKNOWN  # a script may write anything
        if told == self._told:  # else it may have been registered or removed since it was read
            self._kept.put(id_, text, sys.getsizeof(text) + _ENTRY_BYTES)
        return text or None

    def begin(self, position: EntryId, history: Sequence[Entry]) -> None:
        """Follow the stream from here on."""
        self._coherence.begin(position, history)
        self._forget_all()

    def apply(self, entries: list[Entry], since: float) -> None:
        """Forget the documents that entries tell of; all of them where some entry is missing."""
        for entry in entries:
            if self._coherence.apply(entry, since) is None:
                self._forget_all()
            for change in entry.changes:
                kind, _, id_ = change.tag.partition(":")
                if kind == OPERATION:
                    self._told += 1
                    self._kept.remove(id_)

    def lost(self) -> None:
        """Trust nothing that is remembered until the stream is heard again."""
        self._coherence.lost()

    def _forget_all(self) -> None:
        self._told += 1
        self._kept.clear()

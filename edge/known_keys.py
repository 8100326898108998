"""The API keys that an edge knows: read from the API once each, and forgotten as soon as the stream tells of a change.

Keys that there are not are remembered too, in a memory of their own, so that inventions push out no key that there is.
What is remembered counts only while the edge vouches for what it holds; who asks sees to that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from edge.api_keys import Record
from edge.coherence import Coherence
from edge.dependencies import Dependencies, Touch
from edge.eviction import S3Fifo
from edge.stream import EntryId
from edge.tags import API_KEY, EVERYTHING, number, short

_CAPACITY: Final = 16 * 1024 * 1024
_UNKNOWN_CAPACITY: Final = 2 * 1024 * 1024
_UNKNOWN_BYTES: Final = 300

_ORGANIZATION, _OPERATIONS = "Organization", "operations_by_organization?organization="
_TYPES: Final = frozenset({API_KEY, _ORGANIZATION, "RegisteredOperation"})
_BUDGET: Final = "plan"  # the attribute of an organization by which its keys' budget goes

Ask = Callable[[str], Awaitable[tuple[Record | None, EntryId]]]
"""Asks the API for the record of a key, by its hash: the record, and as of when. Raises OriginError."""


class KnownKeys:
    """Records by the hash of the key."""

    def __init__(self, ask: Ask, coherence: Coherence, capacity: int = _CAPACITY) -> None:
        self.found: S3Fifo[str, Record] = S3Fifo(capacity, self._forget_of)
        self.unknown: S3Fifo[str, bool] = S3Fifo(_UNKNOWN_CAPACITY)
        self._ask = ask
        self._coherence = coherence
        self._of: dict[str, set[str]] = {}  # hashes by organization
        self._asking: dict[str, asyncio.Task[tuple[Record | None, EntryId]]] = {}

    def get(self, hash_: str) -> Record | None:
        """Return what is remembered of a key that there is."""
        return self.found.get(hash_)

    def is_unknown(self, hash_: str) -> bool:
        """Whether it is remembered that there is no such key."""
        return self.unknown.get(hash_) is not None

    async def learn(self, hash_: str) -> None:
        """Ask for a key's record, once for all who want it, and remember it if nothing of it moved since it was read.

        Raises OriginError where the API does not say.
        """
        task = self._asking.get(hash_)
        if task is None:
            task = self._asking[hash_] = asyncio.ensure_future(self._ask(hash_))
            task.add_done_callback(lambda _: self._asking.pop(hash_, None))
        record, as_of = await asyncio.shield(task)
        if not self._coherence.unmoved(_dependencies(hash_, record), as_of):
            return
        if record is None:
            self.unknown.put(hash_, True, _UNKNOWN_BYTES)
        elif self.found.put(hash_, record, record.weight):
            self._of.setdefault(record.organization, set()).add(hash_)

    def heard(self, touched: Touch) -> None:
        """Forget what a change is about."""
        kind, _, id_ = touched.name.partition(":")
        if touched.name in _TYPES:
            self.clear()
        elif kind == API_KEY:
            self.unknown.remove(id_)
            record = self.found.remove(id_)
            if record is not None:
                self._forget_of(id_, record)
        elif kind == _ORGANIZATION:
            if touched.fields is None or _BUDGET in touched.fields:
                self._forget(id_)
        elif touched.name.startswith(_OPERATIONS):
            self._forget(touched.name.removeprefix(_OPERATIONS))

    def clear(self) -> None:
        """Forget everything."""
        self.found.clear()
        self.unknown.clear()
        self._of.clear()

    def _forget(self, organization: str) -> None:
        for hash_ in self._of.pop(organization, ()):
            self.found.remove(hash_)

    def _forget_of(self, hash_: str, record: Record) -> None:
        """Note that a record has gone."""
        hashes = self._of.get(record.organization)
        if hashes is not None:
            hashes.discard(hash_)
            if not hashes:
                del self._of[record.organization]


def _dependencies(hash_: str, record: Record | None) -> Dependencies:
    """Return what the record of a key depends on."""
    tags = {EVERYTHING, API_KEY, f"{API_KEY}:{hash_}"}
    if record is not None:
        tags |= {*_TYPES, f"{_ORGANIZATION}:{record.organization}", f"{_OPERATIONS}{record.organization}"}
    return Dependencies.of([number(short(tag)) for tag in tags], "", {_ORGANIZATION: frozenset({_BUDGET})})

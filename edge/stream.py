"""The one ordered stream of invalidations, in Redis.

An entry's id is MongoDB's own clock, `<cluster time>-<ordinal>`. It names the id before it, so that a reader notices a
gap; the resume token of the change stream, kept nowhere else; and what changed. A relay appends only behind the tail
that it knows, so several may run, and after Redis lost its tail they write the same ids again.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from redis.asyncio import Redis

from edge.tags import EVERYTHING

STREAM: Final = "edge:invalidations"
_KEPT: Final = 200_000  # entries, about; older ones are trimmed
_MOST_AT_ONCE: Final = 1000
_BLOCK_MS: Final = 1000  # how long one read waits, so that a dead connection is noticed

_APPEND = """
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local last = tail[1] and tail[1][1] or '0-0'
if last ~= ARGV[1] then return last end
for i = 3, #ARGV, 5 do
  local until_ = tonumber(ARGV[i + 4])
  local changes = until_ and now <= until_ and '[]' or ARGV[i + 3]
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i],
    'before', ARGV[i + 1], 'token', ARGV[i + 2], 'changes', changes)
end
return ''
"""


class EntryId(NamedTuple):
    """A moment in the stream: MongoDB's cluster time as an unsigned 64-bit number, and an ordinal within it."""

    time: int
    ordinal: int

    @classmethod
    def parse(cls, text: str) -> EntryId:
        """Read `<time>-<ordinal>`; raises ValueError."""
        time, _, ordinal = text.partition("-")
        if not (time.isascii() and time.isdecimal() and ordinal.isascii() and ordinal.isdecimal()):
            raise ValueError(f"not a stream id: {text[:40]!r}")
        return cls(int(time), int(ordinal))

    def __str__(self) -> str:
        return f"{self.time}-{self.ordinal}"


START: Final = EntryId(0, 0)
WHOLE: Final = 2**64 - 1
"""The ordinal behind all events of one time: who has applied part of a transaction has not seen it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed, by its tag.

    `fields` are those that changed of an entity, `keys` the places that were touched in a list, as text that sorts as
    the list does; None: any may have. Edges that know only tags ignore both.
    """

    tag: str
    fields: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the database. No changes at all: a pulse that says that nothing before it is missing.

    `until` is for what becomes a pulse if it is appended by then (microseconds of Redis's clock): later it says nothing
    of the kind, and keeps its changes.
    """

    id: EntryId
    before: EntryId
    token: str
    changes: tuple[Change, ...]
    until: int | None = None

    def encode(self) -> tuple[str, str, str, bytes]:
        """Return the stream's fields: id, before, token, changes as JSON `[[tag, fields, keys], …]`."""
        changes = [(change.tag, change.fields, change.keys) for change in self.changes]
        return str(self.id), str(self.before), self.token, orjson.dumps(changes)

    @classmethod
    def decode(cls, id_: bytes, fields: dict[bytes, bytes]) -> Entry:
        """Read what `encode` wrote; an entry that cannot be read drops everything."""
        try:
            return cls._decode(id_, fields)
        except (KeyError, ValueError, TypeError):
            return cls(EntryId.parse(id_.decode()), START, "", (Change(EVERYTHING),))

    @classmethod
    def _decode(cls, id_: bytes, fields: dict[bytes, bytes]) -> Entry:
        changes = tuple(
            Change(tag, tuple(names) if names is not None else None, tuple(keys) if keys is not None else None)
            for tag, names, keys in orjson.loads(fields[b"changes"])
        )
        return cls(
            EntryId.parse(id_.decode()), EntryId.parse(fields[b"before"].decode()), fields[b"token"].decode(), changes
        )


async def now(redis: Redis) -> int:
    """Return the time of Redis's clock in microseconds."""
    seconds, microseconds = await redis.time()
    return int(seconds) * 1_000_000 + int(microseconds)


async def tail(redis: Redis) -> Entry | None:
    """Return the newest entry, None if the stream is empty."""
    found: Any = await redis.xrevrange(STREAM, count=1)  # the library types every protocol's answers at once
    return Entry.decode(*found[0]) if found else None


async def history(redis: Redis, most: int) -> list[Entry]:
    """Return the newest entries of the stream, at most so many, oldest first."""
    found: Any = await redis.xrevrange(STREAM, count=most)
    return [Entry.decode(*item) for item in reversed(found)]


async def following(redis: Redis, after: EntryId, most: int) -> list[Entry]:
    """Return the entries behind an id, oldest first, at most so many."""
    found: Any = await redis.xrange(STREAM, min=f"({after}", count=most)
    return [Entry.decode(*item) for item in found]


async def append(redis: Redis, behind: EntryId, entries: Sequence[Entry]) -> EntryId | None:
    """Append entries, which become visible together, if the stream's tail is `behind`.

    Returns None when it was, else the tail that is there.
    """
    arguments: list[Any] = [str(behind), _KEPT]
    for entry in entries:
        arguments += [*entry.encode(), "" if entry.until is None else entry.until]
    answer: Any = redis.eval(_APPEND, 1, STREAM, *arguments)  # typed for both kinds of client
    last = await answer
    return EntryId.parse(last.decode()) if last else None


async def read(
    redis: Redis, after: EntryId, at_tail: float, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[tuple[list[Entry], float]]:
    """Yield what is appended after `after`, in order: (batch, since); an empty batch after a second of silence.

    `since` is a time (of `clock`, seconds) that none of the batch was appended before: when the last read that reached
    the tail was asked. `at_tail` is that of `after`, minus infinity where it is not known to have been the tail.
    """
    position = after
    while True:
        asked = clock()
        found = await redis.xread({STREAM: str(position)}, count=_MOST_AT_ONCE, block=_BLOCK_MS)
        entries = [Entry.decode(*item) for item in _items(found)]
        if entries:
            position = entries[-1].id
        yield entries, at_tail
        if len(entries) < _MOST_AT_ONCE:
            at_tail = asked


def _items(found: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the items of an XREAD answer, whose shape depends on the protocol (RESP2 a list, RESP3 a mapping)."""
    if not found:
        return []
    if isinstance(found, dict):
        (batches,) = found.values()
        return [item for batch in batches for item in batch]
    return list(found[0][1])

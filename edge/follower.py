"""Following the stream: one task that hands every entry on, and comes back by itself when Redis was away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge import stream
from edge.stream import START, Entry, EntryId

log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.25


class Follower:
    """Reads the stream from its present tail on.

    `on_entries` gets each batch of new entries, and a time (of `clock`) before which none of them was appended;
    `on_start` the id from which reading begins, with the `history` entries before it, at most so many; `on_lost` is
    called when the connection breaks. `last` is the newest id read, None before the first.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        history: int = 1,
        on_start: Callable[[EntryId, list[Entry]], None] = lambda _position, _history: None,
        on_entries: Callable[[list[Entry], float], None] = lambda _entries, _since: None,
        on_lost: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last: EntryId | None = None
        self._redis = redis
        self._history = history
        self._on_start = on_start
        self._on_entries = on_entries
        self._on_lost = on_lost
        self._clock = clock

    async def run(self) -> None:
        """Follow until cancelled, whatever goes wrong."""
        while not _cancelled():
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                log.warning("The invalidation stream is out of reach (%s); trying again.", error)
                await self._pause()
            except Exception:
                log.exception("The invalidation stream could not be followed; beginning again from its tail.")
                self.last = None  # a batch may be half applied
                await self._pause()

    async def _pause(self) -> None:
        self._on_lost()
        await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self) -> None:
        at_tail = float("-inf")
        if self.last is None:
            at_tail = self._clock()
            history = await stream.history(self._redis, self._history)
            self.last = history[-1].id if history else START
            self._on_start(self.last, history)
        async for entries, since in stream.read(self._redis, self.last, at_tail, self._clock):
            if _cancelled():
                return
            if entries:
                self._on_entries(entries, since)
                self.last = entries[-1].id
            elif await self._tail_lost():
                return

    async def _tail_lost(self) -> bool:
        """Whether the stream now ends before what was read: Redis was emptied, so begin again from its tail."""
        newest = await stream.tail(self._redis)
        if newest is not None and newest.id >= (self.last or START):
            return False
        if newest is None and self.last == START:
            return False
        self._on_lost()
        if newest is None:
            self.last = START
            return True
        return False


def _cancelled() -> bool:
    """Whether the running task was cancelled: Redis' client may swallow that while it connects."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

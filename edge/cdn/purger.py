"""Following the stream for a cache that can only be told what to forget.

Such a cache cannot compare `as_of`: an answer that was on its way during a purge is kept after it. So every purge is
sent twice, the second time after the longest time that an answer may be on its way. Nothing is dropped: what could not
be sent is sent again, and where the stream's thread is lost everything is purged.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence

import aiohttp
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis

from edge.cdn.vendor import Cdn, PurgeRefusedError
from edge.cdn.waiting import EVERY, Waiting
from edge.follower import Follower
from edge.stream import Entry, EntryId
from edge.tags import EVERYTHING, PULSES, short

log = logging.getLogger(__name__)
_FIRST_WAIT = 0.25
_LONGEST_WAIT = 30.0

_SENT = Counter("purger_requests_total", "Purge requests that a cache has acknowledged.", ["cache"])
_FAILED = Counter("purger_failures_total", "Purge requests that failed and were sent again.", ["cache"])
_PENDING = Gauge("purger_pending_tags", "Tags that wait to be purged.", ["cache"])


class Purger:
    """Purges one cache. `transit` is the longest time that an answer of the origin may be on its way (s)."""

    def __init__(self, cdn: Cdn, *, transit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.cdn = cdn
        self._clock = clock
        self._waiting = Waiting(cdn.most_waiting, transit)
        self._news = asyncio.Event()
        self._position: EntryId | None = None
        self._failures = 0  # in a row

    def follow(self, redis: Redis) -> Follower:
        """Return the follower that feeds this purger."""
        return Follower(redis, on_start=self._start, on_entries=self.hear)

    async def run(self) -> None:
        """Purge until cancelled. What was under way then is not lost: whoever starts next purges everything."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                if keys := self._waiting.take(self.cdn.most_keys, self._clock()):
                    await asyncio.sleep(await self._send(session, keys))
                else:
                    await self._wait()

    def _start(self, position: EntryId, _: list[Entry]) -> None:
        self._position = position
        self._add([EVERYTHING])  # what changed while nobody followed is unknown

    def hear(self, entries: list[Entry], _: float = 0.0) -> None:
        """Take what has changed; everything where an entry does not follow the last one.

        Pulses come all the time, and each item of a purge may cost money: they purge nothing.
        """
        for entry in entries:
            gap = entry.before != self._position
            self._position = entry.id
            self._add([EVERYTHING] if gap else [change.tag for change in entry.changes if change.tag != PULSES])

    def _add(self, tags: Sequence[str]) -> None:
        if not tags:
            return
        self._waiting.add(map(short, tags), self._clock())
        self._news.set()
        _PENDING.labels(self.cdn.name).set(len(self._waiting))

    async def _wait(self) -> None:
        """Wait for news, or for the next second purge."""
        try:
            async with asyncio.timeout(self._waiting.pause(self._clock())):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _send(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> float:
        """Send one request; return how many seconds to leave the cache alone.

        While it is under way its keys do not wait: those that come anew meanwhile are named again, since the cache may
        have forgotten them before. Where it fails they wait again, together with what came meanwhile.
        """
        try:
            await (self.cdn.purge_everything(session) if EVERY in keys else self.cdn.purge(session, keys))
        except (aiohttp.ClientError, TimeoutError, PurgeRefusedError) as error:
            self._waiting.put_back(keys)
            _FAILED.labels(self.cdn.name).inc()
            log.warning("%s was not purged (%s); trying again.", self.cdn.name, error)
            growing = min(_FIRST_WAIT * 2 ** min(self._failures, 10), _LONGEST_WAIT)
            self._failures += 1
            asked = error.wait if isinstance(error, PurgeRefusedError) else None
            return max(self.cdn.interval, growing * random.uniform(0.5, 1.0) if asked is None else asked)  # noqa: S311 - no secret
        else:
            self._failures = 0
            _SENT.labels(self.cdn.name).inc()
            return self.cdn.interval
        finally:
            _PENDING.labels(self.cdn.name).set(len(self._waiting))

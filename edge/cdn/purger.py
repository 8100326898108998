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
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import aiohttp
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis

from edge.follower import Follower
from edge.stream import Entry, EntryId
from edge.tags import EVERYTHING, short

log = logging.getLogger(__name__)
_MOST_PENDING = 20_000  # tags; beyond, everything is purged: it is sooner done
_FIRST_WAIT = 0.25
_LONGEST_WAIT = 30.0

_SENT = Counter("purger_requests_total", "Purge requests that a cache has acknowledged.", ["cache"])
_FAILED = Counter("purger_failures_total", "Purge requests that failed and were sent again.", ["cache"])
_PENDING = Gauge("purger_pending_tags", "Tags that wait to be purged.", ["cache"])


class PurgeRefusedError(Exception):
    """A cache did not take a purge; `wait` is how many seconds it wants to be left alone, None if it said nothing."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Cdn(Protocol):
    """A cache that is purged by surrogate keys.

    `most_keys` is what one request can name, `interval` the least time between requests (s).
    """

    name: str
    most_keys: int
    interval: float

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Have these keys forgotten; raises PurgeRefusedError, or what aiohttp raises."""

    async def purge_everything(self, session: aiohttp.ClientSession) -> None:
        """Have everything forgotten."""


class Purger:
    """Purges one cache. `transit` is the longest time that an answer of the origin may be on its way (s)."""

    def __init__(self, cdn: Cdn, *, transit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.cdn = cdn
        self._transit = transit
        self._clock = clock
        self._pending: dict[str, None] = {}
        self._again: deque[tuple[float, list[str]]] = deque()
        self._news = asyncio.Event()
        self._position: EntryId | None = None

    def follow(self, redis: Redis) -> Follower:
        """Return the follower that feeds this purger."""
        return Follower(redis, on_start=self._start, on_entries=self.hear)

    async def run(self) -> None:
        """Purge until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                await self._wait()
                self._due()
                while keys := list(self._pending)[: self.cdn.most_keys]:
                    everything = short(EVERYTHING) in self._pending
                    taken = list(self._pending) if everything else keys
                    await self._send(session, [] if everything else keys)
                    for key in taken:
                        self._pending.pop(key, None)
                    await asyncio.sleep(self.cdn.interval)
                    self._due()

    def _start(self, position: EntryId, _: list[Entry]) -> None:
        self._position = position
        self._add([EVERYTHING])  # what changed while nobody followed is unknown

    def hear(self, entries: list[Entry], _: float = 0.0) -> None:
        """Take what has changed; everything where an entry does not follow the last one."""
        for entry in entries:
            gap = entry.before != self._position
            self._position = entry.id
            self._add([EVERYTHING] if gap else [change.tag for change in entry.changes])

    def _add(self, tags: Sequence[str]) -> None:
        keys = [short(tag) for tag in tags]
        if not keys:
            return
        self._pending.update(dict.fromkeys(keys))
        if len(self._pending) > _MOST_PENDING:
            self._pending[short(EVERYTHING)] = None
        self._again.append((self._clock() + self._transit, keys))
        if len(self._again) > _MOST_PENDING:
            self._again = deque([(self._clock() + self._transit, [short(EVERYTHING)])])
        self._news.set()
        _PENDING.labels(self.cdn.name).set(len(self._pending))

    def _due(self) -> None:
        """Take up the second purges whose time has come."""
        while self._again and self._again[0][0] <= self._clock():
            self._pending.update(dict.fromkeys(self._again.popleft()[1]))
        _PENDING.labels(self.cdn.name).set(len(self._pending))

    async def _wait(self) -> None:
        """Wait for news, or for the next second purge."""
        seconds = max(0.0, self._again[0][0] - self._clock()) if self._again else None
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _send(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Send one request until it is acknowledged; no keys: everything."""
        wait = _FIRST_WAIT
        while True:
            try:
                await (self.cdn.purge(session, keys) if keys else self.cdn.purge_everything(session))
            except (aiohttp.ClientError, TimeoutError, PurgeRefusedError) as error:
                _FAILED.labels(self.cdn.name).inc()
                asked = error.wait if isinstance(error, PurgeRefusedError) else None
                log.warning("%s was not purged (%s); trying again.", self.cdn.name, error)
                await asyncio.sleep(asked if asked is not None else wait * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                _SENT.labels(self.cdn.name).inc()
                return


async def acknowledged(response: aiohttp.ClientResponse) -> None:
    """Raise PurgeRefusedError unless a purge was taken (2xx)."""
    if response.ok:
        return
    said = (await response.text())[:200]
    after = response.headers.get("Retry-After", "")
    raise PurgeRefusedError(f"{response.status}: {said}", float(after) if after.isdecimal() else None)

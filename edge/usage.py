"""What keys use, counted without a round trip for each request, and handed on every few seconds.

A process adds up in memory and appends what came together to a stream in Redis, under an id of the batch's own; the
relay moves batches to MongoDB, each once (`workers.usage`). So nothing is counted twice, also where Redis' answer was
lost and the batch is appended again; a process that is killed loses what it has not handed on, a few seconds' worth.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

BATCHES: Final = "usage:batches"
"""The stream of batches in Redis."""

FLUSH_SECONDS: Final = 5.0
DAY_SECONDS: Final = 86_400

_REDIS_SECONDS: Final = 1.0
_MOST_ROWS: Final = 1000  # of one batch


class Row(NamedTuple):
    """What a key (hex id) used on a day (of Unix time): answered requests, their cost, bytes of their bodies."""

    key: str
    day: int
    requests: int
    cost: int
    size: int


class Usage:
    """The counts of one process. `wall_clock` is Unix seconds."""

    def __init__(self, redis: Redis, wall_clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._wall_clock = wall_clock
        self._counted: dict[tuple[str, int], list[int]] = {}
        self._batches: dict[str, bytes] = {}  # by id: what is being handed on

    def count(self, key: str, cost: int, size: int) -> None:
        """Count an answered request."""
        what = key, int(self._wall_clock()) // DAY_SECONDS
        counts = self._counted.get(what)
        if counts is None:
            counts = self._counted[what] = [0, 0, 0]
        counts[0] += 1
        counts[1] += cost
        counts[2] += size

    async def run(self) -> None:
        """Hand on until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Hand on what was counted; what could not be is kept for the next time, under the same id."""
        try:
            await self._hand_on()
            rows = [[key, day, *counts] for (key, day), counts in self._counted.items()]
            self._counted = {}
            for first in range(0, len(rows), _MOST_ROWS):
                self._batches[secrets.token_hex(12)] = orjson.dumps(rows[first : first + _MOST_ROWS])
            await self._hand_on()
        except (RedisError, OSError) as error:
            log.warning("What API keys used is not handed on yet: %s", error)

    async def _hand_on(self) -> None:
        for id_, batch in [*self._batches.items()]:
            async with asyncio.timeout(_REDIS_SECONDS):
                await self._redis.xadd(BATCHES, {"id": id_, "rows": batch})
            self._batches.pop(id_, None)


def rows_of(batch: bytes) -> list[Row]:
    """Read the rows of a batch; raises ValueError or TypeError for what is none."""
    found = orjson.loads(batch)
    return [Row(str(key), int(day), int(requests), int(cost), int(size)) for key, day, requests, cost, size in found]

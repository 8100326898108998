"""How far an edge is behind the stream's tail: for its operator, never for a decision.

Both ends are told by MongoDB's clock, in whole seconds: the time of the newest entry that was applied, and that of the
newest there is. How far the tail itself is behind the database is the relay's to tell (`relay_position_seconds`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge import stream
from edge.metrics import LAG_ENTRIES, LAG_SECONDS
from edge.stream import EntryId

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0
_MOST = 1000  # entries that are counted
_PATIENCE_SECONDS = 1.0


class Lag(NamedTuple):
    """How many entries were not applied yet (1000 for more), and over how many seconds of MongoDB's clock they go."""

    entries: int
    seconds: int


def seconds(moment: EntryId) -> int:
    """Return MongoDB's time of a stream's id, in Unix seconds."""
    return moment.time >> 32


async def measure(redis: Redis, position: EntryId | None) -> Lag | None:
    """Return how far a position is behind the tail; None where either is not known."""
    if position is None:
        return None
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            newest = await stream.tail(redis)
            if newest is None or newest.id <= position:
                return Lag(0, 0) if newest is not None else None
            missing = await stream.following(redis, position, _MOST)
    except (RedisError, OSError) as error:  # a TimeoutError is an OSError
        log.debug("The lag is not known: %s", error)
        return None
    return Lag(len(missing), seconds(newest.id) - seconds(position))


async def watch(redis: Redis, position: Callable[[], EntryId | None], interval: float = INTERVAL_SECONDS) -> None:
    """Bring the gauges up to date at intervals, until cancelled."""
    while True:
        found = await measure(redis, position())
        LAG_ENTRIES.set(found.entries if found else float("nan"))
        LAG_SECONDS.set(found.seconds if found else float("nan"))
        await asyncio.sleep(interval)

"""Running a relay, and waiting for what it writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from edge import stream
from edge.stream import STREAM, Entry
from models.database import Database, cluster_time
from workers.relay.relay import Relay


@asynccontextmanager
async def relaying(database: Database, redis: Redis) -> AsyncIterator[Relay]:
    """Run a relay until the end."""
    relay = Relay(database, redis)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def chain(redis: Redis) -> list[Entry]:
    """Return the whole stream, having checked that each entry follows the one before."""
    rows: Any = await redis.xrange(STREAM)  # the library types every protocol's answers at once
    found = [Entry.decode(id_, fields) for id_, fields in rows]
    assert [entry.before for entry in found[1:]] == [entry.id for entry in found[:-1]]
    return found


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that nothing tells of."""
    async with asyncio.timeout(15):
        while not await condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def caught_up(database: Database, redis: Redis) -> list[Entry]:
    """Wait until everything that was written until now is in the stream, and return the stream."""
    target = cluster_time(await database.pulse("test"))

    async def arrived() -> bool:
        tail = await stream.tail(redis)
        return tail is not None and tail.id.time >= target

    await until(arrived)
    return await chain(redis)


async def exists(redis: Redis) -> bool:
    """Whether there is a stream."""
    return bool(await redis.exists(STREAM))

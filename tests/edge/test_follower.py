"""Following the stream in a real Redis: where it starts, what it hands on, and what it does when Redis was away."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from redis.asyncio import Redis

from edge import stream
from edge.draining import Draining
from edge.follower import Follower
from edge.stream import START, STREAM, Change, Entry, EntryId
from tests.edge.stand import until


@dataclass
class Heard:
    """What a follower said."""

    starts: list[EntryId] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    lost: int = 0
    stumbles: bool = False

    def hear(self, entries: list[Entry], _: float) -> None:
        """Remember a batch."""
        if self.stumbles:
            raise ZeroDivisionError
        self.entries.extend(entries)

    def lose(self) -> None:
        """Count a loss."""
        self.lost += 1


@asynccontextmanager
async def following(redis: Redis) -> AsyncIterator[tuple[Follower, Heard]]:
    """Run a follower until the end."""
    heard = Heard()
    follower = Follower(
        redis, on_start=lambda position, _: heard.starts.append(position), on_entries=heard.hear, on_lost=heard.lose
    )
    task = asyncio.create_task(follower.run())
    try:
        yield follower, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty Redis database."""
    async with Redis.from_url(redis_url.replace("/0", "/5"), socket_timeout=5) as redis:
        await redis.flushdb()
        yield redis


def entry(time: int, before: int) -> Entry:
    """Make an entry."""
    return Entry(EntryId(time, 0), EntryId(before, 0), "", (Change("a"),))


async def test_it_starts_at_the_tail_and_hands_on_what_follows(redis: Redis) -> None:
    """Given a stream, when a follower starts, then it says where, and hands on every later entry in order."""
    await stream.append(redis, START, [entry(1, 0), entry(2, 1)])
    async with following(redis) as (follower, heard):
        await until(lambda: bool(heard.starts))
        await stream.append(redis, EntryId(2, 0), [entry(3, 2), entry(4, 3)])
        await until(lambda: len(heard.entries) == 2)
        assert heard.starts == [EntryId(2, 0)]
        assert [each.id.time for each in heard.entries] == [3, 4]
        assert follower.last == EntryId(4, 0)
        assert heard.lost == 0


async def test_an_emptied_stream_is_followed_from_its_new_beginning(redis: Redis) -> None:
    """Given a follower, when Redis is emptied, then it says that it lost the stream, and hands on the new one whole."""
    await stream.append(redis, START, [entry(5, 0)])
    async with following(redis) as (follower, heard):
        await until(lambda: bool(heard.starts))
        await redis.delete(STREAM)
        await until(lambda: heard.lost > 0)
        await until(lambda: follower.last == START)
        await stream.append(redis, START, [entry(2, 0)])
        await until(lambda: [each.id.time for each in heard.entries] == [2])


async def test_a_tail_that_was_lost_is_waited_for(redis: Redis) -> None:
    """Given a follower ahead of a Redis that lost its tail, then it vouches for nothing until the stream goes on."""
    await stream.append(redis, START, [entry(1, 0), entry(2, 1)])
    async with following(redis) as (_, heard):
        await until(lambda: bool(heard.starts))
        await redis.delete(STREAM)
        await stream.append(redis, START, [entry(1, 0)])
        await until(lambda: heard.lost > 0)
        await stream.append(redis, EntryId(1, 0), [entry(2, 1), entry(3, 2)])
        await until(lambda: [each.id.time for each in heard.entries] == [3])


async def test_a_quiet_empty_stream_is_nothing_lost(redis: Redis) -> None:
    """Given no stream at all, when it stays quiet, then nothing was lost, and the first entry is handed on."""
    async with following(redis) as (follower, heard):
        await until(lambda: follower.last == START)
        await asyncio.wait([asyncio.ensure_future(redis.xread({STREAM: "0-0"}, block=1100))])
        assert heard.lost == 0
        await stream.append(redis, START, [entry(1, 0)])
        await until(lambda: len(heard.entries) == 1)


async def test_it_tries_again_while_redis_is_away() -> None:
    """Given a Redis that does not answer, then the follower says so, and goes on trying."""
    async with Redis.from_url("redis://127.0.0.1:9/0") as away, following(away) as (follower, heard):
        await until(lambda: heard.lost >= 2)
        assert follower.last is None


async def test_a_batch_that_cannot_be_taken_is_where_it_begins_again(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Given entries over which its owner stumbles, then that is logged, and it begins again from the stream's tail."""
    await stream.append(redis, START, [entry(1, 0)])
    async with following(redis) as (_, heard):
        await until(lambda: bool(heard.starts))
        heard.stumbles = True
        await stream.append(redis, EntryId(1, 0), [entry(2, 1)])
        await until(lambda: len(heard.starts) == 2)
        heard.stumbles = False
        await stream.append(redis, EntryId(2, 0), [entry(3, 2)])
        await until(lambda: len(heard.entries) == 1)
    assert heard.starts == [EntryId(1, 0), EntryId(2, 0)]
    assert heard.lost == 1
    assert "beginning again" in caplog.text


@pytest.mark.filterwarnings(  # the client leaves a socket open that it is just connecting when cancelled
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
async def test_a_cancelled_follower_ends(redis: Redis, redis_url: str) -> None:
    """Given followers at arbitrary points of connecting, when each is cancelled once, then each ends."""
    chance = random.Random(5)  # noqa: S311 - arbitrary, and the same each time
    await stream.append(redis, START, [entry(1, 0)])
    async with Redis.from_url(redis_url.replace("/0", "/5"), socket_timeout=5) as own:
        tasks = []
        for _ in range(60):
            tasks.append(asyncio.create_task(Follower(own).run()))
            await asyncio.wait(tasks[-1:], timeout=chance.random() * 0.004)
            tasks[-1].cancel()
        _, running = await asyncio.wait(tasks, timeout=5)
        assert not running
    gc.collect()


async def test_streams_end_when_a_process_stops() -> None:
    """Given a streaming request, when its process drains, then the request is cancelled; one that ended is not."""
    draining, streaming = Draining(), asyncio.Event()

    async def serve() -> None:
        with draining.stream():
            streaming.set()
            await asyncio.Event().wait()

    async def short() -> None:
        with draining.stream():
            pass

    await short()
    task = asyncio.create_task(serve())
    await streaming.wait()
    await draining.drain(web.Application())
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()

"""Jobs that make variants ahead: by a real queue in a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from storage.assets import FolderAssetStore
from storage.jobs import WARM_UP, Jobs
from tests.images.stand import path, serve, worker
from tests.images.test_variants import made
from workers.images.errors import BusyError, MissingError, UnusableError
from workers.images.server import PREPARE
from workers.images.warming import ACCEPTED, Prepare, do_jobs


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty database."""
    async with Redis.from_url(redis_url.replace("/0", "/6"), socket_timeout=5) as redis:
        await redis.flushdb()
        yield redis


@asynccontextmanager
async def working(redis: Redis, prepare: Prepare) -> AsyncIterator[None]:
    """Do jobs meanwhile."""
    task = asyncio.create_task(do_jobs(redis, prepare))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait for something that nothing tells of."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)


def done(jobs: Jobs) -> Callable[[], Awaitable[bool]]:
    """Return what answers whether no job is left to do."""

    async def nothing_waits() -> bool:
        return await jobs.waiting() == 0

    return nothing_waits


async def test_what_was_made_ahead_is_there(redis: Redis, store: FolderAssetStore, tmp_path: Path) -> None:
    """Given a job, when it is done, then each class of clients finds its variant kept."""
    app, jobs = worker(store, variants=tmp_path / "variants"), Jobs(redis)
    async for client in serve(app):
        assert await jobs.add(WARM_UP, "photo", paths=[path("w:300"), path("w:64"), path("w:9", "gone")])
        async with working(redis, app[PREPARE]):
            await until(done(jobs))
        assert [job async for job in jobs.dead()] == []
        before = made("made")
        for accept in ACCEPTED:
            assert (await client.get(path("w:300"), Accept=accept)).status == 200
        assert made("made") == before
        assert (await client.get(path("w:301"), Accept="image/webp")).status == 200
        assert made("made") == before + 1


async def test_equal_jobs_wait_once(redis: Redis) -> None:
    """Given the same key twice, then it is done once; afterwards it may be added again."""
    jobs, asked = Jobs(redis), []

    async def prepare(at: str, accept: str) -> None:
        asked.append((at, accept))

    for _ in range(3):
        await jobs.add(WARM_UP, "one", paths=["/a"])
    assert await jobs.waiting() == 1
    async with working(redis, prepare):
        await until(done(jobs))
        assert asked == [("/a", accept) for accept in ACCEPTED]
        await jobs.add(WARM_UP, "one", paths=["/b"])
        await until(done(jobs))
    assert asked[-1][0] == "/b"


async def test_a_busy_worker_is_asked_again_and_what_is_gone_is_left_out(redis: Redis) -> None:
    """Neither is a failure."""
    jobs, busy, asked = Jobs(redis), [BusyError("Full."), BusyError("Full.")], []

    async def prepare(at: str, accept: str) -> None:
        if busy:
            raise busy.pop()
        asked.append(at)
        raise MissingError("There is no such original.")

    await jobs.add(WARM_UP, "one", paths=["/a", "/b"])
    async with working(redis, prepare):
        await until(done(jobs))
    assert asked == ["/a", "/a", "/b", "/b"]
    assert [job async for job in jobs.dead()] == []


async def test_what_fails_is_tried_again_and_what_fails_for_good_is_a_dead_letter(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its error; it can be given another try."""
    monkeypatch.setattr("storage.jobs._POLICY", {"retries": 3, "retry_delay": 0.01, "timeout": 5, "ttl": 100})
    jobs, tries, mended = Jobs(redis), [], False

    async def prepare(at: str, accept: str) -> None:
        tries.append(at)
        if not mended:
            raise UnusableError("The original is broken.")

    await jobs.add(WARM_UP, "broken", paths=["/a"])
    async with working(redis, prepare):
        await until(done(jobs))
        assert len(tries) == 3
        (dead,) = [job async for job in jobs.dead()]
        assert (dead.key, dead.kwargs) == ("broken", {"paths": ["/a"]})
        assert "The original is broken." in (dead.error or "")
        mended = True
        await jobs.retry(dead)
        await until(done(jobs))
    assert [job async for job in jobs.dead()] == []


async def test_a_job_of_a_worker_that_stops_is_done_by_the_next(redis: Redis) -> None:
    """Given a job under way, when its worker stops, then another one does it from the beginning."""
    jobs, begun, asked = Jobs(redis), asyncio.Event(), []

    async def hang(at: str, accept: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def prepare(at: str, accept: str) -> None:
        asked.append(at)

    await jobs.add(WARM_UP, "one", paths=["/a"])
    async with working(redis, hang):
        await begun.wait()
    async with working(redis, prepare):
        await until(done(jobs))
    assert asked == ["/a", "/a"]


async def test_without_redis_nothing_is_queued_and_nothing_fails(tmp_path: Path) -> None:
    """Given a Redis that is away, then adding says so; a worker waits without a fuss, and works when it is back."""
    port, asked = free_port(), []

    async def prepare(at: str, accept: str) -> None:
        asked.append(at)

    async with Redis.from_url(f"redis://127.0.0.1:{port}/0", socket_timeout=5) as redis:
        jobs = Jobs(redis)
        assert not await jobs.add(WARM_UP, "one", paths=["/a"])
        async with working(redis, prepare):
            service = EmbeddedRedis(tmp_path, port)
            await service.start()
            try:
                await until(lambda: jobs.add(WARM_UP, "one", paths=["/a"]))
                await until(done(jobs))
            finally:
                await service.stop()
    assert asked == ["/a", "/a"]

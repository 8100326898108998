"""The second layer: a new edge starts warm, and what the stream says decides all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from edge.server import EDGE, EdgeConfig, create_edge_app
from edge.stream import Change, Entry, EntryId, append
from tests.edge.stand import PLANS, PUBLIC, Stand, own_write, served, standing, until


@pytest.fixture
async def shared(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty Redis for answers."""
    async with Redis.from_url(redis_url.replace("/0", "/6"), socket_timeout=5) as redis:
        await redis.flushdb()
        yield redis


@pytest.fixture
async def stand(redis_url: str, shared: Redis) -> AsyncIterator[Stand]:
    """Give an edge that has put one answer into the second layer."""
    async with standing(redis_url.replace("/0", "/5"), cache_redis=shared) as stand:
        await stand.fresh()
        await stand.get()
        while not await shared.keys():  # noqa: ASYNC110 - it is put there in the background
            await asyncio.sleep(0.005)
        yield stand


@asynccontextmanager
async def another(stand: Stand, shared: Redis) -> AsyncIterator[Stand]:
    """Start a second edge before the same origin."""
    address = stand.edge.config.api
    config = EdgeConfig(api=address, images=address, plans=PLANS, own_write=own_write, sign=str)
    app = create_edge_app(config, stand.redis, shared)
    async with served(app) as (port, runner):
        new = Stand(f"http://127.0.0.1:{port}", stand.origin, stand.redis, app[EDGE], stand.session, runner, stand.tail)
        await until(lambda: new.edge.coherence.position is not None)
        for _ in range(3):
            await new.publish()
        yield new


async def test_a_new_edge_starts_warm(stand: Stand, shared: Redis) -> None:
    """Given an answer that one edge has fetched, then a new edge serves it, coded too, and asks nobody."""
    async with another(stand, shared) as new:
        status, code, body = await new.get()
        assert status.startswith("edge; hit; ttl=")
        assert status.endswith("; detail=second-layer")
        assert (code, body) == (200, stand.origin.body)
        assert (await new.get())[0].startswith("edge; hit; ttl=")
        assert stand.origin.asked[f"GET /graphql/{PUBLIC}"] == 1
        async with new.session.get(new.shelf(), headers={"Accept-Encoding": "br"}) as response:
            assert response.headers["Content-Encoding"] == "br"


async def test_what_changed_meanwhile_is_not_taken_from_it(stand: Stand, shared: Redis) -> None:
    """Given an answer that something has changed in since, then a new edge asks the origin."""
    await stand.publish("Shelf:1")
    async with another(stand, shared) as new:
        assert (await new.get())[0] == "edge; fwd=uri-miss"  # the origin's as_of is from before the change


async def test_what_is_older_than_the_kept_stream_is_not_taken_from_it(stand: Stand, shared: Redis) -> None:
    """Given a stream that was trimmed behind an answer, then nobody can judge it, and a new edge asks the origin."""
    for _ in range(3):
        await stand.publish("Other:1")
    await stand.redis.xtrim("edge:invalidations", maxlen=1, approximate=False)
    async with another(stand, shared) as new:
        assert (await new.get())[0].startswith("edge; fwd=uri-miss")


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\1{", b"\0\0\0\2{}", b"\xff" * 40])
async def test_what_cannot_be_read_is_as_if_it_were_not_there(stand: Stand, shared: Redis, damage: bytes) -> None:
    """Given a damaged answer, then a new edge asks the origin."""
    (key,) = await shared.keys()
    await shared.set(key, damage)
    async with another(stand, shared) as new:
        assert (await new.get())[0].startswith("edge; fwd=uri-miss")


async def test_without_it_an_edge_goes_on(stand: Stand, shared: Redis) -> None:
    """Given a second layer that is gone, then answers come from the origin and from memory."""
    async with Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1) as gone, another(stand, gone) as new:
        assert (await new.get())[0].startswith("edge; fwd=uri-miss")
        assert (await new.get())[0].startswith("edge; hit")


async def test_an_entry_for_everything_ends_what_can_be_judged(stand: Stand, shared: Redis) -> None:
    """Given an entry that drops everything, then no answer from before it is taken."""
    entry = Entry(EntryId(stand.tail.time + 1, 0), stand.tail, "", (Change("*"),))
    assert await append(stand.redis, stand.tail, [entry]) is None
    stand.tail = entry.id
    async with another(stand, shared) as new:
        assert (await new.get())[0].startswith("edge; fwd=uri-miss")

"""An edge that hears nothing, or has lost what it followed, vouches for nothing, and everything is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from edge.coherence import PULSE_LIMIT
from edge.stream import STREAM, EntryId
from tests.edge.stand import Stand, standing, until


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge that vouches for what it holds."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        await stand.fresh()
        yield stand


async def test_without_a_pulse_nothing_is_vouched_for(redis_url: str) -> None:
    """Given an edge that has heard no pulse, when it is asked, then it forwards and says so, and is not ready."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        await stand.publish("Shelf:1")
        assert (await stand.get())[0] == "edge; fwd=bypass; detail=no-pulse"
        with pytest.raises(RuntimeError, match="no pulse"):
            await stand.edge.ready()
        await stand.fresh()
        await stand.edge.ready()
        assert (await stand.get())[0] == "edge; fwd=uri-miss; stored"


async def test_silence_ends_what_is_vouched_for(stand: Stand) -> None:
    """Given a stored answer, when no pulse comes for two seconds, then the origin answers; a pulse brings it back."""
    await stand.get()
    now = stand.edge.clock()
    stand.edge.clock = lambda: now + PULSE_LIMIT
    assert (await stand.get())[0] == "edge; fwd=bypass; detail=no-pulse"
    await stand.fresh()
    assert (await stand.get())[0].startswith("edge; hit")


async def test_a_client_ahead_of_the_edge_is_answered_by_the_origin(stand: Stand) -> None:
    """Given a client whose own write this edge has not applied, then the origin answers until it has."""
    await stand.get()
    ahead = EntryId(stand.tail.time + 1, 0)
    assert (await stand.get(Edge_As_Of=str(ahead)))[0] == "edge; fwd=bypass; detail=behind-own-write"
    assert stand.origin.requests[-1].headers["Edge-As-Of"] == str(ahead)
    await stand.publish()
    assert (await stand.get(Edge_As_Of=str(ahead)))[0].startswith("edge; hit")


async def test_stored_answers_outlive_the_origin(stand: Stand) -> None:
    """Given a stored answer, when the origin is down, then it is still served; anything else is a 502 in JSON."""
    await stand.get(first=1)
    await stand.runner.cleanup()
    assert (await stand.get(first=1))[1] == 200
    status, code, body = await stand.get(first=2)
    assert (status, code, body["errors"][0]["extensions"]) == (
        "edge; fwd=miss; detail=bad_gateway",
        502,
        {"code": "BAD_GATEWAY"},
    )
    async with stand.session.get(f"{stand.url}/images/x") as response:
        assert response.status == 502
        assert response.headers["Cache-Control"] == "no-store"
    await stand.publish("Shelf:1")
    assert (await stand.get(first=1))[1] == 502, "what changed is never served again, not even now"


async def test_an_emptied_stream_is_begun_again(stand: Stand) -> None:
    """Given Redis was emptied, when a relay begins anew, then everything held is dropped and serving goes on."""
    await stand.get()
    await stand.redis.delete(STREAM)
    await until(lambda: not stand.edge.coherence.vouches(stand.edge.clock()))
    stand.tail = EntryId(1000, 0)
    await stand.redis.xadd(STREAM, {"before": "0-0", "token": "", "changes": '[["*",null,null]]'}, id=str(stand.tail))
    await until(lambda: stand.edge.coherence.position == stand.tail)
    assert len(stand.edge.store) == 0
    await stand.fresh()
    assert (await stand.get())[0] == "edge; fwd=uri-miss; stored"


async def test_an_edge_survives_the_loss_of_redis(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Given a stored answer, when Redis is killed, then the edge vouches for nothing until it is back."""
    redis = EmbeddedRedis(tmp_path_factory.mktemp("edge-redis"), free_port())
    await redis.start()
    try:
        async with standing(redis.url) as stand:
            await stand.fresh()
            await stand.get()
            await stand.redis.config_set("appendfsync", "always")
            await stand.fresh()
            redis.kill()
            await redis.wait()
            await until(lambda: not stand.edge.coherence.vouches(stand.edge.clock()))
            assert (await stand.get())[0] == "edge; fwd=bypass; detail=no-pulse"
            await redis.start()
            await stand.redis.connection_pool.disconnect()  # what is left of the old connections
            if await stand.redis.xlen(STREAM) < 2:  # lost with the crash: the relay writes it again
                await stand.redis.delete(STREAM)
                stand.tail = EntryId(0, 0)
            await stand.fresh()
            assert (await stand.get())[1] == 200
            assert (await stand.get())[0].startswith("edge; hit")
    finally:
        await redis.stop()

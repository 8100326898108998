"""Redis is out of reach, hung, killed, emptied, or comes back without what it acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
from pathlib import Path

from edge.stream import STREAM
from tests.faults.conftest import Stand
from tests.faults.traffic import PATIENCE, Traffic

_QUERY = "{ gallery(first: 1) { totalCount } }"


async def test_an_edge_that_is_cut_off_half_open(stand: Stand, traffic: Traffic) -> None:
    """Given that nothing arrives from Redis any more, though the sockets stay open, then the edge stops vouching."""
    with stand.to_redis.cut():
        await traffic.write_once()
        await traffic.it_would_show()


async def test_a_redis_that_hangs(stand: Stand, traffic: Traffic) -> None:
    """Given a Redis that does not answer, then no request waits for it: neither signals nor automatic queries."""
    assert stand.redis_server.pid is not None
    persisted = {"version": 1, "sha256Hash": hashlib.sha256(_QUERY.encode()).hexdigest()}
    url, body = f"{stand.world.edge}/graphql", {"query": _QUERY, "extensions": {"persistedQuery": persisted}}
    os.kill(stand.redis_server.pid, signal.SIGSTOP)
    try:
        await traffic.write_once()
        async with asyncio.timeout(PATIENCE), stand.world.session.post(url, json=body) as response:
            assert response.status == 200
        await traffic.it_would_show()
    finally:
        os.kill(stand.redis_server.pid, signal.SIGCONT)


async def test_a_redis_that_comes_back_without_its_tail(stand: Stand, traffic: Traffic, tmp_path: Path) -> None:
    """Given a Redis that is killed and started from older files, then what it lost is written again, under its ids."""
    server, older = stand.redis_server, tmp_path / "older"
    shutil.copytree(server.directory, older)
    await traffic.memory_answers()
    await traffic.write_once()
    before = await stand.ids()
    server.kill()
    await server.wait()
    shutil.rmtree(server.directory)
    shutil.copytree(older, server.directory)
    await traffic.it_would_show()
    await server.start()
    await traffic.memory_answers()
    assert before <= await stand.ids()


async def test_a_redis_that_is_emptied(stand: Stand, traffic: Traffic) -> None:
    """Given a Redis that is emptied before an edge has read its last entries, then everything is dropped, and said."""
    mark = len(stand.relay.lines)
    with stand.edge.hung():
        await traffic.write_once()
        await stand.redis.flushall()
    await stand.relay.said("The stream is empty: everything cached is dropped once.", mark)


async def test_a_stream_that_was_trimmed_past_an_edge(stand: Stand, traffic: Traffic) -> None:
    """Given an edge that slept while the stream moved on and was trimmed, then it drops everything it held."""
    with stand.edge.hung():
        await traffic.write_once()
        await stand.written()
        await stand.redis.xtrim(STREAM, maxlen=1, approximate=False)

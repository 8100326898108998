"""The edge is killed, and what it asks for is slow or dies."""

from __future__ import annotations

import asyncio

from tests.faults.conftest import Stand
from tests.faults.traffic import NO_CONNECTION, Traffic

_BAD_GATEWAY = 502


async def test_an_edge_that_is_killed(stand: Stand, traffic: Traffic) -> None:
    """Given an edge that is killed and started again, then it holds nothing, and soon answers from memory."""
    with traffic.without(NO_CONNECTION):
        await stand.edge.kill()
        await traffic.write_once()
        await stand.edge.start()


async def test_an_api_that_is_killed_in_the_middle_of_a_fetch(stand: Stand, traffic: Traffic) -> None:
    """Given an API that dies with requests in its hands, then what is in memory is answered, and nothing hangs."""
    with traffic.without(_BAD_GATEWAY):
        with stand.api.hung():
            stand.to_api.asked.clear()
            await asyncio.wait_for(stand.to_api.asked.wait(), 10)
            await stand.api.kill()
        await traffic.memory_answers()
        await stand.api.start()
    await traffic.write_once()


async def test_a_slow_answer_that_straddles_an_invalidation(stand: Stand) -> None:
    """Given an answer that was read before a write and arrives after it, then only who asked before may get it."""
    world, variables = stand.world, {"first": 9}  # which nobody has asked for
    old = await stand.traffic.write_once()
    await stand.applied()
    with stand.to_api.cut(stand.to_api.back):
        early = asyncio.create_task(world.ask(world.edge, "Gallery", variables))
        await stand.to_api.holds(old.encode())
        new = await stand.traffic.write_once()
        await stand.applied()
        late = asyncio.create_task(world.ask(world.edge, "Gallery", variables))
        await stand.position()  # by now the edge has heard it
    assert old in (await early)[2].decode()
    for said, status, body in (await late, await world.ask(world.edge, "Gallery", variables)):
        assert (status, new in body.decode()) == (200, True), said

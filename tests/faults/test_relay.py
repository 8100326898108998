"""The relay is hung, killed, doubled, or does not find what it needs."""

from __future__ import annotations

import orjson

from schema import ids
from tests.faults.conftest import Stand
from tests.faults.traffic import Traffic
from tests.following import stream

_FOLLOW = """subscription ($id: ID!) { designEvents(designId: $id) {
    ... on EditsCommitted { seq asOf } ... on Heartbeat { seq asOf } } }"""


async def test_a_relay_that_hangs(stand: Stand, traffic: Traffic) -> None:
    """Given a relay that does nothing any more, then the edge stops vouching, until it goes on."""
    with stand.relay.hung():
        await traffic.write_once()
        await traffic.it_would_show()


async def test_an_event_leads_past_an_edge_that_is_behind(stand: Stand, traffic: Traffic) -> None:
    """Given an edge that hears of no change, when a subscriber asks with an event's moment, then it sees the event."""
    world, design = stand.world, ids.encode("Design", traffic.design)
    follow = stream(world.session, world.edge, _FOLLOW, {"id": design}, world.token)
    async with follow as events:
        await events.event()
        with stand.relay.hung():
            for _ in range(3):
                event = await events.event()
                _, _, body = await world.ask(world.edge, "DesignPage", {"id": design}, Edge_As_Of=event["asOf"])
                assert orjson.loads(body)["data"]["publicDesign"]["canvas"]["seq"] >= event["seq"]


async def test_a_relay_that_is_killed(stand: Stand, traffic: Traffic) -> None:
    """Given a relay that is killed, then the edge stops vouching, until another goes on from the stream's tail."""
    await stand.relay.kill()
    await traffic.write_once()
    await traffic.it_would_show()
    await stand.relay.start()


async def test_one_of_two_relays_is_killed(stand: Stand, traffic: Traffic) -> None:
    """Given two relays, when either is killed, then memory goes on answering."""
    await stand.second_relay.start()
    await stand.relay.kill()
    await traffic.write_once()
    await traffic.memory_answers()
    await stand.relay.start()
    await stand.second_relay.kill()
    await traffic.write_once()

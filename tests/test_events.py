"""Following a design: over WebSocket and server-sent events, at the API and through the front door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from app.embedded.ports import free_port
from resolvers.following import Pace
from schema import ids
from tests.following import EVENTS, PROTOCOL, SECONDS, Socket, Stream, socket, stream
from tests.platform import Json, Platform, User, added, another_api
from tests.web.node import NodeClients, NodeError, Subscription, Transport

QUICK = Pace(heartbeat=0.2, look=0.05)


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture(scope="module")
async def project(ana: User) -> str:
    """Begin a project."""
    return await ana.project(await ana.organization())


@pytest.fixture
async def design(ana: User, project: str) -> str:
    """Begin a design."""
    return await ana.design(project)


@asynccontextmanager
async def following(
    platform: Platform, transport: str, base: str, user: User, design: str, after: int | None = 0
) -> AsyncIterator[Socket | Stream]:
    """Follow a design as a user."""
    variables = {"id": design, "after": after}
    if transport == "sse":
        async with stream(platform.session, base, EVENTS, variables, user.token) as events:
            yield events
    else:
        async with socket(platform.session, base, user.token) as opened:
            await opened.send(EVENTS, variables)
            yield opened


async def committed(events: Socket | Stream) -> Json:
    """Return the next batch; passes over heartbeats."""
    while True:
        event = await events.event()
        if event["__typename"] != "Heartbeat":
            assert event["__typename"] == "EditsCommitted", event
            return event


@pytest.mark.parametrize("transport", ["ws", "sse"])
@pytest.mark.parametrize("door", ["api", "edge"])
async def test_a_second_client_sees_an_edit(
    platform: Platform, ana: User, design: str, transport: str, door: str
) -> None:
    """Each kind of edit, as it took effect, with its author; to everybody who follows."""
    base = getattr(platform, door)
    async with (
        following(platform, transport, base, ana, design) as one,
        following(platform, transport, base, ana, design) as two,
    ):
        await ana.edit(design, added("sofa", x=3, props={"fabric": "linen"}), added("rug"), batch="first")
        await ana.edit(
            design,
            {"setElement": {"key": "sofa", "rotation": 90, "props": {"fabric": None}}},
            {"moveElement": {"key": "sofa", "parent": "rug", "order": "a"}},
            {"setElement": {"key": "nothing", "x": 1}},
            {"removeElement": {"key": "rug"}},
            batch="second",
        )
        first = await committed(one)
        assert (first["seq"], first["batchId"], first["author"]) == (1, "first", {"id": ana.id})
        sofa, rug = first["edits"]
        assert (sofa["__typename"], sofa["key"], sofa["kind"], sofa["x"]) == ("ElementAdded", "sofa", "FURNITURE", 3.0)
        assert sofa["props"] == {"fabric": "linen"}
        assert rug["order"] > sofa["order"]
        second = await committed(one)
        assert (second["seq"], second["batchId"]) == (2, "second")
        assert second["edits"] == [
            {
                "__typename": "ElementSet",
                "key": "sofa",
                "patch": {"x": None, "rotation": 90.0, "props": {"fabric": None}},
            },
            {"__typename": "ElementMoved", "key": "sofa", "parent": "rug", "order": "a"},
            {"__typename": "ElementRemoved", "key": "rug", "keys": ["rug", "sofa"]},
        ]
        assert [await committed(two), await committed(two)] == [first, second]


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_the_reference_clients_see_an_edit(
    platform: Platform, node_clients: NodeClients, ana: User, design: str, transport: Transport
) -> None:
    """The npm packages graphql-ws and graphql-sse, through the front door."""
    authorization = {"Authorization": f"Bearer {ana.token}"}
    await ana.edit(design, added("a"))
    async with node_clients.subscribe(
        transport, f"{platform.edge}/graphql", EVENTS, {"id": design, "after": 0}, count=2, parameters=authorization
    ) as subscription:
        await subscription.connected()
        await ana.edit(design, added("b"))
        events = await read(subscription)
    assert [event["data"]["designEvents"]["seq"] for event in events] == [1, 2]


async def read(subscription: Subscription) -> list[Json]:
    """Read a reference client's events to the end."""
    return [event async for event in subscription]


async def test_the_reference_clients_are_told_of_a_bad_token(
    platform: Platform, node_clients: NodeClients, design: str
) -> None:
    """Over WebSocket with the close code 4403, over SSE with HTTP's 401."""
    bad = {"Authorization": "Bearer nonsense"}
    for transport, words in (("ws", "4403"), ("sse", "401")):
        name: Any = transport
        async with node_clients.subscribe(
            name, f"{platform.edge}/graphql", EVENTS, {"id": design}, parameters=bad
        ) as subscription:
            with pytest.raises(NodeError, match=words):
                await read(subscription)


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_replay_has_no_holes_while_others_write(
    platform: Platform, ana: User, project: str, transport: str
) -> None:
    """Who joins in the middle, from wherever they were, gets every batch once and in order."""
    design = await ana.design(project)
    for number in range(3):
        await ana.edit(design, added(f"before{number}"))
    writing = asyncio.gather(*(ana.edit(design, added(f"e{number}")) for number in range(50)))

    async def follow(after: int) -> list[int]:
        async with following(platform, transport, platform.edge, ana, design, after) as events:
            return [(await committed(events))["seq"] for _ in range(53 - after)]

    seen = await asyncio.gather(*(follow(after) for after in (0, 1, 3)))
    answers = await writing
    assert sorted(answer["seq"] for answer in answers) == list(range(4, 54))
    assert seen == [list(range(after + 1, 54)) for after in (0, 1, 3)]


async def test_a_long_log_is_replayed_without_pauses(platform: Platform, ana: User, project: str) -> None:
    """It is read in pages of 256; the next page follows at once, not after the next look at the log, an hour later."""
    design = await ana.design(project)
    await ana.edit(design, added("a"))
    key = ids.key(design, "Design")
    log = platform.database.handle["design_edits"]
    first = await log.find_one({"design": key})
    assert first is not None
    del first["_id"]
    await log.insert_many([{**first, "seq": seq, "batch": f"b{seq}"} for seq in range(2, 601)])
    await platform.database.handle["designs"].update_one({"_id": key}, {"$set": {"seq": 600}})
    async with (
        another_api(platform, pace=Pace(heartbeat=3600, look=3600)) as unhurried,
        following(platform, "ws", unhurried.api, ana, design) as events,
    ):
        assert [(await committed(events))["seq"] for _ in range(600)] == list(range(1, 601))


@pytest.mark.parametrize("transport", ["ws", "sse"])
@pytest.mark.parametrize("after", [2, -1])
async def test_a_position_that_the_log_does_not_have(
    platform: Platform, ana: User, design: str, transport: str, after: int
) -> None:
    """The client is told to read the canvas anew, and the subscription ends."""
    await ana.edit(design, added("a"))
    async with following(platform, transport, platform.api, ana, design, after) as events:
        assert await events.event() == {"__typename": "ResyncRequired", "seq": 1}
        await _completes(events)


async def _completes(events: Socket | Stream) -> None:
    """Check that the subscription ends in the protocol's words."""
    last = await events.receive()
    assert (last["type"] if isinstance(last, dict) else last[0]) == "complete"


async def test_without_a_position_it_begins_now(platform: Platform, ana: User, design: str) -> None:
    """What was there before is not told again."""
    await ana.edit(design, added("a"))
    async with (
        another_api(platform, pace=QUICK) as quick,
        following(platform, "ws", quick.api, ana, design, None) as events,
    ):
        assert await events.event() == {"__typename": "Heartbeat", "seq": 1}
        await ana.edit(design, added("b"))
        assert (await committed(events))["seq"] == 2


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_comments_are_told(platform: Platform, ana: User, design: str, transport: str) -> None:
    """Written, changed, settled, deleted."""
    async with following(platform, transport, platform.edge, ana, design) as events:
        await ana.edit(design, added("a"))
        assert (await committed(events))["seq"] == 1  # from now on it listens
        made = await ana.do("addComment", "Comment", {"designId": design, "body": "Uno"})
        told = await events.event()
        assert told == {
            "__typename": "CommentChanged",
            "id": made["id"],
            "comment": {"body": "Uno", "resolvedAt": None, "author": {"id": ana.id}},
        }
        await ana.do("editComment", "Comment", {"id": made["id"], "body": "Dos"})
        assert (await events.event())["comment"]["body"] == "Dos"
        await ana.by_id("resolveComment", "Comment", made["id"])
        assert (await events.event())["comment"]["resolvedAt"] is not None
        await ana.by_id("deleteComment", "Deleted", made["id"])
        assert await events.event() == {"__typename": "CommentChanged", "id": made["id"], "comment": None}


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_losing_access_ends_it(platform: Platform, ana: User, transport: str) -> None:
    """A member who is removed gets one last event, and nothing of what happens afterwards."""
    organization = await ana.organization()
    member = await ana.member(organization, "VIEWER")
    design = await ana.design(await ana.project(organization))
    async with (
        another_api(platform, pace=Pace(look=0.05)) as quick,
        following(platform, transport, quick.api, member, design) as events,
    ):
        await ana.edit(design, added("a"))
        assert (await committed(events))["seq"] == 1
        query = "mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }"
        await ana.ask(query, {"id": member.made[0]})
        await ana.edit(design, added("b"))
        last = await events.event()
        assert last["__typename"] == "AccessChanged"
        assert "access" in last["message"]
        await _completes(events)


async def test_an_open_socket_has_no_more_rights_than_its_user(platform: Platform, ana: User) -> None:
    """Roles are read anew for every operation on it: those that were lost, and those that were gained."""
    organization = await ana.organization()
    member = await ana.member(organization, "EDITOR")
    project = await ana.project(organization)
    query = "query ($id: ID!) { project(id: $id) { id } }"
    async with socket(platform.session, platform.api, member.token) as opened:
        assert await opened.first(query, {"id": project}) == {"data": {"project": {"id": project}}}
        await ana.ask("mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }", {"id": member.made[0]})
        assert await opened.first(query, {"id": project}) == {"data": {"project": None}}
        await member.join(organization, "VIEWER")
        assert await opened.first(query, {"id": project}) == {"data": {"project": {"id": project}}}


async def test_a_bad_token_closes_the_socket(platform: Platform) -> None:
    """With 4403, whether directly or through the front door; nothing is acknowledged."""
    for base in (platform.api, platform.edge):
        for token in ("Bearer nonsense", "nonsense"):
            async with platform.session.ws_connect(f"{base}/graphql", protocols=[PROTOCOL]) as ws:
                await ws.send_json({"type": "connection_init", "payload": {"authorization": token}})
                async with asyncio.timeout(SECONDS):
                    message = await ws.receive()
                assert message.type is aiohttp.WSMsgType.CLOSE, message
                assert message.data == 4403
    headers = {"Accept": "text/event-stream", "Authorization": "Bearer nonsense"}
    body = {"query": EVENTS, "variables": {"id": "x"}}
    async with platform.session.post(f"{platform.api}/graphql", json=body, headers=headers) as response:
        assert response.status == 401
        assert (await response.json())["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"


async def test_without_a_token_the_error_names_it(platform: Platform, design: str) -> None:
    """The connection stands, the subscription is refused in words that say what to send."""
    async with socket(platform.session, platform.api) as opened:
        answer = await opened.first(EVENTS, {"id": design})
        error = answer["errors"][0]
        assert error["extensions"]["code"] == "NOT_SIGNED_IN"
        assert "Authorization" in error["message"]
        assert await opened.first("{ viewer { id } }") == {"data": {"viewer": None}}
    async with stream(platform.session, platform.api, EVENTS, {"id": design}) as events:
        name, payload = await events.receive()
        assert name == "next"
        assert payload["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
        await _completes(events)


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_a_quiet_design_gives_signs_of_life(platform: Platform, ana: User, design: str, transport: str) -> None:
    """Heartbeats carry the newest number, so that a lost last event is noticed."""
    await ana.edit(design, added("a"))
    async with (
        another_api(platform, pace=QUICK) as quick,
        following(platform, transport, quick.api, ana, design) as events,
    ):
        assert (await events.event())["__typename"] == "EditsCommitted"
        for _ in range(2):
            assert await events.event() == {"__typename": "Heartbeat", "seq": 1}


async def test_lost_signals_lose_no_event(platform: Platform, ana: User, design: str) -> None:
    """With its Redis connections cut, and with no Redis at all, the log still tells everything."""
    dead = f"redis://127.0.0.1:{free_port()}/0"
    async with (
        another_api(platform, pace=QUICK, redis_url=dead) as deaf,
        following(platform, "ws", deaf.api, ana, design) as without,
        following(platform, "sse", platform.edge, ana, design) as events,
        Redis.from_url(str(platform.settings.redis_url)) as redis,
    ):
        await ana.edit(design, added("a"))
        assert (await committed(events))["seq"] == 1
        await redis.client_kill_filter(_type="pubsub")
        await asyncio.gather(*(ana.edit(design, added(f"e{number}")) for number in range(5)))
        assert [(await committed(events))["seq"] for _ in range(5)] == [2, 3, 4, 5, 6]
        assert [(await committed(without))["seq"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]


async def test_the_legacy_protocol_is_off(platform: Platform) -> None:
    """`graphql-ws`, which nobody should speak any more, is closed with 4406."""
    async with platform.session.ws_connect(f"{platform.api}/graphql", protocols=["graphql-ws"]) as ws:
        async with asyncio.timeout(SECONDS):
            message = await ws.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4406)


async def test_nothing_is_done_before_the_acknowledgement(platform: Platform, design: str) -> None:
    """An operation without `connection_init` closes the socket with 4401."""
    async with platform.session.ws_connect(f"{platform.api}/graphql", protocols=[PROTOCOL]) as ws:
        payload = {"query": EVENTS, "variables": {"id": design}}
        await ws.send_json({"type": "subscribe", "id": "1", "payload": payload})
        async with asyncio.timeout(SECONDS):
            message = await ws.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4401)


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        "[]",
        "3",
        '{"type": "subscribe", "id": "1", "payload": {"query": 3}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { id } }", "variables": []}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "nonsense"}',
        '{"type": "subscribe", "id": [], "payload": "x"}',
        "[" * 5000,
    ],
)
async def test_a_malformed_frame_closes_the_socket(
    platform: Platform, ana: User, frame: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With 4400, and without a failure in the log."""
    async with socket(platform.session, platform.api, ana.token) as opened:
        await opened.ws.send_str(frame)
        async with asyncio.timeout(SECONDS):
            message = await opened.ws.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4400)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_what_is_invalid_is_an_error_of_its_operation(platform: Platform, ana: User, design: str) -> None:
    """The socket and its other operations go on."""
    async with socket(platform.session, platform.api, ana.token) as opened:
        for query in ("{", "{ nothing }", "subscription { designEvents { __typename } }"):
            answer = await opened.first(query)
            assert answer["errors"][0]["message"]
        assert await opened.first("{ viewer { id } }") == {"data": {"viewer": {"id": ana.id}}}
        await opened.send(EVENTS, {"id": design, "after": 0})
        await ana.edit(design, added("a"))
        assert (await committed(opened))["seq"] == 1

"""Connections live as long as the session of their device; and nobody is let in by them who is not signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import pytest
from beanie import PydanticObjectId

from app.services import open_redis
from auth.tokens import SIGNED_OUT
from models.user import Session
from resolvers.following import Pace
from resolvers.watching import TOPIC, SessionWatch
from schema import ids
from storage.signals import MOST_NOTES, Listener, RedisSignals
from tests.following import EVENTS, PROTOCOL, SECONDS, Socket, Stream, socket, stream
from tests.platform import Json, Platform, User, added, another_api
from tests.test_session import again, session_of

NEVER = Pace(heartbeat=3600.0, look=3600.0)
"""With which nothing is looked at without a signal."""


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign somebody up who draws."""
    return await platform.user()


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design, with something on it."""
    design = await ana.design(await ana.project(await ana.organization()))
    await ana.edit(design, added("a"))
    return design


async def closed(ws: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
    """Read until the socket is closed: (code, reason)."""
    async with asyncio.timeout(SECONDS):
        while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE, message
    return message.data, str(message.extra)


async def refused(events: Stream) -> None:
    """Read a stream to its end, which says that the device is signed out."""
    while (said := await events.receive())[0] == "next" and "errors" not in said[1]:
        pass
    assert said[1]["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
    assert await events.receive() == ("complete", None)
    assert await events.receive() == ("end", None)


@asynccontextmanager
async def following(api: Platform, user: User, design: str) -> AsyncIterator[tuple[Socket, Stream]]:
    """Follow a design over a WebSocket and over server-sent events, live."""
    variables: Json = {"id": design, "after": 0}
    async with (
        socket(api.session, api.api, user.token) as opened,
        stream(api.session, api.api, EVENTS, variables, user.token) as events,
    ):
        await opened.send(EVENTS, variables)
        assert (await opened.event())["seq"] == (await events.event())["seq"] == 1
        yield opened, events


async def signing_out(user: User, owner: User) -> None:
    """Have the device sign itself out."""
    del owner
    await user.ask("mutation { signOut { ok } }")


async def revoking(user: User, owner: User) -> None:
    """Have another device of the same person revoke it."""
    await owner.by_id("revokeSession", "Deleted", ids.encode("Session", session_of(user)))


async def revoking_others(user: User, owner: User) -> None:
    """Have another device of the same person revoke all others."""
    del user
    await owner.ask("mutation { revokeOtherSessions { __typename } }")


async def reusing(user: User, owner: User) -> None:
    """Have a stolen refresh token come again."""
    del owner
    refresh = "mutation ($t: String!) { refresh(refreshToken: $t) { __typename ... on SignedIn { refreshToken } } }"
    second = await user.ask(refresh, {"t": user.refresh_token})
    await user.ask(refresh, {"t": second["refresh"]["refreshToken"]})
    assert await user.platform.ask(refresh, {"t": user.refresh_token}) == {"refresh": {"__typename": "NotSignedIn"}}


@pytest.mark.parametrize("ending", [signing_out, revoking, revoking_others, reusing])
async def test_connections_end_with_their_session_at_once(
    platform: Platform, ana: User, design: str, ending: Callable[[User, User], Any]
) -> None:
    """Given a device that follows a design, when its session ends at another process, then so do its connections.

    4401 over WebSocket, which has the package graphql-ws not come back; an error and the end over server-sent events.
    Nothing looks at sessions here but for a signal. Other devices of the same person go on.
    """
    device = await again(ana)
    async with (
        another_api(platform, pace=NEVER) as api,
        following(api, ana, design) as (others, _),
        following(api, device, design) as (opened, events),
    ):
        await ending(device, ana)
        assert await closed(opened.ws) == (4401, SIGNED_OUT)
        await refused(events)
        await ana.edit(design, added("b"))
        assert (await others.event())["seq"] == 2


async def test_a_socket_without_an_operation_ends_too(platform: Platform, ana: User) -> None:
    """Given a socket that has signed in and asked for nothing, then it ends with its session as well."""
    async with another_api(platform, pace=NEVER) as api, socket(api.session, api.api, ana.token) as opened:
        assert await opened.first("{ viewer { id } }") == {"data": {"viewer": {"id": ana.id}}}
        await ana.ask("mutation { signOut { ok } }")
        assert await closed(opened.ws) == (4401, SIGNED_OUT)


async def test_connections_do_not_outlive_the_end_of_their_session(platform: Platform, ana: User, design: str) -> None:
    """Given a session that expires soon, as was seen when it was last looked at, then its connections end then."""
    async with another_api(platform, pace=NEVER) as api, following(api, ana, design) as (opened, events):
        expires = datetime.now(UTC) + timedelta(seconds=0.5)
        handle = platform.database.handle["sessions"]
        await handle.update_one({"_id": session_of(ana)}, {"$set": {"expires_at": expires}})
        await _tell(platform, str(session_of(ana)))
        assert await closed(opened.ws) == (4401, SIGNED_OUT)
        await refused(events)
        assert datetime.now(UTC) >= expires - timedelta(milliseconds=1)


async def test_a_lost_signal_makes_it_late_and_no_more(platform: Platform, ana: User, design: str) -> None:
    """Given a session that is ended behind our backs, then its connections end at the next look."""
    async with (
        another_api(platform, pace=Pace(heartbeat=3600.0, look=0.05)) as api,
        following(api, ana, design) as (opened, events),
    ):
        handle = platform.database.handle["sessions"]
        await handle.update_one({"_id": session_of(ana)}, {"$set": {"ended_at": datetime.now(UTC)}})
        assert await closed(opened.ws) == (4401, SIGNED_OUT)
        while (await events.receive())[0] != "end":  # the design's reader may have been quicker to see it
            pass


async def test_a_made_up_signal_ends_nothing(platform: Platform, ana: User, design: str) -> None:
    """Given signals for sessions that have not ended, or for nothing, then the database is asked, and connections stay.

    The signal is no order: who can write to Redis can sign nobody out.
    """
    async with another_api(platform, pace=NEVER) as api, following(api, ana, design) as (opened, events):
        await _tell(platform, str(session_of(ana)), "", "nonsense", str(PydanticObjectId()))
        await ana.edit(design, added("b"))
        assert (await opened.event())["seq"] == (await events.event())["seq"] == 2


async def _tell(platform: Platform, *notes: str) -> None:
    redis = open_redis(platform.settings)
    try:
        for note in notes:
            await RedisSignals(redis).send(TOPIC, note)
    finally:
        await redis.aclose()


@pytest.mark.parametrize("how", ["signed out", "expired", "revoked long ago"])
async def test_a_socket_is_refused_to_an_ended_session(platform: Platform, ana: User, design: str, how: str) -> None:
    """Given a session that has ended, with an access token that has not, then 4403, and 401 for a stream."""
    moment = datetime.now(UTC) - timedelta(days=1)
    ended = {"expires_at": moment} if how == "expired" else {"ended_at": moment}
    if how == "signed out":
        await ana.ask("mutation { signOut { ok } }")
    else:
        await platform.database.handle["sessions"].update_one({"_id": session_of(ana)}, {"$set": ended})
    async with platform.session.ws_connect(f"{platform.api}/graphql", protocols=[PROTOCOL]) as ws:
        await ws.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
        assert await closed(ws) in {(4403, SIGNED_OUT), (4401, SIGNED_OUT)}
    body = {"query": EVENTS, "variables": {"id": design}}
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {ana.token}"}
    async with platform.session.post(f"{platform.api}/graphql", json=body, headers=headers) as response:
        assert response.status == 401


@pytest.mark.parametrize("first", ["subscribe", "subscribe after a refused sign-in", "subscribe at once behind it"])
async def test_nothing_is_run_before_the_acknowledgement(
    platform: Platform, ana: User, design: str, first: str
) -> None:
    """Given an operation before `connection_ack`, then the socket is closed with 4401 or 4403, and nothing was run."""
    mutation = f'mutation {{ deleteDesign(id: "{design}") {{ __typename }} }}'
    operation = {"type": "subscribe", "id": "1", "payload": {"query": mutation}}
    bad = {"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}x"}}
    async with platform.session.ws_connect(f"{platform.api}/graphql", protocols=[PROTOCOL]) as ws:
        if first != "subscribe":
            await ws.send_json(bad)
        if first == "subscribe after a refused sign-in":
            assert (await closed(ws))[0] == 4403
        else:
            await ws.send_json(operation)
            assert (await closed(ws))[0] == (4401 if first == "subscribe" else 4403)
    assert (await ana.ask("query ($id: ID!) { design(id: $id) { id } }", {"id": design}))["design"] == {"id": design}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"])
async def test_cross_site_websocket_hijacking_is_refused(platform: Platform, ana: User, origin: str) -> None:
    """Given a page of another origin, then its handshake is refused with 403, at the edge and at the API alike."""
    for base in (platform.api, platform.edge):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await platform.session.ws_connect(
                f"{base}/graphql",
                protocols=[PROTOCOL],
                headers={"Origin": origin, "Authorization": f"Bearer {ana.token}"},
            )
        assert caught.value.status == 403


class Still:
    """Signals that nobody sends but the test."""

    def __init__(self) -> None:
        self.listener = Listener()
        self.listening = asyncio.Event()

    @contextmanager
    def listen(self, *topics: str) -> Iterator[Listener]:
        """Give the one listener."""
        assert topics == (TOPIC,)
        self.listening.set()
        yield self.listener


async def test_more_ends_at_once_than_notes_fit_are_all_seen(platform: Platform) -> None:
    """Given more sessions that end at once than a listener takes notes, then all are looked at."""
    moment = datetime.now(UTC)
    many = [PydanticObjectId() for _ in range(MOST_NOTES + 200)]
    rows = [{"_id": id_, "user": id_, "created_at": moment, "ended_at": None} for id_ in many]
    expires = {"expires_at": moment + timedelta(hours=1)}
    await Session.get_pymongo_collection().insert_many([{**row, **expires} for row in rows])
    signals: Any = Still()
    watch = SessionWatch(signals, 3600.0)
    ended: set[PydanticObjectId] = set()
    all_ended = asyncio.Event()

    def end(id_: PydanticObjectId) -> None:
        ended.add(id_)
        if len(ended) == len(many):
            all_ended.set()

    running = asyncio.create_task(watch.run())
    async with AsyncExitStack() as stack:
        for id_ in many:
            stack.enter_context(watch.watching(id_, partial(end, id_)))
        await signals.listening.wait()
        await Session.get_pymongo_collection().update_many({"_id": {"$in": many}}, {"$set": {"ended_at": moment}})
        for id_ in many:
            signals.listener.hear(str(id_))
        async with asyncio.timeout(SECONDS):
            await all_ended.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ended == {*many}

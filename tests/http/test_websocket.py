"""The protocol `graphql-transport-ws`: its close codes, its bounds, and readers that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from app.http import websocket
from resolvers.allowance import Allowance, Limits, Turns
from resolvers.api import Api
from tests.following import EVENTS, PROTOCOL, SECONDS, socket
from tests.platform import Json, Platform, User, added, another_api


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


def subscribe(id_: str, query: str = EVENTS, **variables: object) -> Json:
    """Make a message that begins an operation."""
    return {"type": "subscribe", "id": id_, "payload": {"query": query, "variables": variables}}


async def closed(ws: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
    """Read until the socket is closed: (code, reason)."""
    async with asyncio.timeout(SECONDS):
        while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE, message
    return message.data, str(message.extra)


@asynccontextmanager
async def connected(platform: Platform) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Connect and say nothing."""
    async with platform.session.ws_connect(f"{platform.api}/graphql", protocols=[PROTOCOL]) as ws:
        yield ws


async def test_a_connection_is_initialised_once_and_soon(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `connection_init` is 4429; none at all, 4408."""
    async with connected(platform) as ws:
        for _ in range(2):
            await ws.send_json({"type": "connection_init"})
        assert await closed(ws) == (4429, "Too many initialisation requests")
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
    async with connected(platform) as ws:
        assert (await closed(ws))[0] == 4408
    async with socket(platform.session, platform.api) as opened:
        await asyncio.sleep(0.1)
        assert await opened.first("{ viewer { id } }") == {"data": {"viewer": None}}


async def test_an_id_names_one_operation_at_a_time(platform: Platform, ana: User, design: str) -> None:
    """It is 4409 while the first runs, and free again when that has ended or was completed."""
    async with socket(platform.session, platform.api, ana.token) as opened:
        for query in ("{ viewer { id } }", "{ nothing }"):
            for _ in range(2):
                await opened.ws.send_json(subscribe("a", query))
                while (await opened.receive())["type"] == "next":
                    pass
        for _ in range(2):
            await opened.ws.send_json(subscribe("a", id=design, after=0))
            await opened.ws.send_json({"type": "complete", "id": "a"})
        await opened.ws.send_json({"type": "complete", "id": "unknown"})
        for _ in range(2):
            await opened.ws.send_json(subscribe("a", id=design, after=0))
        assert await closed(opened.ws) == (4409, "Subscriber for a already exists")


@pytest.mark.filterwarnings(  # the driver leaves a socket open that it is just connecting when cancelled
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
async def test_a_flood_of_subscriptions_ends_the_socket(platform: Platform, ana: User, design: str) -> None:
    """The hundred and first operation at once is 4429; others' sockets go on."""
    async with (
        another_api(platform) as api,
        socket(api.session, api.api, ana.token) as other,
        socket(api.session, api.api, ana.token) as opened,
    ):
        await other.send(EVENTS, {"id": design, "after": 0})
        for number in range(websocket.MOST_OPERATIONS + 1):
            await opened.ws.send_json(subscribe(str(number), id=design, after=0))
        code, reason = await closed(opened.ws)
        assert (code, "100" in reason) == (4429, True)
        await ana.edit(design, added("a"))
        assert (await other.event())["seq"] == 1
    gc.collect()


def few(monkeypatch: pytest.MonkeyPatch, kind: str, left: int) -> asyncio.Event:
    """Have every process let so many more of a kind begin, and then none until the event that is returned."""
    turns, opened = iter(range(left)), asyncio.Event()

    async def turn(_: Turns, __: object) -> None:
        if next(turns, None) is None:
            await opened.wait()

    init = Allowance.__init__

    def made(allowance: Allowance, limits: Limits) -> None:
        init(allowance, limits)
        setattr(allowance, kind, type("Few", (Turns,), {"turn": turn})(limits))

    monkeypatch.setattr(Allowance, "__init__", made)
    return opened


async def test_who_begins_many_subscriptions_waits_for_a_turn(
    platform: Platform, ana: User, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given as many subscriptions as may begin for now, then a socket with one more is read no further, others are.

    Neither another subscription is begun nor anything behind it; a query is not counted.
    """
    await ana.edit(design, added("a"))
    opening = few(monkeypatch, "subscriptions", 3)
    async with (
        another_api(platform) as api,
        socket(api.session, api.api, ana.token) as one,
        socket(api.session, api.api, ana.token) as two,
    ):
        for opened in (one, two, two):
            assert (await opened.first("{ viewer { id } }"))["data"]["viewer"]["id"] == ana.id
            await opened.send(EVENTS, {"id": design, "after": 0})
            assert (await opened.event())["seq"] == 1
        await two.send(EVENTS, {"id": design, "after": 0})
        await two.ws.send_json({"type": "ping"})
        assert (await one.first("{ viewer { id } }"))["data"]["viewer"]["id"] == ana.id
        await ana.edit(design, added("b"))
        heard = [await two.event() for _ in range(2)]  # by the two that have begun; the pong is not among it
        assert [event["seq"] for event in heard] == [2, 2]
        opening.set()
        heard_late = [await two.receive() for _ in range(2)]  # in either order: the third has begun, and the pong
        assert {message["type"] for message in heard_late} <= {"next", "pong"}


async def test_who_opens_many_sockets_waits_for_a_turn(
    platform: Platform, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given as many sockets as may sign in for now, then one more is closed with 4408 in the end; nobody's is not."""
    opening = few(monkeypatch, "sockets", 2)
    async with (
        another_api(platform) as api,
        socket(api.session, api.api, ana.token),
        socket(api.session, api.api, ana.token),
    ):
        monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
        async with connected(api) as ws:
            await ws.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
            assert await closed(ws) == (4408, "Initialisation")
        monkeypatch.undo()
        async with socket(api.session, api.api) as nobody:
            assert (await nobody.first("{ viewer { id } }"))["data"]["viewer"] is None
        opening.set()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x00\x01", 4400),
        (b'{"type": "ping"}', 4400),
        ("x" * (1 << 20), 1009),
        (json.dumps({"type": "ping", "payload": "x" * 300_000}), 1009),
        ('{"type": "complete"}', 4400),
        ('{"type": "ping", "payload": []}', 4400),
        ('{"type": 7}', 4400),
        ('{"type": ["ping"]}', 4400),
        ("{}", 4400),
        ('{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { id } }"}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { id } }", "extensions": "x"}}', 4400),
        ('{"type": "connection_init", "payload": [1]}', 4400),
        ('{"type": "ping", "payload": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}", 4400),
    ],
)
async def test_what_is_no_message_closes_the_socket(
    platform: Platform, ana: User, frame: bytes | str, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Binary, beyond 256 KiB, of a wrong shape, too deep: 4400 or 1009, and no failure in the log."""
    async with socket(platform.session, platform.api, ana.token) as opened:
        await (opened.ws.send_bytes(frame) if isinstance(frame, bytes) else opened.ws.send_str(frame))
        assert (await closed(opened.ws))[0] == code
    assert [record for record in caplog.records if record.levelname in {"ERROR", "WARNING"}] == []


async def test_pings_are_answered_in_kind(platform: Platform) -> None:
    """Before and after the acknowledgement, with the payload that came; an unasked pong is welcome."""
    async with connected(platform) as ws:
        await ws.send_json({"type": "pong", "payload": {"any": 1}})
        await ws.send_json({"type": "ping", "payload": {"n": 1}})
        assert await ws.receive_json() == {"type": "pong", "payload": {"n": 1}}
        await ws.send_json({"type": "ping"})
        assert await ws.receive_json() == {"type": "pong"}


async def test_frames_of_every_length_arrive(platform: Platform, ana: User, design: str) -> None:
    """Their heads have three forms, by the length of the payload."""
    async with socket(platform.session, platform.api, ana.token) as opened:
        await opened.send(EVENTS, {"id": design, "after": 0})
        for number, length in enumerate((0, 100, 15_000, 15_000)):
            edits = [added(f"{number}-{n}", props={"note": "x" * length}) for n in range(5)]
            await ana.edit(design, *edits)
            event = await opened.event()
            assert [len(edit["props"]["note"]) for edit in event["edits"]] == [length] * 5


async def test_a_reader_that_is_too_far_behind_must_read_anew(platform: Platform, ana: User, design: str) -> None:
    """Given a client that reads nothing, then it is held so much for it and no more, and others are told everything."""
    limits = Limits(batches=1000)  # since what follows is sent as fast as it is answered
    async with another_api(platform, limits=limits) as own, socket(platform.session, own.api, ana.token) as quick:
        await quick.send(EVENTS, {"id": design, "after": 0})
        reader, writer = await _lazy(own, ana, design)
        drawing = replace(ana, platform=own)
        try:
            for number in range(websocket.MOST_HELD_EVENTS):
                note = {"note": "x" * 15_000}
                await drawing.edit(design, *(added(f"{number}-{n}", props=note) for n in range(5)))
                assert (await quick.event())["seq"] == number + 1
            async with asyncio.timeout(SECONDS):
                told = b""
                while b'"complete"' not in told[-200:]:
                    told = told[-400:] + await reader.read(1 << 20)
            assert b"ResyncRequired" in told
        finally:
            writer.close()


async def _lazy(platform: Platform, user: User, design: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Follow a design by a socket with small buffers from which nobody reads."""
    port = int(platform.api.rpartition(":")[2])
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_masked({"type": "connection_init", "payload": {"authorization": f"Bearer {user.token}"}}))
    await reader.readuntil(b"connection_ack")
    writer.write(_masked(subscribe(uuid4().hex, id=design, after=0)))
    return reader, writer


def _masked(message: Json) -> bytes:
    """Make a client's frame, with a mask of zeros."""
    body = json.dumps(message).encode()
    return b"\x81\xfe" + len(body).to_bytes(2, "big") + bytes(4) + body


async def test_a_client_that_never_reads_is_closed(
    platform: Platform, ana: User, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a client that takes nothing of what is held for it, then it is gone after a while."""
    monkeypatch.setattr(websocket, "STALLED_SECONDS", 0.3)
    async with another_api(platform) as own:
        reader, writer = await _lazy(own, ana, design)
        try:
            for number in range(80):
                await ana.edit(design, *(added(f"{number}-{n}", props={"note": "x" * 15_000}) for n in range(5)))
            await asyncio.sleep(1.5)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                async with asyncio.timeout(SECONDS):
                    await reader.readexactly(1 << 30)
        finally:
            writer.close()


async def test_a_mutation_goes_on_when_its_client_leaves(
    platform: Platform, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a client that goes while what it asked for is done, then that is done all the same, and done whole."""
    begun, going, run = asyncio.Event(), asyncio.Event(), Api.execute

    async def slow(*arguments: Any, **options: Any) -> Any:
        begun.set()
        await going.wait()
        return await run(*arguments, **options)

    monkeypatch.setattr(Api, "execute", slow)
    organization = await _organization(ana, going)
    begun.clear()
    query = """mutation ($o: ID!) { createProject(input: {organizationId: $o, title: "Left", kind: HOUSE,
        address: {city: "Madrid", country: "ES"}}) { __typename } }"""
    async with socket(platform.session, platform.api, ana.token) as opened:
        await opened.ws.send_json(subscribe("m", query, o=organization))
        async with asyncio.timeout(SECONDS):
            await begun.wait()
    going.set()
    asked = "query ($o: ID!) { organization(id: $o) { projects { totalCount } } }"
    async with asyncio.timeout(SECONDS):
        while not (await ana.ask(asked, {"o": organization}))["organization"]["projects"]["totalCount"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _organization(who: User, going: asyncio.Event) -> str:
    """Found an organization before anything is slow."""
    going.set()
    made = await who.organization()
    going.clear()
    return made


async def test_who_asks_and_does_not_read_is_not_read_from(
    platform: Platform, ana: User, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a client that sends and takes no answer, then what is held for it is bounded, and it is closed."""
    monkeypatch.setattr(websocket, "STALLED_SECONDS", 0.3)
    async with another_api(platform) as own:
        reader, writer = await _lazy(own, ana, design)
        ping = _masked({"type": "ping", "payload": {"x": "x" * 30_000}})
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(5):
                for _ in range(2000):  # 60 MB, of which most cannot be sent
                    writer.write(ping)
                    await writer.drain()
                pytest.fail("all of it was taken")
        writer.close()
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 20):
                pass


async def test_a_page_of_another_origin_gets_no_socket(platform: Platform) -> None:
    """403, in words; a page of ours, and whoever is no browser, gets one."""
    for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Origin": "https://["}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await platform.session.ws_connect(f"{platform.api}/graphql", protocols=[PROTOCOL], headers=headers)
        assert refused.value.status == 403
    for headers in ({"Origin": platform.api}, {"Origin": "https://a", "Sec-Fetch-Site": "same-origin"}, {}):
        async with platform.session.ws_connect(f"{platform.api}/graphql", protocols=[PROTOCOL], headers=headers) as ws:
            await ws.send_json({"type": "ping"})
            assert await ws.receive_json() == {"type": "pong"}

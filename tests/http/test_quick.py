"""The quick way: whole GETs are answered past aiohttp's application, in order, and as it would."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from redis.asyncio import Redis

from app.embedded.ports import free_port
from app.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON
from app.http.quick import REPLYING, QuickRunner
from app.http.reply import Reply
from edge.follower import Follower
from tests.http.test_api import moment, serving
from tests.platform import Platform

TARGETS = ("", "?variables=%7B%7D", "?variables=nonsense", "?operationName=Other", f"/../{'0' * 64}", "/nothing")
ACCEPTED = (JSON, GRAPHQL_JSON, "image/png", "text/html", EVENT_STREAM)
GET = b"GET /quick/%d HTTP/1.1\r\nHost: here\r\n\r\n"


@dataclass
class Stage:
    """An application that answers `/quick/N` quickly, each as soon as its gate is open, and all else slowly."""

    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    working: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self, *paths: str) -> None:
        """Open gates."""
        for path in paths:
            self.gate(path).set()

    def gate(self, path: str) -> asyncio.Event:
        """Return a path's gate."""
        return self.gates.setdefault(path, asyncio.Event())

    def replying(self, message: RawRequestMessage, remote: str | None) -> Coroutine[Any, Any, Reply] | None:
        """Answer what is quick, wherever it comes from."""
        del remote
        return self.reply(message.path) if message.path.startswith("/quick") else None

    async def reply(self, path: str) -> Reply:
        """Answer when the gate is open."""
        self.begun.append(path)
        self.working.set()
        await self.gate(path).wait()
        self.done.set()
        if path == "/quick/12":
            raise asyncio.CancelledError
        if path == "/quick/13":
            raise RuntimeError("unlucky")
        return Reply(200, JSON, {}, path.encode())

    async def slow(self, request: web.Request) -> web.Response:
        """Answer in the ordinary way."""
        return web.Response(text=f"slow {request.path}")


@asynccontextmanager
async def staged(stage: Stage, **handling: Any) -> AsyncIterator[tuple[int, web.AppRunner]]:
    """Serve it; give the port, and the runner."""
    app = web.Application()
    app[REPLYING] = stage.replying
    app.router.add_route("*", "/{tail:.*}", stage.slow)
    runner = QuickRunner(app, access_log=None, shutdown_timeout=5, **handling)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port, runner
    finally:
        await runner.cleanup()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Read an answer's body."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return await reader.readexactly(length)


async def begun(stage: Stage, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection on which `/quick/1` is being answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % 1)
    await soon(stage.working)
    return reader, writer


async def soon(event: asyncio.Event) -> None:
    """Wait for an event that must come."""
    async with asyncio.timeout(10):
        await event.wait()


async def test_it_answers_as_the_application_would(platform: Platform) -> None:
    """Given the same requests on both ways, then statuses, bodies and headers are the same."""
    found: list[list[Any]] = []
    async with Redis.from_url(platform.settings.redis_url or "") as redis:
        follower = Follower(redis)
        follower.last = await moment(platform)
        for kind in (web.AppRunner, QuickRunner):
            async with serving(platform, follower, runner=kind) as url, aiohttp.ClientSession() as session:
                found.append([await _asked(session, url + target, accept) for target in TARGETS for accept in ACCEPTED])
    assert found[0] == found[1]
    assert any(status == 200 and "surrogate-key" in headers for status, headers, _ in found[1])


async def _asked(session: aiohttp.ClientSession, url: str, accept: str) -> tuple[int, dict[str, str], bytes]:
    async with session.get(url, headers={"Accept": accept}) as response:
        body = await response.read()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, {name: headers[name] for name in headers.keys() - {"date", "x-request-id"}}, body


async def test_what_comes_together_is_answered_in_order() -> None:
    """Given requests in one piece, and further ones while the first is answered, then answers keep their order."""
    stage = Stage()
    async with staged(stage) as (port, _):
        reader, writer = await begun(stage, port)
        writer.write(GET % 2 + b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\nGET /qu")
        await writer.drain()
        writer.write(b"ick/3 HTTP/1.1\r\nHost: here\r\n\r\n")
        stage.open("/quick/2", "/quick/3", "/quick/1")
        bodies = [await answer(reader) for _ in range(4)]
        assert bodies == [b"/quick/1", b"slow /quick/2", b"slow /slow", b"slow /quick/3"]
        writer.close()


async def test_a_connection_is_quick_again_after_a_slow_answer() -> None:
    """Given a slow answer, when the next request comes at once, then it is quick; and each is answered once."""
    stage = Stage()
    stage.open("/quick/1", "/quick/2")
    async with staged(stage) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for sent, body in ((GET % 1, b"/quick/1"), (b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n", b"slow /slow")) * 3:
            writer.write(sent)
            assert await answer(reader) == body
        writer.write(GET % 2)
        assert await answer(reader) == b"/quick/2"
        writer.close()
    assert stage.begun == ["/quick/1"] * 3 + ["/quick/2"]


async def test_who_leaves_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Given a client that leaves while it is answered, then the work goes to its end, and nobody complains."""
    stage = Stage()
    async with staged(stage) as (port, _):
        _, writer = await begun(stage, port)
        writer.close()
        await writer.wait_closed()
        stage.open("/quick/1")
        await soon(stage.done)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_shutdown_waits_for_what_is_being_answered() -> None:
    """Given a shutdown while a request is answered, then the client gets its answer, and the connection ends."""
    stage = Stage()
    async with staged(stage) as (port, runner):
        reader, writer = await begun(stage, port)
        stopping = asyncio.ensure_future(runner.cleanup())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        stage.open("/quick/1")
        assert await answer(reader) == b"/quick/1"
        async with asyncio.timeout(3):
            assert await reader.read() == b""
            await stopping
        writer.close()


@pytest.mark.parametrize(("number", "logged"), [(12, False), (13, True)])
async def test_a_failure_ends_the_connection(number: int, logged: bool, caplog: pytest.LogCaptureFixture) -> None:  # noqa: FBT001
    """Given an answer that is cancelled, or a fault of ours, which is logged, then the client is not left waiting."""
    stage = Stage()
    stage.open(f"/quick/{number}")
    async with staged(stage) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % number)
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        writer.close()
    assert ("could not be answered" in caplog.text) == logged


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb"])
def test_a_header_cannot_be_broken(value: str) -> None:
    """A line break in a value would be another header, or another answer."""
    with pytest.raises(ValueError, match="line break"):
        Reply(200, JSON, {"X-Name": value}, b"").spelled()


async def test_an_idle_connection_is_closed_and_one_at_work_is_not() -> None:
    """Given a quick answer that takes longer than a connection may be idle, then it comes, and the end after it."""
    stage = Stage()
    async with staged(stage, keepalive_timeout=0.2) as (port, _):
        reader, writer = await begun(stage, port)
        await asyncio.sleep(0.4)
        stage.open("/quick/1")
        assert await answer(reader) == b"/quick/1"
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        writer.close()

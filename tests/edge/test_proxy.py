"""What the edge passes on: requests untouched, answers as they come, WebSockets with their ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from tests.edge.stand import Stand, standing, until


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge before an origin that echoes what it is asked."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        stand.origin.other = echo
        yield stand


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with what was asked."""
    body = await request.read()
    headers = [[name, value] for name, value in request.headers.items()]
    told = {"method": request.method, "path": request.raw_path, "headers": headers, "body": body.decode()}
    return web.Response(body=orjson.dumps(told), status=201, reason="Made", headers={"Set-Cookie": "a=1", "TE": "x"})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
async def test_a_request_reaches_the_origin_untouched(stand: Stand, method: str) -> None:
    """Given any method, an odd path and a body, then the origin sees exactly those, and the client its answer."""
    path = "/a%2Fb/%7Ec/./d;e=1?q=%20x+y&z=%2B&empty="
    body = b"x" * 200_000 if method in {"POST", "PUT", "PATCH"} else None
    url = URL(stand.url + path, encoded=True)
    async with stand.session.request(method, url, data=body, headers={"X-Kept": "1"}) as response:
        told = await response.json(content_type=None)
        assert (response.status, response.reason) == (201, "Made")
        assert response.headers["Set-Cookie"] == "a=1"
        assert response.headers["Cache-Status"] == "edge; fwd=bypass"
        assert "TE" not in response.headers
    assert (told["method"], told["path"], told["body"]) == (method, path, (body or b"").decode())
    assert ["X-Kept", "1"] in told["headers"]


async def test_the_edge_adds_nothing_of_its_own_but_where_the_client_is(stand: Stand) -> None:
    """Given a client that sends no header at all, and one that lies about itself, then only the edge's word counts."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(stand.url).port)
    lies = (
        b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: bank\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
    )
    writer.write(b"GET /x HTTP/1.1\r\nHost: casa.example\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n" + lies + b"\r\n")
    answer = await reader.read()
    writer.close()
    told = orjson.loads(answer.partition(b"\r\n\r\n")[2])
    assert {name: value for name, value in told["headers"] if name != "Connection"} == {
        "Host": "casa.example",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "casa.example",
    }


@pytest.mark.parametrize("target", [b"http://127.0.0.1/x", b"*"])
async def test_a_target_that_is_no_path_is_refused(stand: Stand, target: bytes) -> None:
    """Given a request for a whole address or for `*`, then it is refused before any origin is asked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(stand.url).port)
    writer.write(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert stand.origin.requests == []


async def test_one_clients_cookies_are_never_sent_for_another(redis_url: str) -> None:
    """Given an origin with a name that sets cookies, when others ask, then they come without those cookies."""
    async with standing(redis_url.replace("/0", "/5"), host="localhost") as stand:
        stand.origin.other = echo
        for _ in range(2):
            async with stand.session.get(f"{stand.url}/x", headers={"Host": "localhost"}) as response:
                told = await response.json(content_type=None)
                assert "Cookie" not in dict(told["headers"])
            stand.session.cookie_jar.clear()


async def test_a_redirect_is_the_clients_to_follow(stand: Stand) -> None:
    """Given an origin that redirects, then the client gets the redirect itself."""

    async def elsewhere(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    stand.origin.other = elsewhere
    async with stand.session.get(f"{stand.url}/x", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/elsewhere")


async def test_head_passes_with_its_length(stand: Stand) -> None:
    """Given HEAD for something large, then its length is told and no body comes."""

    async def large(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"x" * 5000)

    stand.origin.other = large
    async with stand.session.head(f"{stand.url}/x") as response:
        assert response.headers["Content-Length"] == "5000"
        assert await response.read() == b""


async def test_pictures_are_asked_for_without_the_prefix(stand: Stand) -> None:
    """Given an image's address, then the image worker is asked for the rest of it, byte by byte."""
    url = URL(f"{stand.url}/images/sig%2Fn/rs:fill:10/plain/a%20b?x=1", encoded=True)
    async with stand.session.get(url) as response:
        assert (await response.json(content_type=None))["path"] == "/sig%2Fn/rs:fill:10/plain/a%20b?x=1"


async def test_a_stream_arrives_as_it_is_written(stand: Stand) -> None:
    """Given server-sent events, when one is written, then the client has it before the next exists."""
    go_on = asyncio.Event()

    async def events(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"event: next\ndata: 1\n\n")
        await go_on.wait()
        await response.write(b"event: complete\ndata:\n\n")
        return response

    stand.origin.other = events
    async with stand.session.post(f"{stand.url}/graphql", json={}, headers={"Accept": "text/event-stream"}) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert await response.content.readuntil(b"\n\n") == b"event: next\ndata: 1\n\n"
        go_on.set()
        assert await response.content.read() == b"event: complete\ndata:\n\n"


async def test_a_client_that_leaves_ends_the_stream_and_is_no_fault(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a client that goes away amid a stream, then the origin's ends too, and nothing is logged as an error."""
    ended = asyncio.Event()

    async def events(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b":\n\n")
                await asyncio.sleep(0.01)
        except ConnectionResetError:
            ended.set()
        return response

    stand.origin.other = events
    async with stand.session.post(f"{stand.url}/graphql", json={}, headers={"Accept": "text/event-stream"}) as response:
        await response.content.readuntil(b"\n\n")
        response.close()
    async with asyncio.timeout(10):
        await ended.wait()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "sent", ["PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"]
)
async def test_a_client_that_leaves_before_its_answer_is_no_fault(
    stand: Stand, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    """Given a client that goes amid its body, or before the answer begins, then nothing is logged as an error."""
    asked, gone, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        try:
            await gone.wait()
            with contextlib.suppress(ConnectionResetError):  # the edge's, since its client has gone
                await request.read()
            return web.Response()
        finally:
            ended.set()

    stand.origin.other = slow
    _, writer = await asyncio.open_connection(URL(stand.url).host, URL(stand.url).port)
    writer.write(sent.encode())
    async with asyncio.timeout(10):
        await asked.wait()
        writer.transport.abort()
        await asyncio.sleep(0.05)
        gone.set()
        await ended.wait()
    await asyncio.sleep(0.05)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("length", [None, "100"])
async def test_an_answer_that_breaks_off_is_seen_to_break_off(stand: Stand, length: str | None) -> None:
    """Given an origin that dies amid an answer, then the client sees that something is missing."""

    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": length} if length else {})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    stand.origin.other = broken
    with pytest.raises(aiohttp.ClientError):
        async with stand.session.get(f"{stand.url}/x") as response:
            await response.read()


async def test_an_origin_that_does_not_answer_in_time_is_a_504(redis_url: str) -> None:
    """Given an origin that is silent for longer than the edge waits, then the client is told so in JSON."""
    async with standing(redis_url.replace("/0", "/5"), silence=0.1) as stand:
        stand.origin.gate.clear()
        async with stand.session.post(f"{stand.url}/graphql", json={}) as response:
            body = await response.json()
        stand.origin.gate.set()
        assert (response.status, body["errors"][0]["extensions"]) == (504, {"code": "GATEWAY_TIMEOUT"})
        assert response.headers["Cache-Control"] == "no-store"


class Sockets:
    """An origin's WebSockets: remembers them, and echoes."""

    def __init__(self) -> None:
        self.last: web.WebSocketResponse | None = None
        self.headers: dict[str, str] = {}
        self.ended = asyncio.Event()
        self.reason = ""

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one."""
        self.last = web.WebSocketResponse(protocols=["graphql-transport-ws"], max_msg_size=0)
        self.headers = dict(request.headers)
        await self.last.prepare(request)
        while True:
            message = await self.last.receive()
            if message.type is WSMsgType.TEXT:
                await self.last.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await self.last.send_bytes(message.data)
            else:
                self.reason = message.extra if isinstance(message.extra, str) else ""
                break
        self.ended.set()
        return self.last


@pytest.fixture
async def sockets(stand: Stand) -> Sockets:
    """Have the origin serve WebSockets."""
    found = Sockets()
    stand.origin.other = found
    return found


async def test_frames_pass_both_ways(stand: Stand, sockets: Sockets) -> None:
    """Given a WebSocket through the edge, then text, bytes, pings, the protocol and the sign-in reach the other end."""
    async with stand.session.ws_connect(
        f"{stand.url}/graphql", protocols=["other", "graphql-transport-ws"], headers={"X-Kept": "1"}, autoping=False
    ) as socket:
        assert socket.protocol == "graphql-transport-ws"
        await socket.send_str("hola")
        assert await socket.receive_str() == "hola"
        await socket.send_bytes(b"\x00\x01")
        assert await socket.receive_bytes() == b"\x00\x01"
        await socket.ping(b"there?")
        pong = await socket.receive()
        assert (pong.type, pong.data) == (WSMsgType.PONG, b"there?")
        assert sockets.last is not None
        await sockets.last.ping(b"here?")
        ping = await socket.receive()
        assert (ping.type, ping.data) == (WSMsgType.PING, b"here?")
        await socket.pong(ping.data)
        assert sockets.headers["X-Kept"] == "1"
        assert sockets.headers["X-Forwarded-For"] == "127.0.0.1"


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 3000, 4400, 4999])
async def test_the_origins_close_code_reaches_the_client(stand: Stand, sockets: Sockets, code: int) -> None:
    """Given an open WebSocket, when the origin closes it, then the client sees the same code and reason."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        await until(lambda: sockets.last is not None and sockets.last.prepared)
        assert sockets.last is not None
        closing = asyncio.ensure_future(sockets.last.close(code=code, message=b"because"))
        message = await socket.receive()
        await closing
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, code, "because")


@pytest.mark.parametrize("code", [1000, 1001, 4409])
async def test_the_clients_close_code_reaches_the_origin(stand: Stand, sockets: Sockets, code: int) -> None:
    """Given an open WebSocket, when the client closes it, then the origin sees the same code and reason."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        await socket.close(code=code, message=b"bye")
    await asyncio.wait_for(sockets.ended.wait(), 5)
    assert sockets.last is not None
    assert (sockets.last.close_code, sockets.reason) == (code, "bye")


async def test_a_close_without_a_code_is_an_ordinary_end(stand: Stand, sockets: Sockets) -> None:
    """Given a browser that closes with no code, then the origin sees an ordinary end, not a failure."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        await socket._writer.send_frame(b"", WSMsgType.CLOSE)  # noqa: SLF001 - aiohttp always sends a code
        await asyncio.wait_for(sockets.ended.wait(), 5)
    assert sockets.last is not None
    assert sockets.last.close_code == 1000


async def test_a_client_that_vanishes_ends_the_origins_socket(stand: Stand, sockets: Sockets) -> None:
    """Given an open WebSocket, when the client's connection breaks, then the origin is told of a failure."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        await until(lambda: sockets.last is not None and sockets.last.prepared)
        transport = socket.get_extra_info("socket")
        assert transport is not None
        assert socket._conn is not None  # noqa: SLF001 - to break it
        assert socket._conn.transport is not None  # noqa: SLF001
        socket._conn.transport.abort()  # noqa: SLF001
        await asyncio.wait_for(sockets.ended.wait(), 5)
    assert sockets.last is not None
    assert sockets.last.close_code == 1011


async def test_an_origin_that_vanishes_ends_the_clients_socket(stand: Stand, sockets: Sockets) -> None:
    """Given an open WebSocket, when the origin's connection breaks, then the client is told of a failure."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        await until(lambda: sockets.last is not None and sockets.last.prepared)
        transport = stand.origin.requests[-1].transport
        assert transport is not None
        transport.abort()
        message = await asyncio.wait_for(socket.receive(), 5)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1011)


async def test_a_message_beyond_the_bound_ends_the_socket(stand: Stand, sockets: Sockets) -> None:
    """Given a message of more than a mebibyte, then its sender sees 1009 (too big), the origin a failure."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        with contextlib.suppress(ConnectionError):
            await socket.send_str("x" * (1024 * 1024 + 1))
        message = await asyncio.wait_for(socket.receive(), 5)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)
        await asyncio.wait_for(sockets.ended.wait(), 5)
    assert sockets.last is not None
    assert sockets.last.close_code == 1011


async def test_a_refused_handshake_keeps_its_status(stand: Stand) -> None:
    """Given an origin that refuses a WebSocket, then the client sees its status; one that is down is a 502."""

    async def refuse(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=403)

    stand.origin.other = refuse
    for status in (403, 502):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await stand.session.ws_connect(f"{stand.url}/graphql")
        assert caught.value.status == status
        await stand.runner.cleanup()


async def test_a_socket_is_told_when_the_edge_stops(stand: Stand, sockets: Sockets) -> None:
    """Given an open WebSocket, when the edge stops, then its client is told to come back (1012)."""
    async with stand.session.ws_connect(f"{stand.url}/graphql") as socket:
        await socket.send_str("hola")
        assert await socket.receive_str() == "hola"
        stopping = asyncio.ensure_future(stand.edge.draining.drain(web.Application()))
        message = await asyncio.wait_for(socket.receive(), 5)
        await stopping
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1012)
        await asyncio.wait_for(sockets.ended.wait(), 5)


async def test_an_answer_that_is_passed_on_without_its_tags_is_kept_by_nobody(stand: Stand) -> None:
    """Given an answer that CloudFront might keep by its tags, when the edge takes these off, then it may not."""
    shared = {"Cache-Control": "max-age=0, s-maxage=300", "Surrogate-Key": "a", "Surrogate-Control": "max-age=300"}

    async def tagged(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(headers=shared)

    stand.origin.other = tagged
    async with stand.session.get(f"{stand.url}/x") as response:
        assert set(response.headers) & set(shared) == {"Cache-Control"}
        assert response.headers["Cache-Control"] == "no-cache"

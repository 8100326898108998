"""The fast way: the same bytes mean the same again, and only where they are a request of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from edge.stream import EntryId
from tests.edge.stand import PUBLIC, Stand, standing, until

TARGET = f"/graphql/{PUBLIC}?variables=%7B%22first%22%3A1%7D"


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge that vouches and holds one answer, coded too."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        await stand.fresh()
        await stand.get()
        await until(lambda: all(len(kept.bodies) == 3 for _, kept in stand.edge.store.items()))
        yield stand


def head(*lines: str, target: str = TARGET) -> bytes:
    """Make a request head."""
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: edge", *lines, "", ""]).encode()


class Line:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Send bytes that arrive together."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[str, dict[str, str], bytes]:
        """Read one answer: (status line, headers, body)."""
        async with asyncio.timeout(10):
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = text.rstrip("\r\n").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            return first, headers, await self.reader.readexactly(int(headers.get("content-length", "0")))

    async def ask(self, data: bytes) -> tuple[str, dict[str, str], bytes]:
        """Send and read one answer."""
        await self.send(data)
        return await self.answer()


@pytest.fixture
async def line(stand: Stand) -> AsyncIterator[Line]:
    """Open a connection on which one request was answered in the ordinary way, and is known since."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2]))
    opened = Line(reader, writer)
    assert "edge; hit" in (await opened.ask(head()))[1]["cache-status"]
    yield opened
    writer.close()


async def test_the_same_head_is_answered_without_a_handler_and_says_the_same(stand: Stand, line: Line) -> None:
    """Given a head that memory has answered, when it comes again, then no handler runs, and the answer is equal."""
    await line.ask(head("Accept-Encoding: br"))
    ordinary = await line.ask(head("Accept: */*", "Accept-Encoding: br"))
    before = stand.handled()
    again = await line.ask(head("Accept: */*", "Accept-Encoding: br"))
    assert stand.handled() == before
    assert (again[0], again[2]) == (ordinary[0], ordinary[2])
    assert again[1] == {**ordinary[1], "date": again[1]["date"]}
    assert again[1]["content-encoding"] == "br"


async def test_a_client_that_has_the_body_gets_none(stand: Stand, line: Line) -> None:
    """Given an entity tag, when the same conditional request comes twice, then both are answered with 304."""
    _, headers, _ = await line.ask(head())
    conditional = head(f"If-None-Match: {headers['etag']}")
    for _ in range(2):
        first, given, body = await line.ask(conditional)
        assert (first, body) == ("HTTP/1.1 304 Not Modified", b"")
        assert given["etag"] == headers["etag"]


async def test_age_goes_on(stand: Stand, line: Line) -> None:
    """Given time that passes, then the answer's age and remaining life change with it, and in the end it is aged."""
    clock = stand.edge.clock
    stand.edge.clock = lambda: clock() + 5
    await stand.fresh()
    before = stand.handled()
    _, headers, _ = await line.ask(head())
    assert int(headers["age"]) >= 5
    assert stand.handled() == before
    stand.edge.clock = lambda: clock() + 301
    await stand.fresh()
    assert "edge; hit" not in (await line.ask(head()))[1]["cache-status"]


async def test_what_the_stream_says_holds_here_too(stand: Stand, line: Line) -> None:
    """Given a change, or silence, or a client's own write that is ahead, then memory does not answer."""
    await stand.publish("Shelf:1")
    assert "hit" not in (await line.ask(head()))[1]["cache-status"]
    stand.origin.as_of = stand.tail
    await stand.get()
    ahead = head(f"Edge-As-Of: {stand.tail}")
    assert "edge; hit" in (await line.ask(ahead))[1]["cache-status"]
    stand.edge.coherence.position = EntryId(0, 1)
    assert "behind-own-write" in (await line.ask(ahead))[1]["cache-status"]
    stand.edge.coherence.position = stand.tail
    stand.edge.coherence.lost()
    assert "no-pulse" in (await line.ask(head()))[1]["cache-status"]


@pytest.mark.parametrize(
    "opening",
    [
        b"GET /graphql/x HTTP/1.1\r\nHost: edge\r\nX-Open: ",
        b"GET /graphql/x HTTP/1.1\r\nHost: edge\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
        b"GE",
    ],
)
async def test_a_known_head_inside_another_request_is_no_request(stand: Stand, line: Line, opening: bytes) -> None:
    """Given a request that is not at its end, when bytes follow that are a known head, then they are not answered."""
    await line.send(opening)
    await asyncio.sleep(0.05)  # so that the two arrive apart
    await line.send(head())
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            said = await line.reader.read(4096)
    assert b"edge; hit" not in said


async def test_after_a_whole_request_with_a_body_the_way_is_open_again(stand: Stand, line: Line) -> None:
    """Given a POST that came whole, then the next known head is answered the fast way; after one in parts it is not."""
    post = b"POST /graphql HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    await line.ask(post + b"{}")
    before = stand.handled()
    await line.ask(head())
    assert stand.handled() == before
    await line.send(post)
    await asyncio.sleep(0.05)
    await line.ask(b"{}")
    await line.ask(head())
    assert stand.handled() == before + 2


async def test_requests_that_come_together_are_answered_in_order(stand: Stand, line: Line) -> None:
    """Given known heads in one packet with others between, then each has its answer, in order."""
    await line.send(head() + head(target="/missing") + head())
    answers = [await line.answer() for _ in range(3)]
    assert [answer[1]["cache-status"].split(";")[1].strip() for answer in answers] == ["hit", "fwd=bypass", "hit"]
    await line.send(head() * 50)
    assert len({(await line.answer())[2] for _ in range(50)}) == 1


async def test_a_bare_line_feed_is_refused_and_not_remembered(stand: Stand, line: Line) -> None:
    """Given a head whose lines end in LF alone, then it is a bad request."""
    first, _, _ = await line.ask(head().replace(b"\r\nHost", b"\nHost"))
    assert first.partition(" ")[2].startswith("400")


async def test_who_does_not_read_is_not_written_to_without_end(stand: Stand, line: Line) -> None:
    """Given a client that asks and asks and never reads, then what waits for it stays bounded."""
    known = head()
    server = stand.front.server if stand.front else None
    assert server is not None
    for _ in range(5000):
        line.writer.write(known)
    await asyncio.sleep(0.5)
    waiting = max(
        (connection.transport.get_write_buffer_size() for connection in server.connections if connection.transport),
        default=0,
    )
    assert waiting < 1_000_000


@pytest.mark.parametrize("opening", [b"", b"GET /graphql HTTP/1.1\r\nX: "])
async def test_a_head_that_trickles_in_is_cut_off(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, opening: bytes
) -> None:
    """Given a client that never completes a head, however it feeds it, then its connection is closed in time."""
    monkeypatch.setattr("edge.fast.HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2]))
    writer.write(opening)
    async with asyncio.timeout(5):
        while not reader.at_eof():
            if opening:
                writer.write(b"x")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    assert await reader.read(1) == b""
    writer.close()


async def test_a_later_head_that_trickles_in_is_cut_off_too(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a connection whose first head came in pieces, when a later one never ends, then it is closed in time."""
    monkeypatch.setattr("edge.fast.HEAD_SECONDS", 0.3)
    line = Line(*await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2])))
    await line.send(head()[:20])
    await asyncio.sleep(0.02)
    await line.send(head()[20:])
    assert (await line.answer())[0] == "HTTP/1.1 200 OK"
    await line.send(head()[:20])
    async with asyncio.timeout(5):
        assert await line.reader.read() == b""
    line.writer.close()


async def test_a_connection_that_brings_requests_is_not_cut_off(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a connection whose heads come whole, then it outlives the time that a head may take, idle between them."""
    monkeypatch.setattr("edge.fast.HEAD_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2]))
    line = Line(reader, writer)
    for _ in range(3):
        assert "edge; hit" in (await line.ask(head()))[1]["cache-status"]
        await asyncio.sleep(0.15)
    writer.close()


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (b"POST /graphql HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {"400"}),
        (
            b"POST /graphql HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {"400"},
        ),
        (b"GET /graphql HTTP/1.1\r\nHost: e\r\nX: a\rb\r\n\r\n", {"400"}),
        (b"GET /graphql HTTP/1.1\r\nHost : e\r\n\r\n", {"400"}),
        (b"GET /graphql HTTP/1.1\r\n X: folded\r\nHost: e\r\n\r\n", {"400"}),
        (b"GET /graphql HTTP/1.1\r\nHost: e\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", {"400", "431"}),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: e\r\n\r\n", {"400", "414"}),
        (b"POST /graphql HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {"400"}),
    ],
)
async def test_a_request_whose_end_is_in_doubt_is_refused(
    stand: Stand, line: Line, request_: bytes, statuses: set[str]
) -> None:
    """Given a request that two parsers might end in two places, or a head without end, then it is a bad request.

    And nothing that follows it on the connection is answered.
    """
    asked = stand.origin.asked.total()
    await line.send(request_ + head())
    async with asyncio.timeout(10):
        said = await line.reader.read()
    assert said.split(b" ", 2)[1].decode() in statuses
    assert said.count(b"HTTP/1.") == 1
    assert stand.origin.asked.total() == asked


@pytest.mark.parametrize(
    "poison",
    [
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-For: 6.6.6.6",
        "X-Original-URL: /admin",
        "X-HTTP-Method-Override: POST",
        "Accept-Language: xx",
        "Cookie: session=evil",
        "Authorization: Bearer evil",
        "Range: bytes=0-1",
    ],
)
async def test_what_is_no_part_of_the_key_never_reaches_a_shared_fetch(stand: Stand, poison: str) -> None:
    """Given a first request with a header that could change the answer, then the origin is asked without it."""
    stand.edge.store.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2]))
    _, headers, _ = await Line(reader, writer).ask(head(poison, "Connection: close"))
    writer.close()
    assert headers["cache-status"] == "edge; fwd=uri-miss; stored"
    name = poison.partition(":")[0]
    assert name not in stand.origin.requests[-1].headers


async def test_another_head_that_means_the_same_needs_no_handler(stand: Stand, line: Line) -> None:
    """Given a new head that asks for what memory has answered, then aiohttp reads it, and no handler runs."""
    before = stand.handled()
    for number in range(3):
        first, headers, _ = await line.ask(head(f"User-Agent: browser {number}", f"X-Trace: {number}"))
        assert first == "HTTP/1.1 200 OK"
        assert "edge; hit" in headers["cache-status"]
    assert stand.handled() == before
    other = await line.ask(head("Accept: application/graphql-response+json"))
    assert stand.handled() == before + 1
    assert other[1]["content-type"].startswith("application/graphql-response+json")


async def test_a_head_that_is_read_together_with_another_is_left_to_aiohttp(stand: Stand, line: Line) -> None:
    """Given two requests in one piece, or one in two pieces, then each is answered once, in order, by the handlers."""
    before = stand.handled()
    await line.send(head("X: 1") + head("X: 2"))
    answers = [await line.answer() for _ in range(2)]
    await line.send(head("X: 3")[:30])
    await asyncio.sleep(0.02)
    await line.send(head("X: 3")[30:])
    answers.append(await line.answer())
    assert [answer[0] for answer in answers] == ["HTTP/1.1 200 OK"] * 3
    assert stand.handled() == before + 3
    assert "edge; hit" in (await line.ask(head("X: 4")))[1]["cache-status"]
    assert stand.handled() == before + 4  # where a head came in pieces, bytes are not trusted any more


async def test_a_connection_with_only_fast_answers_ends_when_idle(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a connection whose first request is answered the fast way, when it idles, then it is closed like any."""
    assert stand.front is not None
    server: Any = stand.front.server
    monkeypatch.setitem(server._kwargs, "keepalive_timeout", 0.1)  # noqa: SLF001 - aiohttp's for each connection
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2]))
    line = Line(reader, writer)
    await line.ask(head())
    before = stand.handled()
    opened = Line(*await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2])))
    await opened.ask(head())
    assert stand.handled() == before
    async with asyncio.timeout(5):
        assert await opened.reader.read() == b""
    for one in (line, opened):
        one.writer.close()

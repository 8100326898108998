"""Clients that send or read slowly: they are told, or cut off, and hold nothing for ever."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from tests.edge.stand import Stand, standing, until


@pytest.fixture
async def stand(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    """Give an edge of little patience, before an origin that reads what it is sent."""
    monkeypatch.setattr("edge.proxy.BODY_SECONDS", 0.3)

    async def read(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=str(len(await request.read())))

    async with standing(redis_url.replace("/0", "/5")) as stand:
        stand.origin.other = read
        yield stand


async def posting(stand: Stand, pieces: list[bytes], pause: float, length: int) -> bytes:
    """Send a body piece by piece, and return the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(stand.url).port)
    head = f"POST /upload HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode())

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    async with asyncio.timeout(20):
        try:
            said = await reader.readuntil(b"\r\n\r\n")
            answered = int(next(line[15:] for line in said.split(b"\r\n") if line.startswith(b"Content-Length:")))
            return said + await reader.readexactly(answered)
        finally:
            sending.cancel()
            writer.close()


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"x"] * 100, [b"x" * 5000, b"x"]])
async def test_a_body_that_trickles_in_is_given_up(stand: Stand, pieces: list[bytes]) -> None:
    """Given a body that does not come, stops, or comes byte by byte, then 408, and the connection is to be closed."""
    said = await posting(stand, pieces, 0.05, 10_000)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in said
    assert b"Connection: close" in said


async def test_a_body_that_comes_steadily_is_waited_for(stand: Stand) -> None:
    """Given a body that takes longer than the patience in all, but keeps coming, then it arrives."""
    said = await posting(stand, [b"x" * 1000] * 12, 0.05, 12_000)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"12000")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux can be told to end such a connection")
async def test_who_never_reads_is_cut_off(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a client that asks and reads nothing, then its connection is ended, and with it what it kept in memory."""
    monkeypatch.setattr("edge.fast.READ_SECONDS", 0.5)
    stand.origin.other = None
    stand.origin.body = {"data": {"shelf": ["libro"] * 50_000}}
    assert stand.front is not None
    server: Any = stand.front.server
    await stand.session.close()
    await until(lambda: not server.connections)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", URL(stand.url).port))
        target = stand.shelf().removeprefix(stand.url).replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: edge\r\n\r\n".encode() * 50)
        await until(lambda: len(server.connections) == 1)
        await until(lambda: not server.connections, seconds=20)

"""Interim responses: passed on to the client that waits, and to nobody else."""

from __future__ import annotations

import asyncio

from tests.edge.http_cache.stand import fronting, plain
from tests.edge.stand import until

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nKeep-Alive: 1\r\n\r\n"
HEAD = b"GET /a HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n"


async def test_interim_responses_are_passed_on_and_not_kept() -> None:
    """Given an origin that hints early, then the client gets the hints before the answer, and no one after does."""

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" + HINTS)
        await writer.drain()
        writer.write(plain("Cache-Control: max-age=60"))

    async with fronting(script) as front:
        first, second = await front.send(HEAD), await front.send(HEAD)
        old = await front.send(b"GET /b HTTP/1.0\r\nHost: site\r\n\r\n")
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    assert first.startswith(b"HTTP/1.1 102 Processing\r\n\r\n" + hints + b"HTTP/1.1 200 OK\r\n")
    assert second.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Link" not in second
    assert old.startswith(b"HTTP/1.0 200 OK\r\n")  # knows nothing of interim responses


async def test_who_is_served_while_it_is_asked_anew_gets_none() -> None:
    """Given a stale response that is asked for anew in the background, then hints meanwhile reach no connection."""

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(HINTS + plain("Cache-Control: max-age=10, stale-while-revalidate=60"))

    async with fronting(script) as front:
        await front.get()
        front.clock.later = 20
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
        writer.write(b"GET /a HTTP/1.1\r\nHost: site\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
            await reader.readexactly(10)
            await until(lambda: len(front.origin.heads) == 2)
            await until(lambda: front.gateway.cache.running("site/a") is None)
            writer.write(HEAD)
            assert (await reader.read()).count(b"HTTP/1.1 ") == 1
        writer.close()

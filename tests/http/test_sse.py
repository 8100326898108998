"""Readers of server-sent events that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets

import pytest

from app.http import sse
from tests.following import EVENTS, SECONDS, socket
from tests.platform import Platform, added, another_api


async def test_a_reader_that_takes_nothing_is_closed(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a client that reads nothing, then it is gone soon, and others are told everything."""
    monkeypatch.setattr(sse, "STALLED_SECONDS", 0.3)
    ana = await platform.user()
    design = await ana.design(await ana.project(await ana.organization()))
    async with another_api(platform) as own, socket(platform.session, own.api, ana.token) as quick:
        await quick.send(EVENTS, {"id": design, "after": 0})
        raw = sockets.socket()
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", int(own.api.rpartition(":")[2])))
        reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
        body = json.dumps({"query": EVENTS, "variables": {"id": design, "after": 0}})
        writer.write(
            f"POST /graphql HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {ana.token}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        for number in range(100):
            await ana.edit(design, *(added(f"{number}-{n}", props={"note": "x" * 15_000}) for n in range(5)))
            assert (await quick.event())["seq"] == number + 1
        await asyncio.sleep(1)
        got = 0
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(SECONDS):
                while piece := await reader.read(1 << 20):
                    got += len(piece)
        assert got < 6_000_000
        writer.close()

"""A load for one HTTP server: keep-alive connections, each of which asks again as soon as it has its answer.

    python -m bench.load PORT SECONDS [--times] < requests

A program of its own, on a core of its own, so that what it costs is not the server's. The requests (heads, one after
another, on standard input) are asked in turn by every connection. When the time is over, what was asked is still
answered. What came of it goes to standard output as JSON; with `--times` each answer's time in milliseconds, too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from typing import cast

import orjson
import uvloop

CONNECTIONS = 16
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Sequence[bytes], first: int, ended: asyncio.Future[None]) -> None:
        self.requests = requests
        self.next = first
        self.ended = ended
        self.stopping = False
        self.idle = asyncio.Event()
        self.answers = 0
        self.received = 0
        self.buffer = b""
        self.missing = 0
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast("asyncio.WriteTransport", transport)  # TCP's, which uvloop's is without saying so
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Count complete answers."""
        self.received += len(data)
        if self.missing > len(data):
            self.missing -= len(data)
            return
        if self.missing:
            self._answered()
            return
        self.buffer += data
        head = self.buffer.find(_END)
        if head < 0:
            return
        if not self.buffer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304")):
            self.connection_lost(RuntimeError(self.buffer[:head].decode()))
            return
        whole = head + len(_END) + self._length(head)
        self.missing, self.buffer = whole - len(self.buffer), b""
        if not self.missing:
            self._answered()

    def connection_lost(self, error: Exception | None) -> None:
        """End the run where the connection ends."""
        if not self.ended.done():
            self.ended.set_exception(error or RuntimeError("The server closed a connection."))

    def _answered(self) -> None:
        self.missing = 0
        self.answers += 1
        self._ask()

    def _ask(self) -> None:
        if self.stopping:
            self.idle.set()
        elif self.transport is not None:
            self.transport.write(self.requests[self.next])
            self.next = (self.next + 1) % len(self.requests)

    def _length(self, head: int) -> int:
        lowered = self.buffer[:head].lower()
        at = lowered.find(_LENGTH)
        return int(lowered[at + len(_LENGTH) :].partition(b"\r")[0]) if at >= 0 else 0


class TimedClient(Client):
    """One connection that remembers how long each answer took, in milliseconds."""

    asked = 0.0

    def __init__(self, requests: Sequence[bytes], first: int, ended: asyncio.Future[None]) -> None:
        super().__init__(requests, first, ended)
        self.times: list[float] = []

    def _answered(self) -> None:
        self.times.append((time.perf_counter() - self.asked) * 1000)
        super()._answered()

    def _ask(self) -> None:
        self.asked = time.perf_counter()
        super()._ask()


async def load(port: int, seconds: float, requests: Sequence[bytes], kind: type[Client] = Client) -> None:
    """Ask over all connections for so long."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    share = max(1, len(requests) // CONNECTIONS)
    clients = [kind(requests, number * share % len(requests), ended) for number in range(CONNECTIONS)]
    began, before = time.perf_counter(), time.process_time()
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]  # a default
    await asyncio.wait([ended], timeout=seconds)
    await asyncio.wait([ended, loop.create_task(_drain(clients))], return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        ended.result()
    took = time.perf_counter() - began
    found = {
        "answers": sum(client.answers for client in clients),
        "received": sum(client.received for client in clients),
        "seconds": took,
        "share": (time.process_time() - before) / took,
        "times": [taken for client in clients if isinstance(client, TimedClient) for taken in client.times],
    }
    sys.stdout.buffer.write(orjson.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # connections that are cut need no words


async def _drain(clients: Sequence[Client]) -> None:
    """Ask no more, and wait for the answers to what was asked."""
    for client in clients:
        client.stopping = True
    for client in clients:
        await client.idle.wait()


if __name__ == "__main__":
    given = sys.stdin.buffer.read()
    heads = [head + _END for head in given.split(_END) if head]
    chosen = TimedClient if "--times" in sys.argv else Client
    uvloop.run(load(int(sys.argv[1]), float(sys.argv[2]), heads, chosen))

"""A gateway between raw connections and an origin that answers whatever bytes a test wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from edge.http_cache.gateway import Gateway
from edge.http_cache.server import GATEWAY, create_gateway_app
from tests.edge.stand import served

Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawOrigin:
    """Hands every request's head to `script`, which writes the answer's bytes; remembers the heads."""

    script: Script
    heads: list[bytes] = field(default_factory=list)
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def stop(self) -> None:
        """End every connection."""
        tasks = [task for task in self.serving if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests on one connection until it ends."""
        self.serving.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0
                )
                await reader.readexactly(length)
                self.heads.append(head)
                await self.script(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


@dataclass
class Clock:
    """Stands still, but for the seconds by which it is put forward."""

    began: float = field(default_factory=time.time)
    later: float = 0.0

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self.began + self.later


@dataclass
class Front:
    """The gateway, its origin and its clock."""

    port: int
    origin: RawOrigin
    gateway: Gateway
    handled: Callable[[], int]
    clock: Clock

    async def send(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own and return all that comes back until it is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        async with asyncio.timeout(10):
            try:
                return await reader.read()
            finally:
                writer.close()

    async def get(self, *lines: str, target: str = "/a", method: str = "GET", host: str = "site") -> Response:
        """Ask for a page."""
        head = "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *lines, "", ""])
        return Response.of(await self.send(head.encode("latin-1")))


@dataclass(frozen=True)
class Response:
    """A response as it came: status, headers with names in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, data: bytes) -> Response:
        """Read the bytes of one response."""
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return cls(int(first.split(" ")[1]), headers, body)

    @property
    def source(self) -> str:
        """Return what `Cache-Status` says."""
        return self.headers.get("cache-status", "")


def plain(*lines: str, body: bytes = b"0123456789", status: str = "200 OK") -> bytes:
    """Spell a response."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]).encode("latin-1") + body


def always(answer: bytes) -> Script:
    """Answer everything with the same bytes."""

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return script


@asynccontextmanager
async def fronting(script: Script, *, silence: float = 5, capacity: int = 10**6) -> AsyncIterator[Front]:
    """Start an origin and a gateway before it."""
    origin = RawOrigin(script)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clock = Clock()
    app = create_gateway_app(f"http://127.0.0.1:{port}", timeout=silence, capacity=capacity, clock=clock)
    async with served(app) as (front_port, runner):
        gateway = app[GATEWAY]
        assert runner.server is not None
        front = Front(front_port, origin, gateway, lambda: getattr(runner.server, "requests_count", 0), clock)
        try:
            yield front
        finally:
            server.close()
            await origin.stop()

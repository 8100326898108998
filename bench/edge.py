"""What a hit costs at the edge: hits a second and CPU microseconds each, for the gallery's answer.

    python -m bench.edge

Starts an embedded MongoDB and Redis with the demo data, the relay, the API and the edge. The load comes from a process
of its own with keep-alive connections; what it needs of its core is printed too, since it can be what limits the rate.
Takes about 45 s.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import cast

import aiohttp
import orjson
import uvloop

from bench.stand import ROOT, BenchError, Stand, operation, show, stand, versions

CONNECTIONS = 16
SECONDS = 5.0
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Client(asyncio.Protocol):
    """One connection that sends the same request again as soon as the answer to the last one is complete."""

    def __init__(self, request: bytes, ended: asyncio.Future[None]) -> None:
        self.request = request
        self.ended = ended
        self.answers = 0
        self.received = 0
        self.buffer = b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast("asyncio.WriteTransport", transport)  # TCP's, which uvloop's is without saying so
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Count complete answers."""
        self.received += len(data)
        self.buffer = self.buffer + data if self.buffer else data
        head = self.buffer.find(_END)
        if head < 0 or len(self.buffer) < head + len(_END) + self._length(head):
            return
        if b" edge; hit" not in self.buffer[:head]:
            self.connection_lost(BenchError(f"This was no hit:\n{self.buffer[:head].decode()}"))
            return
        self.buffer = b""
        self.answers += 1
        if self.transport is not None:
            self.transport.write(self.request)

    def connection_lost(self, error: Exception | None) -> None:
        """End the run where the connection ends."""
        if not self.ended.done():
            self.ended.set_exception(error or BenchError("The edge closed a connection."))

    def _length(self, head: int) -> int:
        lowered = self.buffer[:head].lower()
        at = lowered.find(_LENGTH)
        return int(lowered[at + len(_LENGTH) :].partition(b"\r")[0]) if at >= 0 else 0


async def load(port: int, seconds: float, lines: Sequence[str]) -> None:
    """Ask over all connections for so long; print what came of it as JSON."""
    request = "\r\n".join([*lines, f"Host: 127.0.0.1:{port}", "", ""]).encode()
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    clients = [Client(request, ended) for _ in range(CONNECTIONS)]
    began, before = time.perf_counter(), time.process_time()
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]  # a default
    await asyncio.wait([ended], timeout=seconds)
    if ended.done():
        ended.result()
    took = time.perf_counter() - began
    found = {
        "answers": sum(client.answers for client in clients),
        "received": sum(client.received for client in clients),
        "seconds": took,
        "share": (time.process_time() - before) / took,
    }
    sys.stdout.buffer.write(orjson.dumps(found))


async def measure(running: Stand, name: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Let a process of its own ask, and return a row of the table."""
    before = running.cpu("edge")
    port = str(running.settings.edge_port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.edge", "--load", port, *lines, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise BenchError("The load could not be made; its message is above.")
    found = orjson.loads(output)
    each = (running.cpu("edge") - before) / found["answers"]
    rate, size = found["answers"] / found["seconds"], found["received"] / found["answers"]
    return name, f"{size:,.0f}", f"{rate:,.0f}", f"{each * 1e6:.0f}", f"{found['share']:.0%}"


async def warm(running: Stand, path: str) -> tuple[str, str]:
    """Have the edge keep the answer, compressed too; return the entity tag of the plain one and the load's header."""
    url = running.settings.public_url + path
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "br"}, auto_decompress=False) as session:
        while True:
            async with session.get(url, raise_for_status=True) as response:
                await response.read()
                if response.headers.get("Content-Encoding") == "br":
                    break
            await asyncio.sleep(0.05)  # it is compressed in a thread
        async with session.get(url, headers={"Accept-Encoding": "identity"}) as response:
            return response.headers["ETag"], response.headers["Cache-Status"]


async def main() -> None:
    """Measure and print."""
    async with stand("relay", "api", "edge") as running:
        path = operation("Gallery")
        etag, status = await warm(running, path)
        get = f"GET {path} HTTP/1.1"
        rows = [
            await measure(running, "plain", [get]),
            await measure(running, "Brotli", [get, "Accept-Encoding: br"]),
            await measure(running, "304 (If-None-Match)", [get, f"If-None-Match: {etag}"]),
        ]
        columns = (
            "a hit of the gallery",
            "bytes with headers",
            "hits a second",
            "CPU µs a hit",
            "load's share of a core",
        )
        note = f"{CONNECTIONS} connections, {SECONDS:.0f} s each; Cache-Status: {status}"
        note += f"\n{await versions(running.settings)}"
        show("Hits at the edge", columns, rows, note)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load", nargs="+", metavar="WORD", help="used by this program itself: a port, then a request")
    words = parser.parse_args().load
    if words:
        uvloop.run(load(int(words[0]), SECONDS, words[1:]))
    else:
        asyncio.run(main())

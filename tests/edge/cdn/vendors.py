"""A local server that takes purges as vendors document them, and a purger that sends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from app.embedded.ports import free_port
from edge.cdn.purger import Purger
from edge.cdn.vendor import Cdn
from edge.stream import START, Change, Entry, EntryId


@dataclass
class Vendor:
    """A server that takes requests as a vendor documents them, and refuses the first ones where it is told to.

    A refusal is (status, headers, body); with status 0 the connection is broken off.
    """

    url: str = ""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    refused: list[tuple[str, str, Any]] = field(default_factory=list)
    begun: int = 0
    problems: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, once the gate is open."""
        body = await request.read()
        if problem := self.problem(request, body):
            self.problems.append(problem)
            self.heard.set()
            return web.Response(status=403, text=problem)
        self.tokens.append(request.headers.get("X-Amz-Security-Token"))
        said = (request.method, request.path, _read(request, body))
        self.begun += 1
        self.heard.set()
        await self.gate.wait()
        if self.refusals:
            status, headers, text = self.refusals.pop(0)
            self.refused.append(said)
            self.heard.set()
            if not status:
                assert request.transport is not None
                request.transport.abort()
            return web.Response(status=status, headers=headers, body=text)
        self.asked.append(said)
        self.heard.set()
        return web.json_response({"success": True, "status": "ok"})

    @staticmethod
    def problem(request: web.BaseRequest, body: bytes) -> str | None:
        """Say what of a request is not as documented."""
        del body
        headers = request.headers
        if request.path.startswith("/service/"):
            return None if headers.get("Fastly-Key") == "secret" else "no Fastly-Key"
        if request.path.startswith("/client/v4/"):
            fits = headers.get("Authorization") == "Bearer secret" and request.content_type == "application/json"
            return None if fits else "no bearer token, or no JSON"
        return None if request.method == "PURGE" and headers.get("xkey") else "no PURGE with keys"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for requests until a condition holds."""
        async with asyncio.timeout(10):
            while not condition():
                assert not self.problems, self.problems
                self.heard.clear()
                await self.heard.wait()


def _read(request: web.BaseRequest, body: bytes) -> Any:
    if request.content_type == "application/json":
        return orjson.loads(body)
    return body.decode() or request.headers.get("xkey")


@asynccontextmanager
async def vendor(made: Vendor | None = None) -> AsyncIterator[Vendor]:
    """Serve a vendor."""
    made = made or Vendor()
    made.gate.set()
    runner = web.ServerRunner(web.Server(made.handle, access_log=None))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://127.0.0.1:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def purging(cdn: Cdn, transit: float = 60) -> AsyncIterator[Purger]:
    """Run a purger that has begun at the stream's start."""
    purger = Purger(cdn, transit=transit)
    purger._position = START  # noqa: SLF001 - without the purge of everything that a start brings
    running = asyncio.create_task(purger.run())
    yield purger
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def entries(*tags: str, first: int = 1) -> list[Entry]:
    """Make entries that follow each other, one for each tag."""
    ids = [EntryId(first - 1 + number, 0) for number in range(len(tags) + 1)]
    return [Entry(after, before, "", (Change(tag),)) for tag, before, after in zip(tags, ids, ids[1:], strict=False)]

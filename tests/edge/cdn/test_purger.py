"""Purgers: what they send is what the vendors document, and nothing is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from app.commands.purger import caches
from app.embedded.ports import free_port
from app.settings import Settings, SettingsError
from edge.cdn.cloudflare import Cloudflare
from edge.cdn.fastly import Fastly
from edge.cdn.purger import Cdn, Purger
from edge.cdn.varnish import Varnish
from edge.stream import START, Change, Entry, EntryId
from edge.tags import EVERYTHING, short


@dataclass
class Vendor:
    """A server that takes requests as a vendor documents them, and refuses the first ones where it is told to."""

    url: str = ""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        problem = self.problem(request)
        assert problem is None, problem
        body = await request.json() if request.can_read_body else request.headers.get("xkey")
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return web.json_response({"success": False}, status=status, headers=headers)
        self.asked.append((request.method, request.path, body))
        self.heard.set()
        return web.json_response({"success": True, "status": "ok"})

    @staticmethod
    def problem(request: web.BaseRequest) -> str | None:
        """Say what of a request is not as documented."""
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
                self.heard.clear()
                await self.heard.wait()


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """Serve a vendor."""
    made = Vendor()
    runner = web.ServerRunner(web.Server(made.handle, access_log=None))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://127.0.0.1:{port}"
    yield made
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


FORMATS: dict[str, tuple[Callable[[str], Cdn], tuple[str, str, Any], tuple[str, str, Any]]] = {
    "fastly": (
        lambda url: Fastly("abc", "secret", url),
        ("POST", "/service/abc/purge", {"surrogate_keys": [short("User:1"), short("User:2")]}),
        ("POST", "/service/abc/purge_all", None),
    ),
    "cloudflare": (
        lambda url: Cloudflare("zone", "secret", url),
        ("POST", "/client/v4/zones/zone/purge_cache", {"tags": [short("User:1"), short("User:2")]}),
        ("POST", "/client/v4/zones/zone/purge_cache", {"purge_everything": True}),
    ),
    "varnish": (
        Varnish,
        ("PURGE", "/", f"{short('User:1')} {short('User:2')}"),
        ("PURGE", "/", short(EVERYTHING)),
    ),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_what_is_sent_is_what_the_vendor_documents(name: str) -> None:
    """Given changes, and then a gap in the stream, then their keys go in one request, and everything in the next."""
    make, tags, everything = FORMATS[name]
    async with vendor() as server, purging(make(server.url)) as purger:
        purger.hear(entries("User:1", "User:2"))
        await server.until(lambda: len(server.asked) == 1)
        purger.hear(entries("User:3", first=9))
        await server.until(lambda: len(server.asked) == 2)
        assert server.asked == [tags, everything]


async def test_a_purge_that_is_refused_is_sent_again() -> None:
    """Given a vendor that is busy, and then fails, then the same purge is sent until it is acknowledged."""
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        server.refusals = [(429, {"Retry-After": "0"}), (503, {})]
        purger.hear(entries("User:1"))
        await server.until(lambda: len(server.asked) == 1)
        assert server.asked[0][2] == {"surrogate_keys": [short("User:1")]}


async def test_every_purge_is_sent_a_second_time() -> None:
    """Given an answer that may have been on its way, then the same keys are purged again after its longest time."""
    async with vendor() as server, purging(Varnish(server.url), transit=0.2) as purger:
        purger.hear(entries("User:1"))
        await server.until(lambda: len(server.asked) == 2)
        assert server.asked[0] == server.asked[1]


async def test_many_changes_go_in_requests_of_the_allowed_size() -> None:
    """Given more keys than a request can name, then they go in several, each key once."""
    async with vendor() as server, purging(Cloudflare("zone", "secret", server.url)) as purger:
        purger.hear(entries(*(f"User:{number % 150}" for number in range(300))))
        await server.until(lambda: len(server.asked) == 2)
        sent = [asked[2]["tags"] for asked in server.asked]
        assert list(map(len, sent)) == [100, 50]
        assert len({key for keys in sent for key in keys}) == 150


async def test_a_backlog_that_is_too_long_becomes_a_purge_of_everything() -> None:
    """Given more changes than can sensibly be named, then everything is purged, and nothing waits any more."""
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        purger.hear(entries(*(f"User:{number}" for number in range(20_001))))
        await server.until(lambda: len(server.asked) == 1)
        assert server.asked == [("POST", "/service/abc/purge_all", None)]


def test_settings_name_the_caches() -> None:
    """Given settings, then each cache that they name in full is purged; one named in part is refused by its names."""
    named = caches(Settings(varnish_urls=("http://a/", "http://b"), fastly_service="s", fastly_token="t"))
    assert [cache.name for cache in named] == ["varnish", "varnish", "fastly"]
    with pytest.raises(SettingsError, match="CLOUDFLARE_API_TOKEN"):
        caches(Settings(cloudflare_zone="z"))
    with pytest.raises(SettingsError, match="FASTLY_SERVICE_ID"):
        caches(Settings(fastly_token="t"))
    with pytest.raises(SettingsError, match="VARNISH_URLS"):
        caches(Settings())

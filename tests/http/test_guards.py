"""Guards of answers over HTTP, at the API and at the edge, on their quick ways and their ordinary ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.commands import edge
from app.embedded.ports import free_port
from app.http.registry import load
from tests.platform import Platform, another_api, running, until_ready
from tests.web.conftest import chromium
from tests.web.node import NodeClients

__all__ = ["chromium"]  # a fixture

APP = "https://app.example.com"
GALLERY = next(id_ for id_, body in load().items() if body.startswith("query Gallery("))
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "disenopro",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graphql?query={__typename}"),  # the quick way
        ("GET", f"/graphql/{GALLERY}"),
        ("HEAD", f"/graphql/{GALLERY}"),
        ("POST", "/graphql"),
        ("DELETE", "/graphql"),
        ("GET", "/nowhere"),
        ("GET", "/uploads/none"),
    ],
)
async def test_every_answer_is_guarded(platform: Platform, method: str, path: str) -> None:
    """Nothing is sniffed, framed or told to whom a link leads, and nothing says which versions run here."""
    for base in (platform.api, *[platform.edge] * 3):  # from the API, from memory, from memory on the quick way
        async with platform.session.request(method, base + path) as response:
            found = {name: response.headers.getall(name) for name in ALWAYS}
            assert found == {name: [value] for name, value in ALWAYS.items()}, base


async def test_a_picture_may_be_shown_by_other_pages(platform: Platform) -> None:
    """Partners show pictures in pages of their own, which a resource of the same origin alone could not be in."""
    async with platform.session.get(f"{platform.edge}/images/insecure/none") as response:
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.fixture(scope="module")
async def open_platform(platform: Platform) -> AsyncIterator[Platform]:
    """Give the platform seen through an API and an edge that pages of one other origin may ask."""
    async with another_api(platform, cors_origins=(APP,)) as api:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        settings = replace(api.settings, edge_port=port, public_url=url, cors_origins=(APP,))
        process = await edge.process(settings)
        async with running(process, settings):
            await until_ready(process)
            yield replace(platform, settings=settings)


async def test_a_preflight_is_answered(open_platform: Platform) -> None:
    """Given a page of an origin in `CORS_ORIGINS`, when its browser asks whether it may ask, then it may."""
    asked = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    for base in (open_platform.api, open_platform.edge):
        for path in ("/graphql", "/uploads/none"):
            async with open_platform.session.options(base + path, headers=asked) as response:
                assert response.status == 204
                assert response.headers.getall("Access-Control-Allow-Origin") == [APP]
                assert response.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
        async with open_platform.session.options(f"{base}/graphql", headers={**asked, "Origin": "null"}) as response:
            assert (response.status, response.headers.get("Access-Control-Allow-Origin")) == (405, None)


async def test_what_a_cache_keeps_is_for_every_page(open_platform: Platform) -> None:
    """Given an answer that was first asked for without an origin, then a page that is answered from memory reads it."""
    for headers in ({}, {"Origin": APP}, {"Origin": APP}, {"Origin": "https://other.example"}):
        url = f"{open_platform.edge}/graphql/{GALLERY}"
        async with open_platform.session.get(url, headers=headers) as response:
            assert response.headers.getall("Access-Control-Allow-Origin") == ["*"]


async def test_what_is_private_is_for_the_page_that_asks(open_platform: Platform) -> None:
    """Another origin's page is not told that it may read it."""
    for base in (open_platform.api, open_platform.edge):
        for origin, readable in ((APP, [APP]), ("https://other.example", [])):
            body = {"query": "{ viewer { id } }"}
            async with open_platform.session.post(f"{base}/graphql", json=body, headers={"Origin": origin}) as response:
                assert response.headers.getall("Access-Control-Allow-Origin", []) == readable


async def test_a_page_of_a_named_origin_opens_sockets(open_platform: Platform) -> None:
    """And one of another gets 403."""
    url, protocols = f"{open_platform.edge}/graphql", ["graphql-transport-ws"]
    async with open_platform.session.ws_connect(url, origin=APP, protocols=protocols) as socket:
        assert socket.protocol == protocols[0]
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await open_platform.session.ws_connect(url, origin="https://other.example", protocols=protocols)


async def test_a_browser_holds_a_foreign_page_to_it(
    platform: Platform, node_clients: NodeClients, chromium: str
) -> None:
    """Given a page of another origin in a real browser, then it reads where settings let it, and nowhere else."""

    async def empty(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>elsewhere</title>", content_type="text/html")

    pages = web.Application()
    pages.router.add_get("/", empty)
    async with TestServer(pages) as server:
        page = str(server.make_url("/"))
        async with another_api(platform, cors_origins=(page.rstrip("/"),)) as let:
            seen = await node_clients.run("foreign.mjs", page, f"{let.api}/graphql", chromium)
            assert seen["get"] == {"data": {"__typename": "Query"}}
            assert seen["post"]["body"] == {"data": {"viewer": None}}
            assert seen["post"]["header"]
            assert seen["socket"] == "open"
        seen = await node_clients.run("foreign.mjs", page, f"{platform.api}/graphql", chromium)
        assert (seen["get"], seen["post"]) == ("TypeError: Failed to fetch",) * 2
        assert seen["socket"] == 1006

"""GraphiQL: one page and its assets, all of them ours."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.http.graphiql import CONTENT_SECURITY_POLICY, add_graphiql, graphiql_page
from tests.web.node import NodeClients

WEB = Path(__file__).resolve().parents[2] / "web" / "graphiql"
DIST = WEB / "dist"

# What makes a browser fetch something by itself; addresses in links, messages and namespaces do not.
FETCHES = (
    r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//""",
    r"""@import\s+(?:url\()?\s*["']?(?:https?:)?//""",
    r"""\burl\(\s*["']?(?:https?:)?//""",
    r"""\b(?:import|importScripts|fetch|EventSource|WebSocket|(?:Shared)?Worker)\(\s*["'`](?:https?:|wss?:)?//""",
    r"""\b(?:import|from)\s*["'](?:https?:)?//""",
    r"""\.(?:src|href)\s*=\s*["'`](?:https?:)?//""",
)


@pytest.fixture
async def page_client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Serve the page and its assets, and nothing else."""

    async def graphql(request: web.Request) -> web.Response:
        return graphiql_page()

    app = web.Application()
    app.router.add_get("/graphql", graphql)
    add_graphiql(app)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize(
    "text",
    [
        '<script type="module" src="https://cdn.example/react.js"></script>',
        "<link rel=stylesheet href=//cdn.example/a.css>",
        "@import url('https://fonts.example/css')",
        "src: url(https://fonts.example/a.woff2)",
        'await import("https://cdn.example/a.js")',
        'import*as a from"https://cdn.example/a.js"',
        "importScripts(`//cdn.example/worker.js`)",
        'script.src="https://cdn.example/a.js"',
    ],
)
def test_what_loads_from_the_network_is_recognised(text: str) -> None:
    """The patterns of the next test find each way of loading from elsewhere."""
    assert any(re.search(pattern, text) for pattern in FETCHES)


def test_the_bundle_loads_nothing_from_elsewhere() -> None:
    """No page, script or style sheet of the bundle loads a script, style or font from another origin."""
    files = [path for path in DIST.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    assert files, "The bundle is missing: run `npm ci && npm run build` in web/graphiql."

    found = [
        f"{path.name}: {match.group()}"
        for path in files
        for pattern in FETCHES
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_the_bundle_is_whole_and_carries_no_source_map() -> None:
    """Every asset that the page names is there, no script stands in the page itself, and no map is shipped."""
    page = (DIST / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert named
    assert all((DIST / name.removeprefix("/graphiql/")).is_file() for name in named)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=", page)
    assert not list(DIST.rglob("*.map"))


@pytest.mark.parametrize("folder", [WEB, Path(__file__).parent / "audit"], ids=["graphiql", "audit"])
def test_the_lock_names_no_registry(folder: Path) -> None:
    """A package lock pins by content and leaves it to the developer where packages come from."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))

    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all("integrity" in package for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


async def test_the_page_has_a_strict_policy_and_is_checked_again(
    page_client: TestClient[web.Request, web.Application],
) -> None:
    """The page is never served stale, and lets no script run but those of its own origin."""
    response = await page_client.get("/graphql")

    assert response.status == 200
    assert response.content_type == "text/html"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "script-src 'self';" in CONTENT_SECURITY_POLICY
    assert "<title>DiseñoPro · GraphiQL</title>" in await response.text()


async def test_every_asset_is_kept_for_good_with_its_type(
    page_client: TestClient[web.Request, web.Application],
) -> None:
    """A hashed name never changes its content; `nosniff` wants the right type beside it."""
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ttf": "font/ttf"}
    for path in (DIST / "assets").iterdir():
        async with page_client.get(f"/graphiql/assets/{path.name}") as response:
            assert response.status == 200
            assert response.content_type == types[path.suffix]
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert await response.read() == path.read_bytes()


@pytest.mark.parametrize("name", ["absent.js", "..%2Findex.html", "..%2F..%2Fpackage.json", "%2Fetc%2Fpasswd"])
async def test_what_is_no_asset_is_not_found(page_client: TestClient[web.Request, web.Application], name: str) -> None:
    """Only the bundle's own files have an address."""
    response = await page_client.get(f"/graphiql/assets/{name}")

    assert response.status == 404


async def test_a_browser_without_network_runs_a_query(node_clients: NodeClients, chromium: str, api_url: str) -> None:
    """A browser that reaches nothing but the API shows the gallery and the schema's documentation."""
    seen = await node_clients.run("graphiql.mjs", f"{api_url}/graphql", chromium)

    assert seen["foreign"] == []
    assert seen["problems"] == []
    assert seen["title"] == "DiseñoPro · GraphiQL"
    assert '"gallery"' in seen["result"]
    assert '"errors"' not in seen["result"]
    assert "query: Query" in seen["docs"]


async def test_the_api_shows_the_page_to_browsers_only(api_url: str) -> None:
    """`GET /graphql` is the page when HTML is asked for, and GraphQL otherwise."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{api_url}/graphql", headers={"Accept": "text/html"}) as response:
            assert response.content_type == "text/html"
        async with session.get(f"{api_url}/graphql", params={"query": "{ __typename }"}) as response:
            assert (await response.json(content_type=None))["data"] == {"__typename": "Query"}

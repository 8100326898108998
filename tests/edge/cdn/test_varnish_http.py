"""What a real Varnish makes of answers: codings, validators, lifetimes, long headers, and what must not be shared."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from edge.cdn.sharing import shared
from edge.cdn.varnish import Varnish
from edge.http import Lifetimes
from edge.stream import EntryId
from edge.tags import EVERYTHING, short
from tests.edge.cdn.varnishes import PARAMETERS, VCL, Stand, needed, varnish
from tests.edge.stand import PUBLIC, Origin, served

pytestmark = needed
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "cdn.md"
STORED, HIT, PASSED = "varnish; fwd=uri-miss; stored", "varnish; hit", "varnish; fwd=bypass"


def api_headers(tags: int, *, cloudfront: bool = False) -> dict[str, str]:
    """Return what the API says of an answer with so many tags."""
    names = {EVERYTHING, *(f"Shelf:{number}" for number in range(tags - 1))}
    return shared(names, [], EntryId(1, 0), Lifetimes(300, 60, 60), cloudfront=cloudfront)


@pytest.mark.parametrize("tags", [1, 900, 5000])
async def test_long_tags_are_kept_and_purged(stand: Stand, tags: int) -> None:
    """Given as many tags as the API ever sends, then the answer is kept, and the last of them drops it."""
    stand.origin.headers = api_headers(tags)
    assert (await stand.get())[:2] == (STORED, 200)
    assert (await stand.get())[0] == HIT
    async with aiohttp.ClientSession() as session:
        await Varnish(stand.url).purge(session, [stand.origin.headers["Surrogate-Key"].split()[-1]])
    assert (await stand.get())[0] == STORED


async def test_without_its_parameters_varnish_fails_such_an_answer(tmp_path: Path) -> None:
    """Given Varnish as it comes, then an answer with 1,000 tags is a failure, loudly: hence the parameters."""
    origin = Origin(headers=api_headers(1000))
    origin.gate.set()
    async with (
        served(web.Server(origin.handle, access_log=None)) as (port, _),
        varnish(tmp_path, port, parameters=()) as url,
        aiohttp.ClientSession() as session,
    ):
        stand = Stand(url, origin, session)
        assert (await stand.get())[:2] == (PASSED, 502)
        origin.headers = api_headers(600)
        assert (await stand.get())[:2] == (STORED, 200)


def test_the_parameters_are_documented() -> None:
    """Given the parameters that the tests use, then the configuration and the documentation name the same."""
    for path in (VCL, DOCUMENTATION):
        assert " ".join(PARAMETERS) in path.read_text(), path.name


@pytest.mark.parametrize("cloudfront", [False, True])
async def test_whoever_is_before_varnish_keeps_nothing(stand: Stand, *, cloudfront: bool) -> None:
    """Given an answer whose tags Varnish takes off, then nothing in it lets another cache keep it, hit or passed on."""
    stand.origin.headers = api_headers(3, cloudfront=cloudfront) | {"Edge-Plan": "secret"}
    for asking in ({}, {}, {"Edge_As_Of": "1-0"}):
        _, _, headers = await stand.get(**asking)
        assert headers["Cache-Control"] == "no-cache"
        hidden = {*api_headers(1), "Edge-Plan", "Edge-Ranges", "xkey", "Cloudflare-CDN-Cache-Control"}
        assert set(headers) & hidden == {"Cache-Control"}


async def test_codings_and_validators(stand: Stand) -> None:
    """Given a body, then it is kept once, given as gzip or plain, with `Age`, and as 304 to who has it, HEAD too."""
    stand.origin.body = {"data": ["libro"] * 500}
    stand.origin.headers = {"ETag": '"one"', "Vary": "Accept"}
    await stand.get()
    _, _, plain = await stand.get()
    assert "Content-Encoding" not in plain
    assert int(plain["Age"]) >= 0
    assert {"Accept", "Accept-Encoding"} <= {name.strip() for name in plain["Vary"].split(",")}
    path = f"{stand.url}/graphql/{PUBLIC}?variables=%7B%22first%22%3A1%7D"
    async with stand.session.get(path, headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(await response.read())) == stand.origin.body
        tag = response.headers["ETag"]
    for known in (tag, '"one"', 'W/"one"'):
        status, code, headers = await stand.get(If_None_Match=known)
        assert (status, code, headers.get("Content-Length")) == (HIT, 304, None), known
    assert (await stand.get(If_None_Match='"other"'))[1] == 200
    async with stand.session.head(path) as response:
        assert (response.status, await response.read()) == (200, b"")
    assert stand.asked() == 1


async def test_a_head_request_may_come_first(stand: Stand) -> None:
    """Given nothing kept, then HEAD has the answer fetched in full, for those who ask for it then."""
    path = f"/graphql/{PUBLIC}?variables=%7B%22first%22%3A1%7D"
    assert (await stand.ask("HEAD", path))[0] == STORED
    assert (await stand.get())[0] == HIT


async def test_what_is_no_part_of_the_key_does_not_reach_the_origin(stand: Stand) -> None:
    """Given headers that a client makes up, then none that could alter an answer is passed on with a shared fetch."""
    made_up = {
        "Cookie": "session=secret",
        "Forwarded": "host=evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-For": "6.6.6.6",
        "Range": "bytes=0-1",
        "If-None-Match": '"one"',
        "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT",
    }
    assert (await stand.get("?variables=%7B%22first%22%3A9%7D", **made_up))[0] == STORED
    (asked,) = stand.origin.requests
    assert not set(made_up) - {"X-Forwarded-For"} & set(asked.headers)
    assert asked.headers["X-Forwarded-For"] == "127.0.0.1"
    status, code, headers = await stand.get("?variables=%7B%22first%22%3A9%7D")
    assert (status, code, "Content-Range" in headers) == (HIT, 200, False)


async def test_every_parameter_is_part_of_the_key(stand: Stand) -> None:
    """Given parameters in any spelling beside the usual ones, then the answer is another one: none is unkeyed."""
    query = "?variables=%7B%22first%22%3A1%7D"
    await stand.get(query)
    for other in (f"{query}&utm_source=x", f"{query}&variables=%7B%7D", f"{query}&operationName=A", f"{query};a=1"):
        assert (await stand.get(other))[0] == STORED, other
        assert (await stand.get(other))[0] == HIT, other


async def test_a_set_cookie_is_not_shared(stand: Stand) -> None:
    """Given an origin that sets a cookie on a public answer, then nobody gets it from the cache."""
    stand.origin.headers = {"Set-Cookie": "session=secret"}
    for _ in range(2):
        assert "Set-Cookie" not in (await stand.get())[2]


@pytest.mark.parametrize(
    "private",
    [
        {"CDN-Cache-Control": "private, max-age=300"},
        {"CDN-Cache-Control": "no-store, max-age=300"},
        {"CDN-Cache-Control": "x-max-age=300"},
        {"CDN-Cache-Control": "max-age=0"},
        {"CDN-Cache-Control": "", "Cache-Control": "public, max-age=300"},
        {"Surrogate-Key": ""},
    ],
)
async def test_each_viewer_gets_an_answer_of_their_own(stand: Stand, private: dict[str, str]) -> None:
    """Given an answer that is not for all, then everybody is answered by the origin, at the same time too."""
    stand.origin.headers = private
    stand.origin.gate.clear()
    stand.origin.waiting.clear()
    query = f"?variables=%7B%7D&p={len(str(private))}"
    asking = [asyncio.create_task(stand.get(query, Authorization=f"Bearer {who}")) for who in "abc"]
    await stand.origin.waiting.wait()
    stand.origin.gate.set()
    assert {status for status, _, _ in await asyncio.gather(*asking)} <= {PASSED, STORED}
    seen = [request.headers["Authorization"][-1] for request in stand.origin.requests]
    assert sorted(seen) == ["a", "b", "c"]


async def test_a_failure_is_not_kept_nor_remembered(stand: Stand) -> None:
    """Given an origin that failed, when it answers again, then its answer is kept at once."""
    stand.origin.status = 503
    assert (await stand.get())[:2] == (PASSED, 503)
    stand.origin.status = 200
    assert (await stand.get())[:2] == (STORED, 200)
    assert (await stand.get())[:2] == (HIT, 200)


async def test_what_was_invalidated_is_not_served_where_the_origin_fails(tmp_path: Path) -> None:
    """Given a kept answer, when it is purged and the origin is gone, then clients hear of the failure, as JSON."""
    origin = Origin(headers={"CDN-Cache-Control": "max-age=300, stale-while-revalidate=3600, stale-if-error=3600"})
    origin.gate.set()
    async with (
        served(web.Server(origin.handle, access_log=None)) as (port, behind),
        varnish(tmp_path, port) as url,
        aiohttp.ClientSession() as session,
    ):
        stand = Stand(url, origin, session)
        await stand.get()
        await behind.cleanup()
        assert (await stand.get())[0] == HIT
        await Varnish(url).purge(session, [short("Shelf:1")])
        async with session.get(f"{url}/graphql/{PUBLIC}?variables=%7B%22first%22%3A1%7D") as response:
            assert response.status == 502
            assert response.headers["Cache-Status"] == PASSED
            assert response.headers["Cache-Control"] == "no-store"
            (error,) = (await response.json())["errors"]
            assert error["extensions"] == {"code": "BAD_GATEWAY"}


async def test_a_body_with_get_alters_nothing(stand: Stand) -> None:
    """Given a GET with a body, then the shared answer is the one to its address: the origin gets no body."""
    body = b'{"query":"{ poison }"}'
    head = (
        f"GET /graphql/{PUBLIC}?variables=%7B%22first%22%3A8%7D HTTP/1.1\r\nHost: a\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    address = stand.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(address[0], int(address[1]), family=socket.AF_INET)
    writer.write(head.encode() + body)
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert not any(request.body_exists for request in stand.origin.requests)

"""A real Varnish as the edge, before the hand-made origin, and purged by the purger that follows the stream."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from app.embedded.leash import leashed
from app.embedded.ports import free_port
from edge import stream
from edge.cdn.purger import Purger
from edge.cdn.varnish import Varnish
from edge.stream import START, Change, Entry, EntryId
from tests.edge.stand import PUBLIC, Origin, served

VCL = Path(__file__).parents[3] / "edge" / "varnish" / "default.vcl"
VARNISHD = shutil.which("varnishd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(
    VARNISHD is None, reason="Varnish is not installed (Debian: apt-get install varnish varnish-modules)"
)


@dataclass
class Stand:
    """Varnish, the origin behind it, and a client."""

    url: str
    origin: Origin
    session: aiohttp.ClientSession

    async def get(self, query: str = "?variables=%7B%22first%22%3A1%7D", **headers: str) -> tuple[str, int, Any]:
        """Ask for the public operation: (Cache-Status, status, headers)."""
        return await self.ask("GET", f"/graphql/{PUBLIC}{query}", **headers)

    async def ask(self, method: str, path: str, **headers: str) -> tuple[str, int, Any]:
        """Ask for any path."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, f"{self.url}{path}", headers=named) as response:
            await response.read()
            return response.headers.get("Cache-Status", ""), response.status, response.headers

    def asked(self) -> int:
        """Return how often the origin was asked for the operation."""
        return self.origin.asked[f"GET /graphql/{PUBLIC}"]


@asynccontextmanager
async def varnish(folder: Path, behind: int, vcl: str) -> AsyncIterator[str]:
    """Run Varnish before a port; yield its base URL."""
    assert VARNISHD is not None
    port = free_port()
    (folder / "default.vcl").write_text(vcl.replace('"8000"', f'"{behind}"'))
    log = (folder / "varnish.log").open("wb")
    listen = ("-a", f"127.0.0.1:{port}", "-f", str(folder / "default.vcl"), "-n", str(folder / "work"))
    process = await asyncio.create_subprocess_exec(
        *leashed(signal.SIGKILL, VARNISHD, "-F", "-j", "none", *listen, "-s", "malloc,32m"), stdout=log, stderr=log
    )
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None, (folder / "varnish.log").read_text()
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
        log.close()


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """Start Varnish before a hand-made origin."""
    origin = Origin()
    origin.gate.set()
    async with (
        served(web.Server(origin.handle, access_log=None)) as (port, _),
        varnish(tmp_path_factory.mktemp("varnish"), port, VCL.read_text()) as url,
        aiohttp.ClientSession(auto_decompress=False, headers={"Accept-Encoding": "identity"}) as session,
    ):
        yield Stand(url, origin, session)


@pytest.fixture
async def stand(running: Stand) -> Stand:
    """Give Varnish with nothing in it, and the origin as it was."""
    await Varnish(running.url).purge_everything(running.session)
    running.origin.asked.clear()
    running.origin.tags = {"*", "Shelf", "Shelf:1"}
    running.origin.status, running.origin.headers = 200, {"ETag": '"one"'}
    running.origin.body = {"data": "one"}
    return running


async def test_an_answer_is_kept_and_clients_see_no_tags(stand: Stand) -> None:
    """Given a public answer, then the second one is a hit, with an entity tag and nothing that is for edges."""
    assert (await stand.get())[0] == "varnish; fwd=uri-miss; stored"
    status, _, headers = await stand.get()
    assert status == "varnish; hit"
    hidden = {"Surrogate-Key", "xkey", "Cache-Tag", "CDN-Cache-Control", "Edge-As-Of-Read", "Edge-Ranges"}
    assert hidden.isdisjoint(headers)
    assert (await stand.get(If_None_Match='"one"'))[1] == 304
    assert (await stand.ask("HEAD", f"/graphql/{PUBLIC}?variables=%7B%22first%22%3A1%7D"))[0] == "varnish; hit"
    assert stand.asked() == 1


async def test_equal_requests_share_an_answer(stand: Stand) -> None:
    """Given parameters in another order, other credentials, cookies and host, then the answer is the same one."""
    await stand.get("?extensions=x&variables=%7B%7D")
    for headers in ({"Cookie": "a=b"}, {"Authorization": "Bearer x"}, {"Host": "evil.example"}, {"Accept": "*/*"}):
        assert (await stand.get("?variables=%7B%7D&extensions=x", **headers))[0] == "varnish; hit"
    assert (await stand.get("?variables=%7B%7D&extensions=x", Accept="application/graphql-response+json"))[
        0
    ] == "varnish; fwd=uri-miss; stored"
    assert stand.asked() == 2


async def test_what_is_purged_is_asked_for_anew(stand: Stand) -> None:
    """Given an answer, when one of its keys is purged, then it is gone; another key leaves it."""
    await stand.get()
    async with aiohttp.ClientSession() as session:
        await Varnish(stand.url).purge(session, ["AAAAAAAAAAA"])
        assert (await stand.get())[0] == "varnish; hit"
        await Varnish(stand.url).purge_everything(session)
    assert (await stand.get())[0] == "varnish; fwd=uri-miss; stored"


async def test_a_purger_that_follows_the_stream_keeps_it_fresh(stand: Stand, redis_url: str) -> None:
    """Given a change in the stream, then the purger has Varnish forget what shows it, and nothing else."""
    async with Redis.from_url(redis_url.replace("/0", "/7")) as redis:
        await redis.flushdb()
        purger = Purger(Varnish(stand.url), transit=60)
        tasks = [asyncio.create_task(purger.follow(redis).run()), asyncio.create_task(purger.run())]
        while (await stand.get())[0] != "varnish; hit":  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)
        other, shown = EntryId(1, 0), EntryId(2, 0)
        await stream.append(redis, START, [Entry(other, START, "", (Change("Shelf:2"),))])
        stand.origin.body = {"data": "two"}
        await stream.append(redis, other, [Entry(shown, other, "", (Change("Shelf:1"),))])
        async with asyncio.timeout(10):
            while (await stand.get())[0] == "varnish; hit":  # noqa: ASYNC110 - Varnish tells nobody
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/graphql", {}),
        ("GET", "/graphql?query=%7Bviewer%7Bid%7D%7D", {}),
        ("GET", f"/graphql/{PUBLIC}?variables=%7B%7D&query=x", {}),
        ("GET", f"/graphql/{PUBLIC}", {"Edge-As-Of": "1-0"}),
        ("GET", f"/graphql/{PUBLIC}", {"Accept": "text/event-stream"}),
        ("GET", "/health/live", {}),
    ],
)
async def test_what_is_not_for_a_shared_cache_is_passed_on(
    stand: Stand, method: str, path: str, headers: dict[str, str]
) -> None:
    """Given a mutation, a document in full, a client's own write or a stream, then it goes to the API each time."""
    for _ in range(2):
        assert (await stand.ask(method, path, **headers))[0] == "varnish; fwd=bypass"


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, {"CDN-Cache-Control": "no-store"}), (200, {"CDN-Cache-Control": ""}), (503, {}), (404, {})],
)
async def test_what_the_origin_does_not_share_is_not_kept(stand: Stand, status: int, headers: dict[str, str]) -> None:
    """Given an error or a private answer, then it is not kept."""
    stand.origin.status, stand.origin.headers = status, headers
    for number in (1, 2):
        assert (await stand.get(f"?variables=%7B%7D&{status}{len(str(headers))}"))[:2] == (
            "varnish; fwd=bypass",
            status,
        )
        assert stand.asked() == number


async def test_purges_are_taken_from_the_purger_alone(tmp_path: Path, stand: Stand) -> None:
    """Given an address that is not among the purgers, then it is refused; one that names nothing too."""
    assert (await stand.ask("PURGE", "/"))[1] == 400
    port = int(stand.url.rpartition(":")[2])
    strict = VCL.read_text().replace('    "127.0.0.1";\n', "")
    async with (
        varnish(tmp_path, port, strict) as url,
        stand.session.request("PURGE", url, headers={"xkey": "a"}) as got,
    ):
        assert got.status == 403

"""A real Varnish as the edge, before the hand-made origin, and purged by the purger that follows the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from edge import stream
from edge.cdn.purger import Purger
from edge.cdn.varnish import Varnish
from edge.stream import START, Change, Entry, EntryId
from tests.edge.cdn.varnishes import VCL, Stand, needed, varnish
from tests.edge.stand import PUBLIC

pytestmark = needed


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


class Heard(Varnish):
    """A Varnish that tells when it was purged."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.purged = asyncio.Event()

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Purge, and tell."""
        await super().purge(session, keys)
        self.purged.set()


async def test_the_second_purge_removes_an_answer_that_came_late(stand: Stand, redis_url: str) -> None:
    """Given an answer made before a change that arrives after its purge, then Varnish keeps it until the second."""
    async with Redis.from_url(redis_url.replace("/0", "/7")) as redis:
        await redis.flushdb()
        cache = Heard(stand.url)
        purger = Purger(cache, transit=2)
        tasks = [asyncio.create_task(purger.follow(redis).run()), asyncio.create_task(purger.run())]
        async with asyncio.timeout(20):
            await cache.purged.wait()  # everything, at the start
            stand.origin.gate.clear()
            stand.origin.waiting.clear()
            asking = asyncio.create_task(stand.get())
            await stand.origin.waiting.wait()  # the answer is made
            stand.origin.body = {"data": "two"}
            cache.purged.clear()
            changed = EntryId(1, 0)
            await stream.append(redis, START, [Entry(changed, START, "", (Change("Shelf:1"),))])
            await cache.purged.wait()
            stand.origin.gate.set()
            assert (await asking)[0] == "varnish; fwd=uri-miss; stored"
            assert (await stand.get())[0] == "varnish; hit"  # the window that docs/cdn.md tells of
            while (await stand.get())[0] == "varnish; hit":  # noqa: ASYNC110 - Varnish tells nobody
                await asyncio.sleep(0.01)
            assert stand.asked() == 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

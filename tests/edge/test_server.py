"""The edge over real sockets: what it keeps, for how long, and when it asks the origin instead."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import brotli
import orjson
import pytest

from edge import plans
from edge.stream import EntryId
from tests.edge.stand import PRIVATE, PUBLIC, Stand, counted, standing, until
from tests.platform import Platform


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge that vouches for what it holds."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        await stand.fresh()
        yield stand


async def test_the_second_asker_is_answered_from_memory(stand: Stand) -> None:
    """Given an answer that was fetched once, when it is asked for again then the origin is not asked."""
    hits, misses = counted("hit"), counted("miss")
    status, code, body = await stand.get()
    assert (status, code, body) == ("edge; fwd=uri-miss; stored", 200, stand.origin.body)
    status, _, again = await stand.get()
    assert again == body
    assert status.startswith("edge; hit; ttl=")
    spelled = {"documentId": f"sha256:{PUBLIC}", "variables": '{ "first": 1, "other": 2 }'}
    async with stand.session.get(f"{stand.url}/graphql", params=spelled) as response:
        assert response.headers["Cache-Status"].startswith("edge; hit")
    assert stand.shelf_asked() == 1
    assert (counted("hit") - hits, counted("miss") - misses) == (2, 1)


async def test_different_variables_are_different_answers(stand: Stand) -> None:
    """Given an answer for one variable, when another value is asked for, then the origin answers it."""
    await stand.get(first=1)
    status, _, _ = await stand.get(first=2)
    assert status == "edge; fwd=uri-miss; stored"
    assert [request.query["variables"] for request in stand.origin.requests] == ['{"first":1}', '{"first":2}']


async def test_credentials_never_reach_the_origin_for_a_shared_answer(stand: Stand) -> None:
    """Given a client with a token and cookies, when it asks for a public operation, then the fetch carries neither."""
    await stand.get(Authorization="Bearer secret", Cookie="a=b")
    (asked,) = stand.origin.requests
    assert {"Authorization", "Cookie"}.isdisjoint(asked.headers)
    assert asked.headers["Accept-Encoding"] == "identity"


async def test_clients_revalidate_and_never_see_tags(stand: Stand) -> None:
    """Given a stored answer, then its headers let a client revalidate, and say nothing of tags and moments."""
    await stand.get()
    async with stand.session.get(stand.shelf()) as response:
        headers = response.headers
        etag = headers["ETag"]
        assert headers["Cache-Control"] == "no-cache"
        assert headers["Age"] == "0"
        assert headers["Vary"] == "Accept, Accept-Encoding"
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert {"Surrogate-Key", "Edge-As-Of-Read", "CDN-Cache-Control"}.isdisjoint(headers)
    for sent in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        async with stand.session.get(stand.shelf(), headers={"If-None-Match": sent}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == etag
    async with stand.session.get(stand.shelf(), headers={"If-None-Match": '"other"'}) as response:
        assert response.status == 200


async def test_each_representation_has_its_own_entity_tag(stand: Stand) -> None:
    """Given both media types and three codings, then six entity tags differ and each body decodes to the same."""
    await stand.get()
    await until(lambda: all(len(kept.bodies) == 3 for _, kept in stand.edge.store.items()))
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}
    etags = set()
    for media_type in ("application/json", "application/graphql-response+json"):
        for coding, decoded in decode.items():
            headers = {"Accept": media_type, "Accept-Encoding": coding}
            async with stand.session.get(stand.shelf(), headers=headers) as response:
                assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"
                assert response.headers.get("Content-Encoding", "identity") == coding
                assert orjson.loads(decoded(await response.read())) == stand.origin.body
                etags.add(response.headers["ETag"])
    assert len(etags) == 6
    assert stand.shelf_asked() == 1


async def test_head_is_get_without_the_body(stand: Stand) -> None:
    """Given a stored answer, when HEAD asks for it, then it has the headers of GET and no body."""
    await stand.get()
    async with stand.session.get(stand.shelf()) as got, stand.session.head(stand.shelf()) as response:
        assert await response.read() == b""
        assert response.headers["ETag"] == got.headers["ETag"]
        assert response.headers["Content-Length"] == got.headers["Content-Length"]
        assert response.headers["Cache-Status"].startswith("edge; hit")


async def test_an_answer_ages_and_ends(stand: Stand) -> None:
    """Given an answer kept for 300 s, when time passes, then it ages, and is fetched again after 300 s."""
    start = stand.edge.clock()
    stand.edge.clock = lambda: start
    await stand.fresh()
    await stand.get()
    stand.edge.clock = lambda: start + 299.5
    await stand.fresh()
    async with stand.session.get(stand.shelf()) as response:
        assert response.headers["Age"] == "299"
        assert response.headers["Cache-Status"] == "edge; hit; ttl=1"
    stand.edge.clock = lambda: start + 300.01  # a sum of floats may be a trifle less than it should
    await stand.fresh()
    assert (await stand.get())[0] == "edge; fwd=uri-miss; stored"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, {}),
        (200, {"CDN-Cache-Control": "no-store"}),
        (200, {"CDN-Cache-Control": ""}),
        (200, {"Edge-As-Of-Read": ""}),
        (200, {"Edge-As-Of-Read": "yesterday"}),
        (200, {"Surrogate-Key": ""}),
        (200, {"Content-Encoding": "gzip"}),
    ],
)
async def test_what_the_origin_does_not_share_is_passed_on_each_time(
    stand: Stand, status: int, headers: dict[str, str]
) -> None:
    """Given an answer that is no plain OK with a lifetime, tags and a moment, then each asker gets one of its own."""
    stand.origin.status, stand.origin.headers = status, headers
    for _ in range(2):
        async with stand.session.get(stand.shelf(), headers={"Authorization": "Bearer x"}) as response:
            assert response.status == status
            assert response.headers["Cache-Status"] == "edge; fwd=miss; stored=?0"
            assert {"Surrogate-Key", "Edge-As-Of-Read", "CDN-Cache-Control"}.isdisjoint(response.headers)
    assert len(stand.edge.store) == 0


async def test_an_answer_too_large_to_keep_is_still_shared(redis_url: str) -> None:
    """Given an answer above a tenth of the store, then it is answered, and not said to be stored."""
    async with standing(redis_url.replace("/0", "/5"), capacity=20_000) as stand:
        await stand.fresh()
        for _ in range(2):
            status, code, _ = await stand.get()
            assert (status, code) == ("edge; fwd=uri-miss", 200)


@pytest.mark.parametrize("accept", ["text/event-stream", "text/html", "application/json;q=0"])
async def test_who_wants_no_json_is_left_to_the_origin(stand: Stand, accept: str) -> None:
    """Given a stored answer, when a client asks for another media type, then the origin answers it itself."""
    await stand.get()
    assert (await stand.get(Accept=accept))[0] == "edge; fwd=bypass"
    assert stand.origin.requests[-1].headers["Accept"] == accept


async def test_private_and_unknown_operations_and_posts_are_forwarded(stand: Stand) -> None:
    """Given requests that no shared cache may answer, then each reaches the origin with its credentials."""
    for _ in range(2):
        for path in (f"/graphql/{PRIVATE}", f"/graphql/{'0' * 64}", "/graphql?query={x}", "/anything?a=b"):
            async with stand.session.get(stand.url + path, headers={"Authorization": "Bearer x"}) as response:
                assert response.headers["Cache-Status"] == "edge; fwd=bypass"
        async with stand.session.post(stand.shelf(), json={"query": "{x}"}) as response:
            assert response.headers["Cache-Status"] == "edge; fwd=bypass"
    assert len(stand.origin.requests) == 10
    assert len(stand.edge.store) == 0
    assert [request.headers.get("Authorization") for request in stand.origin.requests[:4]] == ["Bearer x"] * 4


async def test_a_change_drops_what_shows_it_and_nothing_else(stand: Stand) -> None:
    """Given two answers, when what one shows changes, then that one is fetched anew and the other still stands."""
    await stand.get(first=1)
    stand.origin.tags = {"Shelf", "Shelf:2"}
    await stand.get(first=2)
    stand.origin.as_of = await stand.publish("Shelf:1")
    assert (await stand.get(first=2))[0].startswith("edge; hit")
    stand.origin.body = {"data": "new"}
    status, _, body = await stand.get(first=1)
    assert (status, body) == ("edge; fwd=uri-miss; stored", {"data": "new"})
    stand.origin.as_of = await stand.publish("Shelf")
    assert (await stand.get(first=2))[0] == "edge; fwd=uri-miss; stored"


@pytest.mark.parametrize("everything", [False, True])
async def test_a_gap_or_a_star_drops_everything(stand: Stand, everything: bool) -> None:  # noqa: FBT001 - parametrized
    """Given a stored answer, when an event does not follow the last or changes everything, then nothing is held."""
    await stand.get()
    assert len(stand.edge.store) == 1
    await (stand.publish("*") if everything else stand.publish("Unrelated", gap=True))
    assert len(stand.edge.store) == 0
    await stand.fresh()
    assert (await stand.get())[0] == "edge; fwd=uri-miss; stored"


async def test_an_answer_that_straddles_a_change_is_not_kept(stand: Stand) -> None:
    """Given a slow answer, when what it shows changes meanwhile, then it is given to who asked, not kept."""
    stand.origin.gate.clear()
    asking = asyncio.ensure_future(stand.get())
    await stand.origin.waiting.wait()
    as_of = await stand.publish("Shelf:1")
    stand.origin.gate.set()
    assert (await asking)[0] == "edge; fwd=uri-miss"
    assert len(stand.edge.store) == 0
    stand.origin.as_of = as_of
    assert (await stand.get())[0] == "edge; fwd=uri-miss; stored"


async def test_an_answer_older_than_the_window_is_not_kept(stand: Stand) -> None:
    """Given an origin that lags behind what this edge remembers, when it answers, then the answer is not kept."""
    stand.origin.as_of = EntryId(0, 1)
    stand.edge.coherence.forget(stand.tail)
    assert (await stand.get())[0] == "edge; fwd=uri-miss"


async def test_many_who_ask_at_once_cost_one_fetch(stand: Stand) -> None:
    """Given fifty clients that miss at once, then the origin is asked once and all get its answer."""
    stand.origin.gate.clear()
    asking = [asyncio.ensure_future(stand.get()) for _ in range(50)]
    await stand.origin.waiting.wait()
    stand.origin.gate.set()
    answers = await asyncio.gather(*asking)
    assert {orjson.dumps(body) for _, _, body in answers} == {orjson.dumps(stand.origin.body)}
    assert stand.shelf_asked() == 1


async def test_who_joins_after_a_change_is_not_given_an_older_answer(stand: Stand) -> None:
    """Given a fetch under way, when its subject changes, then who asks next gets an answer made since."""
    stand.origin.gate.clear()
    early = asyncio.ensure_future(stand.get())
    await stand.origin.waiting.wait()
    old, stand.origin.body = stand.origin.body, {"data": "new"}
    stand.origin.as_of = await stand.publish("Shelf:1")
    late = [asyncio.ensure_future(stand.get()) for _ in range(5)]
    await until(lambda: len(stand.edge.fetches) == 1 and counted("miss") >= 0)
    stand.origin.gate.set()
    assert (await early)[2] == old
    assert [body for _, _, body in await asyncio.gather(*late)] == [{"data": "new"}] * 5
    assert stand.shelf_asked() <= 1 + len(late)


async def test_who_joins_a_fetch_that_cannot_be_shared_asks_alone(stand: Stand) -> None:
    """Given many who ask at once, then each is answered by the origin."""
    stand.origin.status = 404
    stand.origin.gate.clear()
    asking = [asyncio.ensure_future(stand.get()) for _ in range(5)]
    await stand.origin.waiting.wait()
    stand.origin.gate.set()
    assert {status for status, _, _ in await asyncio.gather(*asking)} == {"edge; fwd=miss; stored=?0"}


async def test_an_origin_that_failed_is_asked_once_for_all_and_its_words_are_passed_on(stand: Stand) -> None:
    """Given an origin that answers 503, when many ask at once, then all get its answer, which is not kept."""
    stand.origin.status, stand.origin.headers = 503, {"Retry-After": "2"}
    stand.origin.gate.clear()
    asking = [asyncio.ensure_future(stand.get()) for _ in range(5)]
    await stand.origin.waiting.wait()
    stand.origin.gate.set()
    for status, code, body in await asyncio.gather(*asking):
        assert (status, code) == ("edge; fwd=miss; fwd-status=503; stored=?0", 503)
        assert body == stand.origin.body
    assert stand.shelf_asked() == 1
    assert len(stand.edge.store) == 0


async def test_who_leaves_does_not_end_the_fetch_for_others(stand: Stand) -> None:
    """Given two who wait for one fetch, when the first goes away, then the second is answered by the same fetch."""
    stand.origin.gate.clear()
    leaving = asyncio.ensure_future(stand.get())
    await stand.origin.waiting.wait()
    staying = asyncio.ensure_future(stand.get())
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    stand.origin.gate.set()
    assert (await staying)[1] == 200
    assert stand.shelf_asked() == 1


async def test_the_whole_platform_answers_from_the_edge(platform: Platform) -> None:
    """Given the real processes, when a public page is read twice, then the second is a hit; a write ends it."""
    ana = await platform.user()
    project = await ana.public_project(await ana.organization())
    design = await ana.design(project, published=True)
    plan = next(plan for plan in plans.load().values() if plan.name == "DesignPage")
    url = f"{platform.edge}/graphql/{plan.id}"
    params = {"variables": orjson.dumps({"id": design}).decode()}

    async def page() -> tuple[str, Any, dict[str, str]]:
        async with platform.session.get(url, params=params) as response:
            return response.headers["Cache-Status"], await response.json(), dict(response.headers)

    async with asyncio.timeout(15):
        while not (await page())[0].startswith("edge; hit"):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)
    _, shown, headers = await page()
    assert shown["data"]["publicDesign"]["title"] == "Salón"
    assert {"Surrogate-Key", "Edge-As-Of-Read", "CDN-Cache-Control"}.isdisjoint(headers)
    renamed = await ana.do("updateDesign", "Design", {"id": design, "title": "Cocina"}, "title")
    assert renamed == {"__typename": "Design", "title": "Cocina"}
    async with asyncio.timeout(5):
        while (await page())[1]["data"]["publicDesign"]["title"] != "Cocina":  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)

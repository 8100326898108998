"""Plans that an edge learns from answers: whom it trusts, what it keeps by them, and when it forgets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from edge.admin import statistics
from edge.coherence import Coherence
from edge.learned import Plans
from edge.plans import LONGEST_HEADER, Plan, announced
from edge.stream import Change, Entry, EntryId
from tests.edge.stand import PLANS, PRIVATE, PUBLIC, Stand, standing, until

LEARNED = "ef" * 32
PLAN = Plan(LEARNED, "Homes", "", "PUBLIC", 300, 1, ("city",), {"city": "Ávila"}, "1234", fields={"Shelf": ("title",)})
NEWER = replace(PLANS[PUBLIC], digest="newer", fields={"Shelf": ("title",)})
PASSED, KEPT = "edge; fwd=bypass", "edge; fwd=uri-miss; detail=learned"


def spelled(plan: Plan, **changes: Any) -> str:
    """Return the header that announces a plan, with some of it changed."""
    return json.dumps({**plan.encode(), **changes})


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge that vouches for what it holds, before an API that announces a plan."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        stand.origin.headers["Edge-Plan"] = spelled(PLAN)
        stand.origin.tags = {"Shelf", "Shelf:1", f"Operation:{LEARNED}"}
        await stand.fresh()
        yield stand


async def ask(stand: Stand, query: str = "", id_: str = LEARNED, method: str = "GET", **headers: str) -> str:
    """Ask for an operation by its path: `Cache-Status`."""
    url = f"{stand.url}/graphql/{id_}{query}"
    async with stand.session.request(method, url, headers=headers) as response:
        await response.read()
        assert "Edge-Plan" not in response.headers
        return response.headers["Cache-Status"]


async def test_an_answer_that_is_passed_on_teaches_its_plan(stand: Stand) -> None:
    """Given an unknown document, when its answer passes then it is kept, and looked up in every spelling afterwards."""
    assert await ask(stand) == KEPT
    assert (await ask(stand)).startswith("edge; hit; ttl=")
    assert (await ask(stand, "?variables=%7B%22city%22%3A%22%C3%81vila%22%7D")).startswith("edge; hit")
    assert (await ask(stand, "?operationName=Homes&variables=null")).startswith("edge; hit")
    apollo = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": LEARNED}})
    for params in ({"documentId": f"sha256:{LEARNED}"}, {"extensions": apollo}):
        async with stand.session.get(f"{stand.url}/graphql", params=params) as response:
            assert response.headers["Cache-Status"].startswith("edge; hit")
            assert await response.json() == stand.origin.body
    assert sum(stand.origin.asked.values()) == 1
    assert await ask(stand, "?variables=%7B%22city%22%3A%22Le%C3%B3n%22%7D") == "edge; fwd=uri-miss; stored"
    assert stand.origin.requests[-1].query["variables"] == '{"city":"León"}'


async def test_what_is_kept_of_a_learned_operation_is_precise(stand: Stand) -> None:
    """Given a learned plan that reads one field, then a change of that type as a whole drops its answer, too late none.

    And an answer that was moved on its way to the client is not kept.
    """
    await ask(stand)
    await stand.publish("Shelf:1")
    assert "hit" not in await ask(stand)
    stand.origin.as_of = stand.tail
    assert "hit" not in await ask(stand)
    assert "hit" in await ask(stand)
    stand.edge.plans.learned.clear()
    stand.edge.store.clear()
    stand.origin.gate.clear()
    stand.origin.waiting.clear()
    passing = asyncio.ensure_future(ask(stand))
    await stand.origin.waiting.wait()
    await stand.publish("Shelf:1")
    stand.origin.gate.set()
    assert await passing == KEPT
    assert len(stand.edge.store) == 0


@pytest.mark.parametrize(
    ("query", "method", "id_"),
    [
        ("?query=%7Bx%7D", "GET", LEARNED),
        ("", "HEAD", LEARNED),
        ("", "POST", LEARNED),
        (f"?documentId=sha256:{PUBLIC}", "GET", LEARNED),
    ],
)
async def test_only_a_get_by_the_id_alone_teaches(stand: Stand, query: str, method: str, id_: str) -> None:
    """Given a document in full, HEAD, POST, or two ids, then nothing is learned."""
    assert await ask(stand, query, id_, method) == PASSED
    assert len(stand.edge.plans.learned) == 0
    assert len(stand.edge.store) == 0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{}",
        "{" * 5000,
        spelled(PLAN, id=PUBLIC),
        spelled(PLAN, id=1),
        spelled(PLAN, digest=None),
        spelled(PLAN, max_age="300"),
        spelled(PLAN, max_age=True),
        spelled(PLAN, max_age=-1),
        spelled(PLAN, max_age=0),
        spelled(PLAN, scope="VIEWER"),
        spelled(PLAN, variables="city"),
        spelled(PLAN, nullable=[1]),
        spelled(PLAN, defaults=[]),
        spelled(PLAN, fields={"Shelf": "title"}),
        spelled(PLAN, fields=[]),
        spelled(PLAN, unheard_of=1),
        spelled(PLAN, name="x" * LONGEST_HEADER),
    ],
)
async def test_what_is_no_plan_of_the_document_is_ignored(stand: Stand, header: str) -> None:
    """Given a header that is malformed, of another document, or no cacheable plan, then the answer passes, no more."""
    assert announced(header, LEARNED) is None
    stand.origin.headers["Edge-Plan"] = header[:LONGEST_HEADER]
    for _ in range(2):
        assert await ask(stand) == PASSED
    assert len(stand.edge.plans.learned) == len(stand.edge.store) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"CDN-Cache-Control": ""},
        {"Surrogate-Key": ""},
        {"Edge-As-Of-Read": "yesterday"},
        {"Content-Encoding": "deflate"},
    ],
)
async def test_what_may_not_be_shared_is_not_kept(stand: Stand, headers: dict[str, str]) -> None:
    """Given an answer with a plan that is not shareable all the same, then it is passed on each time."""
    if "Content-Encoding" in headers:

        async def encoded(_: web.BaseRequest) -> web.StreamResponse:
            response = web.json_response(stand.origin.body)
            response.headers.update({**stand.origin.headers, "Edge-As-Of-Read": str(stand.tail)})
            response.headers["CDN-Cache-Control"] = "max-age=300"
            response.enable_compression(web.ContentCoding.deflate)
            return response

        stand.origin.other = encoded
    stand.origin.headers |= headers
    for _ in range(3):
        assert "hit" not in await ask(stand)
    assert len(stand.edge.store) == 0


async def test_an_answer_is_kept_under_the_plan_it_was_made_by(stand: Stand) -> None:
    """Given an API of a newer release, then nothing is kept under the older plan, and the newer one takes its place."""
    stand.origin.headers["Edge-Plan"] = spelled(NEWER)
    assert (await stand.get())[0] == KEPT  # fetched, of another plan; passed on, and kept under that
    assert (await stand.get())[0].startswith("edge; hit")
    assert {entry.plan.digest for _, entry in stand.edge.store.items()} == {"newer"}
    assert stand.origin.asked[f"GET /graphql/{PUBLIC}"] == 2
    assert (await stand.get(2))[0] == "edge; fwd=uri-miss; stored"
    stand.origin.headers["Edge-Plan"] = spelled(PLANS[PUBLIC])  # an API of the older one answers once more
    assert (await stand.get(3))[0] == KEPT
    assert len(stand.edge.plans.learned) == 0
    assert (await stand.get(1, Accept="application/json"))[0] == "edge; fwd=uri-miss; stored"
    del stand.origin.headers["Edge-Plan"]  # and one that says nothing of plans
    assert (await stand.get(4))[0] == "edge; fwd=uri-miss; stored"
    stand.origin.headers["Edge-Plan"] = "nonsense"
    assert (await stand.get(5))[0] == "edge; fwd=miss; stored=?0"
    assert (await stand.get(5))[0] == "edge; fwd=miss; stored=?0"


async def test_an_api_that_says_nothing_is_not_trusted_with_what_was_learned(stand: Stand) -> None:
    """Given a learned plan, when an API of an older release answers without one, then it is forgotten."""
    await ask(stand)
    del stand.origin.headers["Edge-Plan"]
    assert await ask(stand, "?variables=%7B%22city%22%3A%22x%22%7D") == "edge; fwd=miss; stored=?0"
    assert len(stand.edge.plans.learned) == 0
    assert await ask(stand) == PASSED


async def test_a_viewers_operation_is_never_looked_up_by_what_an_answer_says(stand: Stand) -> None:
    """Given a release whose plan says VIEWER, then a private answer teaches nothing, whatever it announces."""
    stand.origin.headers = {"Edge-Plan": spelled(replace(PLANS[PRIVATE], scope="VIEWER"))}
    assert await ask(stand, id_=PRIVATE) == PASSED
    assert len(stand.edge.plans.learned) == 0


async def test_a_removed_operation_is_forgotten(stand: Stand) -> None:
    """Given a learned plan with an answer, when the stream names its operation, then both go, and the API is asked."""
    await ask(stand)
    await ask(stand)
    stand.origin.as_of = await stand.publish(f"Operation:{PUBLIC}")
    assert "hit" in await ask(stand)
    stand.origin.as_of = await stand.publish(f"Operation:{LEARNED}")
    assert len(stand.edge.plans.learned) == len(stand.edge.store) == 0
    stand.origin.status, stand.origin.headers = 404, {"CDN-Cache-Control": "", "Surrogate-Key": ""}
    for _ in range(2):
        assert await ask(stand) == PASSED


async def test_an_answer_from_before_a_removal_teaches_nothing(stand: Stand) -> None:
    """Given an answer under way, when its operation is removed meanwhile, then neither it nor its plan is kept."""
    stand.origin.gate.clear()
    passing = asyncio.ensure_future(ask(stand))
    await stand.origin.waiting.wait()
    await stand.publish(f"Operation:{LEARNED}")
    stand.origin.gate.set()
    assert await passing == PASSED
    assert len(stand.edge.plans.learned) == len(stand.edge.store) == 0


@pytest.mark.parametrize("how", ["gap", "everything"])
async def test_what_may_have_been_missed_is_forgotten(stand: Stand, how: str) -> None:
    """Given a learned plan, when the stream has a gap or everything is purged, then it is gone."""
    await ask(stand)
    assert len(stand.edge.plans.learned) == 1
    await stand.publish(*(["*"] if how == "everything" else []), gap=how == "gap")
    assert len(stand.edge.plans.learned) == 0


async def test_a_large_answer_is_passed_on_without_being_held(stand: Stand) -> None:
    """Given an answer of over a mebibyte, then its plan is learned, and the next request fetches and keeps it."""
    stand.origin.body = {"data": "x" * (1024 * 1024)}
    stand.edge.store = type(stand.edge.store)(10**9)
    assert await ask(stand) == PASSED
    assert await ask(stand) == "edge; fwd=uri-miss; stored"
    await until(lambda: all(len(kept.bodies) == 3 for _, kept in stand.edge.store.items()))


async def test_a_broken_answer_is_not_kept(stand: Stand) -> None:
    """Given an answer that ends too early, then the client is cut off, and nothing is kept."""

    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        fields = {
            "CDN-Cache-Control": "max-age=300",
            "Surrogate-Key": "AAAAAAAAAAA",
            "Edge-As-Of-Read": str(stand.tail),
        }
        response = web.StreamResponse(headers={**fields, **stand.origin.headers, "Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"data": 1}')
        assert request.transport is not None
        request.transport.close()
        return response

    stand.origin.other = broken
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask(stand)
    assert len(stand.edge.store) == 0


async def test_learned_operations_are_counted_together(stand: Stand) -> None:
    """Given documents with any names, then the metrics have one label for all of them."""
    before = REGISTRY.get_sample_value("edge_requests_total", {"operation": "(learned)", "result": "hit"}) or 0.0
    await ask(stand)
    await ask(stand)
    after = REGISTRY.get_sample_value("edge_requests_total", {"operation": "(learned)", "result": "hit"})
    assert after == before + 1
    assert REGISTRY.get_sample_value("edge_requests_total", {"operation": "Homes", "result": "hit"}) is None
    told = statistics(stand.edge, None)
    assert told["operations"]["(learned)"]["bytes"] == stand.edge.store.used > 0
    assert told["learned"] == {"plans": 1, "bytes": PLAN.weight}


def test_what_is_learned_is_bounded() -> None:
    """Given more plans than there is room for, then memory is bounded; those of the release are always there."""
    coherence = Coherence()
    coherence.begin(EntryId(5, 0))
    plans = Plans(PLANS, coherence, capacity=200_000)
    for number in range(500):
        id_ = f"{number:064x}"
        headers = {"Edge-Plan": spelled(PLAN, id=id_, defaults={}), "Edge-As-Of-Read": "5-0"}
        assert plans.learn(id_, headers) == plans.get(id_)
        assert plans.get(id_) is not None
    assert plans.learned.used <= 200_000
    assert 10 < len(plans.learned) < 40
    assert plans.get(PUBLIC) is PLANS[PUBLIC]
    lists = spelled(PLAN, defaults={"city": [[[]] * 500]})  # what takes much memory counts as much
    assert (announced(lists, LEARNED) or PLAN).weight > 20 * len(lists) / 2


def test_an_edge_that_knows_nothing_of_the_stream_learns_nothing() -> None:
    """Given no position in the stream, or an answer older than what is remembered, then its plan is not learned."""
    coherence = Coherence()
    plans = Plans({}, coherence)
    headers = {"Edge-Plan": spelled(PLAN, defaults={}), "Edge-As-Of-Read": "5-0"}
    assert plans.learn(LEARNED, headers) is None
    coherence.begin(EntryId(6, 0))
    assert plans.learn(LEARNED, headers) is None
    coherence.apply(Entry(EntryId(7, 0), EntryId(6, 0), "", (Change("Shelf"),)), 0)
    assert plans.learn(LEARNED, {**headers, "Edge-As-Of-Read": "6-0"}) is not None

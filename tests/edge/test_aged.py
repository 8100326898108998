"""Answers that have aged: served while they are asked for anew, or where the origin fails; invalidated ones never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from edge.dependencies import ranges_header
from edge.stream import Change, Entry, EntryId, append
from edge.tags import header
from tests.edge.stand import Stand, standing, until

LIFETIMES = {"CDN-Cache-Control": "max-age=300, stale-while-revalidate=60, stale-if-error=3600"}


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge that vouches, holds one answer, and whose clock can be put on."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        stand.origin.headers = LIFETIMES
        await stand.fresh()
        assert (await stand.get())[0] == "edge; fwd=uri-miss; stored"
        yield stand


async def after(stand: Stand, seconds: float) -> None:
    """Let time pass, and the pulse go on."""
    clock = stand.edge.clock
    stand.edge.clock = lambda: clock() + seconds
    await stand.fresh()
    assert stand.edge.coherence.vouches(stand.edge.clock())


async def test_an_aged_answer_is_served_while_it_is_asked_for_anew(stand: Stand) -> None:
    """Given an answer 10 s past its lifetime, then it is served at once, and the next one finds a fresh one."""
    await after(stand, 310)
    stand.origin.body = {"data": "new"}
    status, code, body = await stand.get()
    assert (status, code) == ("edge; hit; ttl=-10", 200)
    assert body != {"data": "new"}
    await until(lambda: not stand.edge.fetches)
    status, _, body = await stand.get()
    assert (status.startswith("edge; hit; ttl=30") or status == "edge; hit; ttl=299", body) == (True, {"data": "new"})


@pytest.mark.parametrize("seconds", [310, 400])
async def test_where_the_origin_fails_an_aged_answer_serves(stand: Stand, seconds: float) -> None:
    """Given an origin that fails, or is not there, then an aged answer stands in and says so."""
    await after(stand, seconds)
    stand.origin.status = 503
    await stand.get()
    await until(lambda: not stand.edge.fetches)
    status, code, body = await stand.get()
    assert (code, body) == (200, stand.origin.body)
    await stand.runner.cleanup()
    if seconds > 360:
        assert status == "edge; fwd=stale; fwd-status=503; detail=stale-if-error"
        assert (await stand.get())[0] == "edge; fwd=stale; fwd-status=502; detail=stale-if-error"


async def test_an_invalidated_answer_never_serves_even_when_the_origin_is_down(stand: Stand) -> None:
    """Given an answer that something changed in, when the origin fails, then the failure is told."""
    await stand.publish("Shelf:1")
    stand.origin.status = 503
    assert (await stand.get())[1] == 503
    await stand.runner.cleanup()
    assert (await stand.get())[1] == 502


async def test_without_a_pulse_an_aged_answer_does_not_stand_in(stand: Stand) -> None:
    """Given an edge that no longer knows what has changed, when the origin fails, then the failure is told."""
    clock = stand.edge.clock
    stand.edge.clock = lambda: clock() + 310
    stand.origin.status = 503
    assert (await stand.get())[1] == 503


async def test_an_answer_too_old_for_any_use_is_forgotten(stand: Stand) -> None:
    """Given an answer past all its lifetimes, when the origin fails, then the failure is told."""
    await after(stand, 300 + 3600)
    stand.origin.status = 503
    assert (await stand.get())[1] == 503
    assert len(stand.edge.store) == 0


async def test_a_part_of_a_list_is_dropped_only_by_what_moves_in_it(stand: Stand) -> None:
    """Given a page of a list, when rows move behind it, then it stays; when one moves in it, it goes."""
    stand.origin.tags = {"Shelf", "shelf?owner=a"}
    stand.origin.headers = {**LIFETIMES, "Edge-Ranges": ranges_header([("shelf?owner=a", "", "40")])}
    assert (await stand.get(2))[0] == "edge; fwd=uri-miss; stored"

    async def move(place: str) -> str:
        entry = Entry(EntryId(stand.tail.time + 1, 0), stand.tail, "", (Change("shelf?owner=a", keys=(place,)),))
        assert await append(stand.redis, stand.tail, [entry]) is None
        stand.tail = entry.id
        await until(lambda: stand.edge.coherence.position == stand.tail)
        return (await stand.get(2))[0]

    assert (await move("41")).startswith("edge; hit")
    assert (await move("40")).startswith("edge; fwd=uri-miss")


async def test_dependencies_that_cannot_be_read_are_not_kept(stand: Stand) -> None:
    """Given an answer whose tags are not ours, then it is passed on and not kept."""
    other: dict[str, Any] = {**LIFETIMES, "Surrogate-Key": f"{header({'Shelf'})} not-a-key", "Edge-As-Of-Read": "1-0"}

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"data": 1}, headers=other)

    stand.origin.other = answer
    assert (await stand.get(3))[0] == "edge; fwd=miss; stored=?0"

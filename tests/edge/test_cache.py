"""Fetching once for many: who may share a fetch that is under way, and what becomes of it when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from edge.dependencies import Dependencies
from edge.keys import Lookup, lookup
from edge.store import Stored
from edge.stream import EntryId
from tests.edge.stand import PLANS, PUBLIC, Stand, standing


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge before an origin."""
    async with standing(redis_url.replace("/0", "/5")) as stand:
        await stand.fresh()
        yield stand


def shelf() -> Lookup:
    """Return what is asked for."""
    wanted = lookup(f"/graphql/{PUBLIC}", {"variables": '{"first":1}'}, PLANS)
    assert wanted is not None
    return wanted


async def test_who_comes_when_a_fetch_has_just_ended_asks_anew(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a fetch that has ended but is not forgotten yet, and whose subject moved, then who comes asks the origin.

    To wait for what has ended is not to wait at all: the edge would ask itself for ever, and answer nobody.
    """
    questions: list[EntryId] = []
    ask = stand.edge.coherence.unmoved

    def unmoved(dependencies: Dependencies, as_of: EntryId) -> bool:
        questions.append(as_of)
        assert len(questions) < 10, "asked without end"
        return ask(dependencies, as_of)

    ended: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
    old = await stand.edge.fetch(shelf())
    ended.set_result(old)
    stand.origin.body = {"data": "new"}
    stand.origin.as_of = await stand.publish("Shelf:1")
    monkeypatch.setattr(stand.edge.coherence, "unmoved", unmoved)
    stand.edge.fetches[shelf().key] = ended
    answer = await stand.edge.fetch(shelf())
    assert answer is not None
    assert answer.bodies["identity"] == b'{"data":"new"}'


async def test_a_fetch_that_ends_leaves_a_later_one_alone(stand: Stand) -> None:
    """Given a fetch in the place of one that ends, when that is forgotten, then others can still join the later one."""
    stand.origin.gate.clear()
    first = asyncio.ensure_future(stand.edge.fetch(shelf()))
    await stand.origin.waiting.wait()
    later: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
    stand.edge.fetches[shelf().key] = later
    stand.origin.gate.set()
    assert await first is not None
    assert stand.edge.fetches == {shelf().key: later}


async def test_the_origin_is_told_what_the_edge_has_applied(stand: Stand) -> None:
    """Given an edge that fetches, then it sends its position, so that an origin behind it reads no less."""
    await stand.get()
    assert stand.origin.requests[-1].headers["Edge-As-Of"] == str(stand.edge.coherence.position)

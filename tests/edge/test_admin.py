"""The pages of an edge's admin site, over real sockets: what it holds, and where it is in the stream."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isnan
from typing import Any

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from app.edge_pages import pages
from app.health import admin_application
from edge.admin import body_digest
from edge.lag import Lag, measure, watch
from edge.stream import START, Change, Entry, EntryId, append
from edge.tags import header
from tests.edge.stand import PUBLIC, Stand, served, standing, until


@dataclass
class Admin:
    """A stand, and its edge's admin site."""

    stand: Stand
    url: str

    async def page(self, path: str) -> tuple[int, Any]:
        """Ask for a page: (status, JSON)."""
        async with self.stand.session.get(self.url + path) as response:
            return response.status, await response.json()


@asynccontextmanager
async def administered(redis_url: str) -> AsyncIterator[Admin]:
    """Start a stand with an admin site."""
    async with standing(redis_url) as stand:
        app = admin_application({}, pages(lambda: stand.edge, stand.redis))
        async with served(app) as (port, _):
            yield Admin(stand, f"http://127.0.0.1:{port}")


@pytest.fixture
async def admin(redis_url: str) -> AsyncIterator[Admin]:
    """Give an admin site with a Redis database of its own."""
    async with administered(redis_url.replace("/0", "/6")) as admin:
        yield admin


async def test_answers_that_are_served_are_described(admin: Admin) -> None:
    """Given an answer in memory, then the sample and the page of its key say what it is and what it depends on."""
    stand = admin.stand
    stand.origin.headers = {"Edge-Ranges": ""}
    await stand.fresh()
    await stand.get(first=3)
    status, page = await admin.page("/answers")
    assert (status, page["vouches"]) == (200, True)
    (row,) = page["answers"]
    async with stand.session.get(stand.shelf(3)) as response:
        body = await response.read()
    assert {name: row[name] for name in ("id", "operation", "variables", "as_of", "digest", "ranges", "tags")} == {
        "id": PUBLIC,
        "operation": "Shelf",
        "variables": {"first": 3},
        "as_of": str(stand.origin.as_of),
        "digest": body_digest(body),
        "ranges": "",
        "tags": row["tags"],
    }
    assert set(row["tags"].split()) == set(header(stand.origin.tags).split())
    assert row["age"] + row["ttl"] == 300
    status, again = await admin.page(f"/answers/{row['key']}")
    assert (status, again.pop("age") + again.pop("ttl")) == (200, 300)
    assert again == {name: value for name, value in row.items() if name not in {"age", "ttl"}}


async def test_what_is_not_served_is_not_shown(admin: Admin) -> None:
    """Given an answer that was dropped, one that has aged, or an edge that vouches for nothing, then there is none."""
    stand = admin.stand
    await stand.fresh()
    await stand.get()
    _, page = await admin.page("/answers?most=50")
    path = f"/answers/{page['answers'][0]['key']}"
    await stand.publish("Shelf:1")
    assert (await admin.page(path))[0] == 404
    await stand.fresh()
    await stand.get()
    assert (await admin.page(path))[0] == 200
    age(stand, 301)
    assert (await admin.page(path))[0] == 404
    assert (await admin.page("/answers"))[1] == {"vouches": True, "answers": []}
    age(stand, -301)
    stand.edge.coherence.lost()
    assert (await admin.page(path))[0] == 404
    assert (await admin.page("/answers"))[1] == {"vouches": False, "answers": []}


def age(stand: Stand, seconds: float) -> None:
    """Make every answer in memory older."""
    for _, entry in stand.edge.store.items():  # noqa: PERF102 - no mapping, but pairs
        entry.stored_at -= seconds


@pytest.mark.parametrize("most", ["0", "51", "-1", "x", "1" * 5000])
async def test_a_sample_is_bounded(admin: Admin, most: str) -> None:
    """Given a number out of bounds, then the page says which there are."""
    status, page = await admin.page(f"/answers?most={most}")
    assert (status, page["error"].startswith("most: expected 1 to 50")) == (400, True)


async def test_statistics_and_metrics_tell_the_place_in_the_stream(admin: Admin) -> None:
    """Given an edge at the tail, then it says so, in seconds of MongoDB's clock too, and how many answers it holds."""
    stand = admin.stand
    await stand.fresh()
    await stand.get()
    _, page = await admin.page("/stats")
    stream = page["stream"]
    assert (stream["position"], stream["vouches"]) == (str(stand.tail), True)
    assert stream["position_seconds"] == stand.tail.time >> 32
    assert stream["lag"] == {"entries": 0, "seconds": 0}
    assert REGISTRY.get_sample_value("edge_store_entries") == 1
    assert REGISTRY.get_sample_value("edge_position_seconds") == stand.tail.time >> 32
    heard = REGISTRY.get_sample_value("edge_heard_seconds")
    assert heard is not None
    assert heard >= 0


async def test_the_lag_is_in_entries_and_seconds(redis_url: str) -> None:
    """Given a stream, then a position behind its tail is so many entries and seconds behind; unknown is None."""
    async with Redis.from_url(redis_url.replace("/0", "/6")) as redis:
        await redis.flushdb()
        assert await measure(redis, START) is None
        assert await measure(redis, None) is None
        times = [100 << 32, (100 << 32) + 1, 107 << 32]
        ids = [START, *(EntryId(time, 0) for time in times)]
        entries = [Entry(id_, before, "", (Change("a"),)) for before, id_ in itertools.pairwise(ids)]
        assert await append(redis, START, entries) is None
        assert [await measure(redis, id_) for id_ in ids[1:]] == [Lag(2, 7), Lag(1, 7), Lag(0, 0)]
        assert await measure(redis, EntryId(200 << 32, 0)) == Lag(0, 0)
    async with Redis.from_url("redis://127.0.0.1:9/0") as away:
        assert await measure(away, ids[1]) is None


async def test_the_lag_is_measured_at_intervals(redis_url: str) -> None:
    """Given an edge that is behind, then the gauges say by how much; where Redis is away they say that nobody knows."""
    at = EntryId(100 << 32, 0)
    async with Redis.from_url(redis_url.replace("/0", "/6")) as redis:
        await redis.flushdb()
        await append(redis, START, [Entry(at, START, "", ()), Entry(EntryId(103 << 32, 0), at, "", ())])
        async with watching(redis, at):
            await until(lambda: lag() == (1, 3))
    async with Redis.from_url("redis://127.0.0.1:9/0") as away, watching(away, at):
        await until(lambda: all(isnan(value) for value in lag()))


@asynccontextmanager
async def watching(redis: Redis, position: EntryId) -> AsyncIterator[None]:
    """Keep the gauges up to date until the end."""
    task = asyncio.create_task(watch(redis, lambda: position, 0.01))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def lag() -> tuple[float, float]:
    """Return what the gauges say: (entries, seconds)."""
    entries, seconds = (REGISTRY.get_sample_value(f"edge_lag_{name}") for name in ("entries", "seconds"))
    assert entries is not None
    assert seconds is not None
    return entries, seconds

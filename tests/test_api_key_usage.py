"""What API keys use, counted and told by day, each batch once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import orjson
from beanie import PydanticObjectId
from redis.asyncio import Redis

from edge.server import EDGE
from edge.usage import BATCHES, Row, Usage
from models.api_key import ApiKeyUsage
from schema import ids
from tests.partners import FEED, ana, stored, studio, until
from tests.platform import Platform, User
from workers.usage import UsageCounts

__all__ = ["ana", "studio"]  # fixtures


async def test_usage_is_counted_once_and_told_by_day(platform: Platform, ana: User, studio: str) -> None:
    """Given requests at the API and the edge, then their sum is there by day, and the day of use."""
    key, secret = await ana.api_key(studio)
    sizes = 0
    for base in (*[platform.api] * 3, *[platform.edge] * 4):
        async with platform.session.get(
            f"{base}/graphql/{FEED.id}?variables=%7B%22city%22%3A%22nowhere%22%7D",
            headers={"Authorization": f"Bearer {secret}"},
        ) as response:
            assert response.status == 200
            sizes += len(await response.read())
    edge = platform.processes["edge"].application
    assert edge is not None
    await edge[EDGE].usage.flush()
    flush = next(close for close in platform.processes["api"].close if getattr(close, "__name__", "") == "flush")
    await flush()
    query = """query ($id: ID!, $from: Date!, $to: Date!) { node(id: $id) { ... on ApiKey {
        lastUsed usage(from: $from, to: $to) { day requests cost bytes } } } }"""
    today = datetime.now(UTC).date()
    variables = {"id": key, "from": str(today - timedelta(days=1)), "to": str(today)}

    async def there() -> bool:
        return bool((await ana.ask(query, variables))["node"]["usage"])

    async def whole() -> bool:
        found = (await ana.ask(query, variables))["node"]
        return bool(sum(day["requests"] for day in found["usage"]) == 7)

    await until(there)
    await until(whole)
    found = (await ana.ask(query, variables))["node"]
    requests, cost, size = (sum(day[name] for day in found["usage"]) for name in ("requests", "cost", "bytes"))
    assert (requests, size) == (7, sizes)
    assert 7 <= cost < 7 * FEED.cost  # what was answered, not what might have been
    assert date.fromisoformat(found["lastUsed"][:10]) >= today - timedelta(days=1)
    status, body = await platform.post(query, {**variables, "from": "2020-01-01"}, ana.token)
    assert (status, body["errors"][0]["extensions"]["code"]) == (200, "INVALID_INPUT")


async def test_a_batch_that_comes_twice_is_counted_once(platform: Platform, ana: User, studio: str) -> None:
    """Given a batch that is appended again, by a process or read by two relays at once, then it is added once."""
    key, _ = await ana.api_key(studio)
    hex_ = str(ids.key(key, "ApiKey"))
    async with Redis.from_url(platform.settings.redis_url or "") as redis:
        counts = UsageCounts(platform.database, redis)
        id_, rows = PydanticObjectId(), [Row(hex_, 20_000, 5, 50, 500), Row("0" * 24, 20_000, 1, 1, 1)]
        added = await asyncio.gather(*(counts.add(id_, rows) for _ in range(4)))
        assert added.count(True) == 1
        await redis.xadd(BATCHES, {"id": str(id_), "rows": orjson.dumps([[*row] for row in rows])})
        await redis.xadd(BATCHES, {"id": "nonsense", "rows": b"["})
        while await counts.move():
            pass
        assert await redis.xlen(BATCHES) == 0
    usage = platform.database.handle[ApiKeyUsage.stored_in()]
    found = await usage.find({"key": PydanticObjectId(hex_)}).to_list()
    assert [(row["requests"], row["cost"], row["bytes"]) for row in found] == [(5, 50, 500)]
    assert await usage.count_documents({"key": PydanticObjectId("0" * 24)}) == 0
    assert (await stored(platform, key))["last_used"] == datetime.fromtimestamp(20_000 * 86_400, UTC)


async def test_what_could_not_be_handed_on_is_handed_on_later_under_the_same_id() -> None:
    """Given no Redis, then nothing is lost meanwhile, and the same batch comes under its own id."""
    async with Redis.from_url("redis://127.0.0.1:1/0") as nowhere:
        usage = Usage(nowhere, lambda: 86_400.0 * 3)
        usage.count("k", 5, 7)
        await usage.flush()
        batches = dict(usage._batches)  # noqa: SLF001 - what is kept
        usage.count("k", 5, 7)
        await usage.flush()
        assert usage._batches == batches  # noqa: SLF001 - likewise
        assert [orjson.loads(batch) for batch in batches.values()] == [[["k", 3, 1, 5, 7]]]
        assert usage._counted == {("k", 3): [1, 5, 7]}  # noqa: SLF001 - likewise

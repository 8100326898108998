"""Slices of budgets: never more than the budget over all who spend, no round trip for each, open without Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis

from edge.leases import Leases, Verdict, rate_headers, redis_key
from storage.redis_client import connect

AMOUNT = 100


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of Redis."""
    async with connect(redis_url) as client:
        yield client


@pytest.fixture
def subject() -> str:
    """Give somebody who has spent nothing."""
    return f"key:{uuid4().hex}"


async def spent(leases: Leases, subject: str, cost: int = 1) -> bool:
    """Spend, whatever it takes."""
    return (await leases.obtain(subject, AMOUNT, cost)).allowed


async def commands(redis: Redis) -> int:
    """Return how many scripts Redis has run."""
    stats = await redis.info("commandstats")
    return int(stats.get("cmdstat_eval", {}).get("calls", 0))


async def test_three_processes_at_once_never_spend_more(redis: Redis, subject: str) -> None:
    """Given three processes, when 200 requests come at once, then what is allowed is within the budget, and most of it.

    What they hold unspent then is at most a slice and a half of each.
    """
    three = [Leases(redis) for _ in range(3)]
    found = await asyncio.gather(*(spent(three[n % 3], subject) for n in range(200)))
    assert AMOUNT - 3 * 8 <= sum(found) <= AMOUNT
    used = await redis.get(redis_key(subject, AMOUNT))
    assert int(used or 0) <= AMOUNT


async def test_the_library_counts_the_same(redis: Redis, redis_url: str, subject: str) -> None:
    """Given what the `limits` library has counted, then a process gets what is left, and the library nothing more."""
    pool: Any = {"connection_pool": redis.connection_pool}  # an option that the library's types forget
    library = FixedWindowRateLimiter(RedisStorage(f"async+{redis_url}", implementation="redispy", **pool))
    item = RateLimitItemPerMinute(AMOUNT, namespace="budget")
    assert await library.hit(item, subject, cost=AMOUNT - 7)
    leases = Leases(redis)
    assert [await spent(leases, subject) for _ in range(10)] == [True] * 7 + [False] * 3
    assert not await library.hit(item, subject)


async def test_a_slice_is_spent_without_asking(redis: Redis, subject: str) -> None:
    """Given a slice of 5, then it takes one round trip ahead of need for about as many requests, not one for each."""
    leases = Leases(redis)
    before = await commands(redis)
    for _ in range(40):
        assert await spent(leases, subject)
    await leases.close()
    assert await commands(redis) - before <= 40 / 5 + 2


async def test_what_is_spent_is_refused_without_asking(redis: Redis, subject: str) -> None:
    """Given a budget that is spent, when an attacker goes on, then they are refused from memory."""
    clock = Clock()
    leases = Leases(redis, clock)
    while await spent(leases, subject):
        pass
    before = await commands(redis)
    verdict = leases.spend(subject, AMOUNT, 1, clock())
    assert verdict is not None
    assert not verdict.allowed
    assert (verdict.remaining, verdict.limit) == (0, AMOUNT)
    assert 55 < verdict.reset <= 60
    assert not any([await spent(leases, subject) for _ in range(100)])
    assert await commands(redis) == before
    clock.now += 2
    assert leases.spend(subject, AMOUNT, 1, clock()) is None  # somebody may have given something back


async def test_a_window_that_ends_takes_its_slices_along(redis: Redis, subject: str) -> None:
    """Given a slice of a window that is over, then it is spent no more: the next one is counted anew."""
    clock = Clock()
    leases = Leases(redis, clock)
    assert await spent(leases, subject)
    clock.now += 61
    assert leases.spend(subject, AMOUNT, 1, clock()) is None
    await redis.delete(redis_key(subject, AMOUNT))  # as its expiry does
    assert sum([await spent(leases, subject) for _ in range(AMOUNT + 50)]) == AMOUNT


async def test_a_cost_above_a_slice_and_above_the_budget(redis: Redis, subject: str) -> None:
    """Given a request that costs several slices, then it is paid whole; one above the whole budget never is."""
    leases = Leases(redis)
    assert await spent(leases, subject, 60)
    assert not await spent(leases, subject, 60)
    assert await spent(leases, subject, 40)
    other = f"{subject}0"
    assert not await spent(leases, other, AMOUNT + 1)


async def test_a_budget_that_changes_counts_anew(redis: Redis, subject: str) -> None:
    """Given another plan, then what was leased under the old one is not spent under it."""
    leases = Leases(redis)
    assert await spent(leases, subject)
    assert leases.spend(subject, 2 * AMOUNT, 1, 0) is None
    assert (await leases.obtain(subject, 2 * AMOUNT, 1)).limit == 2 * AMOUNT


async def test_what_was_spent_for_nothing_comes_back(redis: Redis, subject: str) -> None:
    """Given a request that failed, when its cost is given back, then it can be spent."""
    leases = Leases(redis, clock := Clock())
    assert await spent(leases, subject, AMOUNT)
    leases.give_back(subject, AMOUNT, clock())
    assert await spent(leases, subject, AMOUNT)
    assert not await spent(leases, subject, 1)
    clock.now += 61
    leases.give_back(subject, AMOUNT, clock())
    assert leases.spend(subject, AMOUNT, 1, clock()) is None


async def test_made_up_subjects_do_not_fill_memory(redis: Redis) -> None:
    """Given thousands of addresses, then what is held is bounded, and whoever went is counted on in Redis."""
    leases = Leases(redis, capacity=20_000)
    names = [f"address:{uuid4().hex}" for _ in range(200)]
    for name in names:
        assert await spent(leases, name)
    assert len(leases._held) < 50  # noqa: SLF001 - what is bounded
    used = await redis.get(redis_key(names[0], AMOUNT))
    assert used == b"5"


async def test_without_redis_reads_are_open_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """Given no Redis, then everything is allowed, without waiting for it each time, and one line says so."""
    clock = Clock()
    async with connect("redis://127.0.0.1:1/0", socket_connect_timeout=1) as nowhere:
        leases = Leases(nowhere, clock)
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                assert all(await asyncio.gather(*(spent(leases, f"key:{n}", AMOUNT) for n in range(50))))
                clock.now += 6
        assert len([line for line in caplog.messages if "does not count budgets" in line]) == 1


@given(st.integers(1, 10**7), st.integers(-5, 10**7), st.floats(-5, 60), st.booleans())
def test_headers_say_when_to_come_again(limit: int, remaining: int, reset: float, allowed: bool) -> None:  # noqa: FBT001
    """Given any verdict, then its headers are the draft's, and only who is refused is told when to come again."""
    headers = rate_headers(Verdict(allowed, limit, remaining, reset))
    assert headers["RateLimit-Policy"] == f'"minute";q={limit};w=60'
    assert ("Retry-After" in headers) is not allowed
    assert int(headers.get("Retry-After", "1")) >= 1
    assert ";r=-" not in headers["RateLimit"]
    assert allowed or ";r=0;" in headers["RateLimit"]

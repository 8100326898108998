"""Counting attempts in Redis: exactly, before they are made, and not at all while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from app.embedded.ports import free_port
from storage.attempts import AttemptsUnavailableError, Limit, RedisAttempts
from storage.redis_client import connect

FIVE = Limit("five", a_minute=5, an_hour=7)
THREE = Limit("three", an_hour=3)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client."""
    async with connect(redis_url) as client:
        yield client


async def test_parallel_attempts_do_not_race(redis: Redis) -> None:
    """Of fifty at once over three processes, five are admitted, and the others hear when to come again."""
    processes, bucket = [RedisAttempts(redis) for _ in range(3)], FIVE.of(uuid4())
    waits = await asyncio.gather(*(processes[number % 3].take(bucket) for number in range(50)))
    assert waits.count(0.0) == 5
    assert all(1 <= wait <= 60 for wait in waits if wait)


async def test_each_window_bounds(redis: Redis) -> None:
    """Given a minute that has passed, the hour's bound still holds."""
    attempts, bucket = RedisAttempts(redis), FIVE.of(uuid4())
    for _ in range(5):
        assert await attempts.take(bucket) == 0
    assert await attempts.take(bucket) > 0
    (minute,) = [key async for key in redis.scan_iter(f"*{bucket.key}/5/*")]
    await redis.delete(minute)
    assert [await attempts.take(bucket) == 0 for _ in range(3)] == [True, True, False]
    assert await attempts.take(bucket) > 60


async def test_what_one_bucket_refuses_is_not_counted_in_the_next(redis: Redis) -> None:
    """So that nobody fills a victim's bucket with what is refused."""
    attempts, small, large = RedisAttempts(redis), THREE.of(uuid4()), FIVE.of(uuid4())
    for _ in range(20):
        await attempts.take(small, large)
    assert [await attempts.take(large) == 0 for _ in range(3)] == [True, True, False]


async def test_subjects_are_apart_and_not_readable(redis: Redis) -> None:
    """Neither do parts of a subject run together, nor does Redis hold any."""
    email = f"{uuid4().hex}@example.com"
    assert FIVE.of("ab", "c") != FIVE.of("a", "bc")
    assert FIVE.of("a") != THREE.of("a")
    await RedisAttempts(redis).take(FIVE.of(email))
    assert [key async for key in redis.scan_iter(f"*{email}*")] == []


async def test_what_is_forgiven_does_not_count(redis: Redis) -> None:
    """In every window."""
    attempts, bucket = RedisAttempts(redis), FIVE.of(uuid4())
    for _ in range(6):
        await attempts.take(bucket)
    await attempts.forgive(bucket)
    assert [await attempts.take(bucket) for _ in range(5)] == [0, 0, 0, 0, 0]


async def test_a_turn_comes_once_after_its_delay(redis: Redis) -> None:
    """Asking early does not put it off, and of parallel attempts one takes it."""
    time = 1000.0
    attempts, bucket = RedisAttempts(redis, lambda: time), THREE.of(uuid4())
    assert await attempts.turn(bucket, 60) == 60
    time += 20.5
    assert await attempts.turn(bucket, 60) == 39.5
    time += 39.5
    waits = await asyncio.gather(*(attempts.turn(bucket, 60) for _ in range(9)))
    assert sorted(waits) == [0, *[60] * 8]


async def test_nothing_is_admitted_while_redis_is_away(caplog: pytest.LogCaptureFixture, redis_url: str) -> None:
    """Every method says so, and the log does, once."""
    attempts, bucket = RedisAttempts(connect(f"redis://127.0.0.1:{free_port()}")), FIVE.of(uuid4())
    for asked in (attempts.take(bucket), attempts.turn(bucket, 1), attempts.forgive(bucket)):
        with pytest.raises(AttemptsUnavailableError):
            await asked
    assert caplog.text.count("cannot be counted") == 1

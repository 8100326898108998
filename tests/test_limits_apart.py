"""Budgets over several processes, and while Redis is gone."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from auth.budgets import ADDRESS_A_MINUTE, address_payer
from edge.leases import redis_key
from tests.app.processes import environment
from tests.app.processes import running as program
from tests.limits import Limited, limited, new_address
from tests.platform import Platform

SIGN_OUT = 'mutation { signOut(refreshToken: "x") { ok } }'
WRONG = '{ gallery(first: 100, after: "x") { edges { node { title } } } }'  # nothing is given back of it
RIGHT = "{ gallery(first: 100) { edges { node { title } } } }"
COST = 301
AT_ONCE = 200


@pytest.fixture(scope="module")
async def apis(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[str]]:
    """Start three processes of the API on the platform's services."""
    settings = platform.settings
    services = {"MONGODB_URL": settings.mongodb_url or "", "REDIS_URL": settings.redis_url or ""}
    async with AsyncExitStack() as stack:
        urls = []
        for number in range(3):
            folder = tmp_path_factory.mktemp(f"api{number}")
            environ = environment(folder, **services, MONGODB_DATABASE=settings.mongodb_database)
            process = await stack.enter_async_context(program(environ, "-m", "app", "api"))
            await process.until("is up")
            await stack.enter_async_context(process.heard())
            urls.append(f"http://127.0.0.1:{environ['API_PORT']}/graphql")
        yield urls


async def at_once(urls: list[str], query: str, address: str) -> list[tuple[int, Any]]:
    """Send 200 requests of one client at the same time, to all in turn: (status, body) of each."""

    async def ask(url: str) -> tuple[int, Any]:
        async with session.post(url, json={"query": query}, headers={"X-Forwarded-For": address}) as response:
            return response.status, await response.json()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return await asyncio.gather(*(ask(urls[number % len(urls)]) for number in range(AT_ONCE)))


async def left_for(platform: Platform, address: str, left: int) -> None:
    """Have so little left for an address."""
    await Limited(platform).leave_at(address, left)


@pytest.mark.parametrize("left", [45_000, 3_000, 0])
async def test_200_requests_at_once_over_three_processes_never_exceed_a_budget(
    platform: Platform, apis: list[str], left: int
) -> None:
    """Given less than they cost, then what is answered costs no more, all else is refused, and most of it is used."""
    address = new_address()
    await left_for(platform, address, left)
    answers = await at_once(apis, WRONG, address)
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) <= {200, 429}
    assert statuses[200] * COST <= left
    assert statuses[200] * COST >= left // 2
    codes = {body["errors"][0]["extensions"]["code"] for _, body in answers}
    assert codes <= {"RATE_LIMITED", "INVALID_INPUT"}
    async with Redis.from_url(platform.settings.redis_url or "") as redis:
        assert int(await redis.get(redis_key(*address_payer(address))) or 0) <= ADDRESS_A_MINUTE


async def test_refunds_at_once_over_three_processes_never_exceed_a_budget(platform: Platform, apis: list[str]) -> None:
    """Given answers that cost less than was charged for them, then all that are given cost no more than there was."""
    address, left = new_address(), 20 * COST
    await left_for(platform, address, left)
    answers = await at_once(apis, RIGHT, address)
    given = [body for status, body in answers if status == 200]
    assert len(given) >= 20
    assert sum(str(body).count("': ") - 1 for body in given) <= left


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    """Start a Redis that may be killed."""
    async with EmbeddedRedis(tmp_path, free_port()) as running:
        yield running


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged of budgets."""
    return [record.getMessage() for record in caplog.records if record.name == "edge.leases"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_without_redis_requests_are_answered_and_the_log_says_so_once(
    platform: Platform, redis: EmbeddedRedis, caplog: pytest.LogCaptureFixture, how: signal.Signals
) -> None:
    """Given a Redis that dies or hangs, then limits fail open, one outage is one line, and it is kept again after."""
    caplog.set_level(logging.WARNING)
    async with limited(platform, redis_url=redis.url) as api:
        known = new_address()
        assert (await api.client(address=known).ask(SIGN_OUT)).cost["remaining"] == ADDRESS_A_MINUTE - 2
        assert redis.pid is not None
        os.kill(redis.pid, how)
        for _ in range(3):
            answers = await asyncio.gather(*(api.client().ask(SIGN_OUT) for _ in range(20)))
            assert {answer.status for answer in answers} == {200}
        (first,) = said(caplog)
        assert "reads are answered without" in first
        if how is signal.SIGSTOP:
            os.kill(redis.pid, signal.SIGCONT)
        else:
            await redis.stop()
            await redis.start()
        spent = new_address()
        async with asyncio.timeout(20):
            while len(said(caplog)) < 2:
                await api.client(address=known).ask(SIGN_OUT)
                await api.client().ask(SIGN_OUT)
        await api.leave_at(spent, 0)
        assert (await api.client(address=spent).ask(SIGN_OUT)).status == 429
        assert len(said(caplog)) == 2

"""What an API of its own says and does while MongoDB or Redis is gone, and when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pymongo import AsyncMongoClient

from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.embedded.ports import free_port
from tests.accounts import PASSWORD, opened
from tests.app.processes import environment
from tests.app.processes import running as program
from tests.test_http import HELLO, Answer

SIGN_IN = 'mutation { signIn(input: {email: "%s", password: "%s"}) { ... on SignedIn { accessToken } } }'


@dataclass
class Alone:
    """An API in a process of its own, on services of its own."""

    url: str
    session: aiohttp.ClientSession
    mongodb: EmbeddedMongoDB
    redis: EmbeddedRedis
    token: str = ""

    async def ask(self, query: str, token: str | None = None) -> Answer:
        """Ask with POST."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.post(f"{self.url}/graphql", json={"query": query}, headers=headers) as response:
            return Answer(response.status, response.headers, await response.json())

    async def health(self, which: str) -> tuple[int, str]:
        """Ask whether it lives, or is ready."""
        async with self.session.get(f"{self.url}/health/{which}") as response:
            return response.status, await response.text()

    async def until(self, answered: Callable[[int, str], bool]) -> str:
        """Wait until its readiness is as wanted."""
        async with asyncio.timeout(20):
            while True:
                try:
                    status, text = await self.health("ready")
                except aiohttp.ClientConnectionError:
                    status, text = 0, ""
                if answered(status, text):
                    return text
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Alone]:
    """Start MongoDB, Redis and `python -m app api`."""
    folder: Path = tmp_path_factory.mktemp("alone")
    async with (
        EmbeddedMongoDB(folder, free_port(), durable=False) as mongodb,
        EmbeddedRedis(folder, free_port()) as redis,
        aiohttp.ClientSession() as session,
    ):
        environ = environment(
            folder,
            MONGODB_URL=mongodb.url,
            REDIS_URL=redis.url,
            SECRET_KEY="a secret that is long enough for a test",
        )
        async with program(environ, "-m", "app", "api"):
            started = Alone(f"http://127.0.0.1:{environ['API_PORT']}", session, mongodb, redis)
            await started.until(lambda status, _: status == 200)
            async with AsyncMongoClient[dict[str, Any]](mongodb.url) as client:
                email = await opened(client["disenopro"])
            signed = await started.ask(SIGN_IN % (email, PASSWORD))
            started.token = signed.body["data"]["signIn"]["accessToken"]
            yield started


async def test_a_database_that_goes_and_comes_back(alone: Alone) -> None:
    """503 in words that name it, for whoever asks whatever; the process lives, and recovers by itself."""
    queries = (
        ("{ gallery { totalCount } }", None),
        (HELLO, alone.token),
        ('mutation { signIn(input: {email: "a@example.com", password: "x"}) { __typename } }', None),
    )
    for query, token in queries:
        assert (await alone.ask(query, token)).status == 200
    await alone.mongodb.stop()
    for answer in await asyncio.gather(*(alone.ask(query, token) for query, token in queries)):
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "UNAVAILABLE", "2")
        assert "database does not answer" in answer.error["message"]
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert (await alone.health("live"))[0] == 200
    assert "mongodb" in await alone.until(lambda status, _: status == 503)
    await alone.mongodb.start()
    await alone.until(lambda status, _: status == 200)
    for query, token in queries:
        assert (await alone.ask(query, token)).status == 200


async def test_a_redis_that_goes_and_comes_back(alone: Alone) -> None:
    """Answers go on, and none may be kept by a cache; readiness names it; it recovers by itself."""
    await alone.redis.stop()
    assert "redis" in await alone.until(lambda status, _: status == 503)
    public = await alone.ask("{ gallery { totalCount } }")
    assert (public.status, public.body) == (200, {"data": {"gallery": {"totalCount": 0}}})
    assert "Surrogate-Key" not in public.headers
    assert (await alone.ask(HELLO, alone.token)).status == 200
    assert (await alone.health("live"))[0] == 200
    await alone.redis.start()
    await alone.until(lambda status, _: status == 200)

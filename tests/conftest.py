"""The services every test may use: a real MongoDB and a real Redis, started once for the whole run.

Nothing is read from the environment: a `MONGODB_URL` of the developer's own is never written to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.embedded.ports import free_port
from app.interpreter import mend
from app.settings import Settings
from tests.platform import Platform, start
from tests.web.node import NodeClients, install

mend()


@pytest.fixture(scope="session")
async def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Address of a replica set of one that lives as long as the run; take a database of your own in it."""
    async with EmbeddedMongoDB(tmp_path_factory.mktemp("mongodb"), free_port(), durable=False) as mongodb:
        yield mongodb.url


@pytest.fixture(scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Address of a Redis that lives as long as the run; take a key prefix or a database number of your own in it."""
    async with EmbeddedRedis(tmp_path_factory.mktemp("redis"), free_port()) as redis:
        yield redis.url


@pytest.fixture(scope="session")
async def platform(
    mongodb_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Platform]:
    """Give a running platform, shared by the whole run: found organizations of your own in it."""
    settings = Settings(
        mongodb_url=mongodb_url,
        mongodb_database="platform",
        redis_url=redis_url,
        data_dir=tmp_path_factory.mktemp("data"),
        apq=True,
        rate_limits=False,  # all tests call from one address; those of budgets have them counted
    )
    async with start(settings) as running:
        yield running


@pytest.fixture(scope="session")
def api_url(platform: Platform) -> str:
    """Give the base URL of the running API."""
    return platform.api


@pytest.fixture(scope="session")
def node_clients() -> NodeClients:
    """Give the reference clients of GraphQL over HTTP, WebSocket and SSE; they need Node."""
    return install()

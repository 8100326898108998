"""What relays are tested on: a database and a Redis database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from models.database import PULSES, Database
from models.register import DOCUMENTS

Row = dict[str, Any]


@pytest.fixture(scope="session")
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    """Give a database with the documents' collections; Beanie, which knows one database at a time, is left alone."""
    client: AsyncMongoClient[Row] = AsyncMongoClient(mongodb_url, tz_aware=True)
    database = Database(client, "relay_tests")
    for document in DOCUMENTS:
        images = {"enabled": document.images}
        await database.handle.create_collection(document.stored_in(), changeStreamPreAndPostImages=images)
    await database.handle.create_collection(PULSES)
    yield database
    await client.drop_database("relay_tests")
    await client.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty Redis database."""
    async with Redis.from_url(redis_url.replace("/0", "/6"), socket_timeout=5) as redis:
        await redis.flushdb()
        yield redis

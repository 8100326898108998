"""A database of one test's own, for keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from models.database import Database


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    """Give an empty database, to which no documents are bound."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as client:
        name = f"auth_{uuid4().hex}"
        yield Database(client, name)
        await client.drop_database(name)

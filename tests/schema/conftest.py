"""A database of its own for each test of what reads, whose commands are heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from models.database import Database
from tests.test_commands import Commands


@pytest.fixture
def commands() -> Commands:
    """Give a listener that has heard nothing."""
    return Commands()


@pytest.fixture
async def empty(mongodb_url: str, commands: Commands) -> AsyncIterator[Database]:
    """Give an empty database, which ends with the test."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True, event_listeners=[commands]) as client:
        database = Database(client, "schema_tests")
        yield database
        await client.drop_database("schema_tests")

"""Indexes that are built afterwards: gone meanwhile, the same again at the end, whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import GEOSPHERE, AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from rich.progress import Progress

from app.seed.indexes import built_afterwards
from models.database import Row
from models.project import Project


@pytest.fixture
async def projects(mongodb_url: str) -> AsyncIterator[AsyncCollection[Row]]:
    """Give an empty collection with the indexes of projects."""
    async with AsyncMongoClient[Row](mongodb_url) as client:
        database = client["seed_index_tests"]
        projects = database[Project.stored_in()]
        await projects.create_indexes(
            [
                *(index for collection in Project.collections for index in collection.indexes()),
                IndexModel([("location", GEOSPHERE)]),
                IndexModel("slug", unique=True),
            ]
        )
        yield projects
        await client.drop_database(database)


async def indexes(projects: AsyncCollection[Row]) -> dict[str, Any]:
    """Return what indexes there are, by name."""
    return {index["name"]: dict(index) async for index in await projects.list_indexes()}


async def test_indexes_come_back_as_they_were(projects: AsyncCollection[Row]) -> None:
    """Given indexes, then in the block those alone are there that keep values unique, and behind it all are again."""
    before = await indexes(projects)
    async with built_afterwards(projects, Progress(disable=True)):
        assert (await indexes(projects)).keys() == {"_id_", "slug_1"}
        await projects.insert_one({"slug": "a", "location": {"type": "Point", "coordinates": [1.0, 2.0]}})
    assert len(before) > 20
    assert await indexes(projects) == before


async def test_indexes_come_back_after_a_failure(projects: AsyncCollection[Row]) -> None:
    """Given a failure in the block, then it is passed on, and the indexes are there again."""
    before = await indexes(projects)
    with pytest.raises(ZeroDivisionError):
        async with built_afterwards(projects, Progress(disable=True)):
            raise ZeroDivisionError
    assert await indexes(projects) == before


async def test_a_collection_without_indexes_is_left_alone(projects: AsyncCollection[Row]) -> None:
    """Given none that could be built afterwards, then nothing happens."""
    await projects.drop_indexes()
    async with built_afterwards(projects, Progress(disable=True)):
        pass
    assert (await indexes(projects)).keys() == {"_id_"}

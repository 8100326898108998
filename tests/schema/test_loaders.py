"""Loaders: who waits for what."""

from __future__ import annotations

import asyncio
from typing import Any

from bson import ObjectId

from models.database import Database
from models.user import User
from schema.dependencies import Dependencies
from schema.loaders import EntityById
from schema.reader import Reader
from tests.test_commands import Commands


async def test_who_is_cancelled_takes_nothing_from_others(empty: Database, commands: Commands) -> None:
    """Given fields that wait for one entity, when one is cancelled, then the others, and the batch, are answered.

    graphql-core cancels a field where one beside it fails; the request would end without an answer.
    """
    loader, wanted, other = EntityById(Reader(empty), Dependencies(), User), ObjectId(), ObjectId()

    async def field(id_: ObjectId) -> Any:
        return await loader.load(id_)

    cancelled, *stay = (asyncio.create_task(field(id_)) for id_ in (wanted, wanted, other))
    await asyncio.sleep(0)
    cancelled.cancel()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*stay) == [None, None]
    assert cancelled.cancelled()
    assert [command["name"] for command in commands.sent] == ["find"]

"""Snapshots of likes: counters that move all the time are shown as they were a few seconds ago.

A like is one small write that invalidates nothing; the count that everybody sees is written at intervals.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models.database import Database, cancelled
from models.design import Design, Like

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 3.0


class LikeCounts:
    """Brings `Design.like_count` up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Write snapshots until cancelled."""
        while not cancelled():
            try:
                await self.renew()
            except PyMongoError as error:
                log.warning("Likes were not counted: %s", error)
            await asyncio.sleep(INTERVAL_SECONDS)

    async def renew(self) -> int:
        """Count the likes of every design that has a new one; return how many designs that were."""
        designs = await Like.get_pymongo_collection().distinct("design", {"pending": True})
        for design in designs:
            await self._renew(design)
        return len(designs)

    async def _renew(self, design: PydanticObjectId) -> None:
        async def count(session: Any) -> None:
            likes = Like.find({"design": design, "active": True}, session=session)
            await Design.find({"_id": design}, session=session).update(
                {"$set": {"like_count": await likes.count()}}, session=session
            )
            await Like.find({"design": design, "pending": True}, session=session).update(
                {"$set": {"pending": False}}, session=session
            )

        await self._database.transaction(count)

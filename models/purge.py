"""Purges by hand: written to the database, so that they travel in the one ordered stream like every change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bson import Timestamp
from pymongo import IndexModel

from models.database import Database

PURGES = "purges"
"""The collection whose insertions are purges; each goes by itself after a day."""

INDEXES = (IndexModel([("at", 1)], expireAfterSeconds=86_400),)


async def purge(database: Database, tags: Sequence[str]) -> Timestamp:
    """Ask for everything that depends on these tags to be dropped; return MongoDB's time of it."""
    async with database.client.start_session() as session:
        await database.handle[PURGES].insert_one({"tags": list(tags), "at": datetime.now(UTC)}, session=session)
        if session.operation_time is None:
            raise RuntimeError("MongoDB answered without a time: DiseñoPro needs a replica set.")
        return session.operation_time

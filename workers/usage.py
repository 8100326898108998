"""Moving what API keys used from Redis to MongoDB, each batch once.

Edges and the API append batches to a stream (`edge.usage`), each under an id of its own. A batch is added in one
transaction with a document of that id; so one that comes twice, because its acknowledgement was lost or two relays read
it, is added once. It is deleted from Redis after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from beanie import PydanticObjectId
from bson.errors import InvalidId
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError, PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge.usage import BATCHES, DAY_SECONDS, Row, rows_of
from models.api_key import ApiKey, ApiKeyUsage, UsageFlush
from models.database import Database, cancelled
from models.entity import now

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
_AT_ONCE = 100


class UsageCounts:
    """Brings `ApiKeyUsage` up to date."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis

    async def run(self) -> None:
        """Move batches until cancelled."""
        while not cancelled():
            try:
                while await self.move() == _AT_ONCE:
                    pass
            except (PyMongoError, RedisError, OSError) as error:
                log.warning("What API keys used was not counted: %s", error)
            await asyncio.sleep(INTERVAL_SECONDS)

    async def move(self) -> int:
        """Move the batches that are there, a hundred at most; return how many that were."""
        found: Any = await self._redis.xrange(BATCHES, count=_AT_ONCE)  # typed for all protocols at once
        for entry, fields in found:
            try:
                id_, rows = PydanticObjectId(fields[b"id"].decode()), rows_of(fields[b"rows"])
            except (KeyError, ValueError, TypeError, InvalidId) as error:
                log.error("A batch of usage cannot be read, and is dropped: %s", error)  # noqa: TRY400 - told in full
            else:
                await self.add(id_, rows)
            await self._redis.xdel(BATCHES, entry)
        return len(found)

    async def add(self, id_: PydanticObjectId, rows: Sequence[Row]) -> bool:
        """Add a batch, unless it was added before: whether it was added now."""

        async def write(session: Any) -> None:
            handle = self._database.handle
            await handle[UsageFlush.stored_in()].insert_one({"_id": id_, "created_at": now()}, session=session)
            keys = [key for key in {row.key for row in rows} if PydanticObjectId.is_valid(key)]
            wanted = {"_id": {"$in": [*map(PydanticObjectId, keys)]}}
            found = handle[ApiKey.stored_in()].find(wanted, {"organization": 1}, session=session)
            organizations = {str(key["_id"]): key["organization"] async for key in found}
            known = [row for row in rows if row.key in organizations]  # a script may have deleted one
            if known:
                updates = [_counted(row, organizations[row.key]) for row in known]
                await handle[ApiKeyUsage.stored_in()].bulk_write(updates, session=session)
                await handle[ApiKey.stored_in()].bulk_write([*map(_used, known)], session=session)

        try:
            await self._database.transaction(write)
        except DuplicateKeyError:
            return False
        return True


def _counted(row: Row, organization: PydanticObjectId) -> UpdateOne:
    return UpdateOne(
        {"key": PydanticObjectId(row.key), "day": _day(row)},
        {
            "$inc": {"requests": row.requests, "cost": row.cost, "bytes": row.size},
            "$setOnInsert": {"organization": organization, "created_at": now()},
        },
        upsert=True,
    )


def _used(row: Row) -> UpdateOne:
    """Note on which day a key was used; on the same day again this writes nothing."""
    return UpdateOne({"_id": PydanticObjectId(row.key)}, {"$max": {"last_used": _day(row)}})


def _day(row: Row) -> datetime:
    return datetime.fromtimestamp(row.day * DAY_SECONDS, UTC)

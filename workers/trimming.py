"""Trimming logs of edits: batches are kept for some days, canvases for ever.

What goes is announced first, which MongoDB's own expiry (a TTL index) cannot do. One transaction saves the canvas as a
version and moves the design's `log_floor`, and from then on nobody is told a part of what lies before it. Deleting that
may end anywhere and be done by several relays: the oldest batches go first, a bounded number at once, and whoever comes
next goes on.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

import pydantic
from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from models import version as versions
from models.database import Database, cancelled
from models.design import Design
from models.element import DesignEdit, Element
from models.entity import now
from models.version import DesignVersion

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 3600.0
VERSION_NAME: Final = "Before its log was trimmed"

_BATCHES_AT_ONCE: Final = 500
_DESIGNS_AT_ONCE: Final = 100  # what a cursor gives before it is asked again, which it must be within ten minutes


class LogTrimming:
    """Deletes the batches that are older than `keep`."""

    def __init__(self, database: Database, keep: timedelta) -> None:
        self._database = database
        self._keep = keep
        self._edits = database.handle[DesignEdit.stored_in()]

    async def run(self) -> None:
        """Trim now and every hour, until cancelled."""
        while not cancelled():
            try:
                await self.trim(now())
            except PyMongoError as error:
                log.warning("Logs were not trimmed: %s", error)
            await asyncio.sleep(INTERVAL_SECONDS)

    async def trim(self, moment: datetime) -> int:
        """Trim every log as is due at a moment; return how many batches that were."""
        before = moment - self._keep
        designs: list[dict[str, Any]] = [{"$match": {"created_at": {"$lt": before}}}, {"$group": {"_id": "$design"}}]
        deleted = 0
        async for row in await self._edits.aggregate(designs, batchSize=_DESIGNS_AT_ONCE):
            try:
                deleted += await self._trim(row["_id"], before)
            except pydantic.ValidationError as error:  # somebody wrote it without the API
                log.warning("The log of design %s was not trimmed: %s", row["_id"], error)
        return deleted

    async def _trim(self, design: PydanticObjectId, before: datetime) -> int:
        """Trim one log; return how many batches that were."""
        deleted = 0
        while old := await self._oldest(design, before):
            floor = await self._raise_floor(design, old[-1])
            result = await self._edits.delete_many({"design": design, "seq": {"$lte": floor}})
            deleted += result.deleted_count
            if result.deleted_count < _BATCHES_AT_ONCE:
                break
        return deleted

    async def _oldest(self, design: PydanticObjectId, before: datetime) -> list[int]:
        """Return the numbers with which a log begins, up to the first batch that is kept; so many as go at once.

        Clocks of processes differ: a batch that is older than one before it waits for that. MongoDB compares, which it
        does whatever a script wrote there.
        """
        compared = {"seq": 1, "old": {"$lt": ["$created_at", before]}}
        rows = await self._edits.find({"design": design}, compared).sort("seq").limit(_BATCHES_AT_ONCE).to_list()
        return [row["seq"] for row in takewhile(lambda row: row["old"], rows)]

    async def _raise_floor(self, design: PydanticObjectId, last: int) -> int:
        """Have a log begin behind this number, and return up to where it can be deleted.

        Its canvas is saved, unless there is a version that shows all that goes; the log of a design that is gone needs
        neither.
        """

        async def work(session: AsyncClientSession) -> int:
            found = await Design.get(design, session=session)
            if found is None:
                return last
            floor = min(last, found.seq)
            if floor <= found.log_floor:
                return found.log_floor
            if await DesignVersion.find_one({"design": design, "seq": {"$gte": floor}}, session=session) is None:
                elements = await Element.living(design, session)
                await versions.save(found, VERSION_NAME, None, elements, session, automatic=True)
            await Design.get_pymongo_collection().update_one(
                {"_id": design}, {"$set": {"log_floor": floor}}, session=session
            )
            return floor

        return await self._database.transaction(work)

"""What the database itself says was written, so that the test knows when a write came between two answers."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pymongo import AsyncMongoClient

from edge.stream import START, EntryId
from models.database import PULSES, cluster_time

_MARKS = "marks"
_NEVER_SHOWN = [PULSES, "sessions", "credentials", "likes", "uploads"]
_SECONDS = 20


@dataclass
class Journal:
    """Follows the database's change stream, the test's own eye on it; the relay is not asked."""

    client: AsyncMongoClient[dict[str, Any]]
    database: str
    newest: EntryId = START
    """The moment of the newest write to anything that an answer may show."""
    seen: int = 0
    """How many such writes there were."""
    _marks: set[str] = field(default_factory=set)
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, opened: asyncio.Event) -> None:
        """Follow until cancelled."""
        shown = [{"$match": {"ns.coll": {"$nin": _NEVER_SHOWN}}}]
        with suppress(asyncio.CancelledError):
            async with await self.client[self.database].watch(shown) as events:
                opened.set()
                async for event in events:
                    async with self._heard:
                        if event["ns"]["coll"] == _MARKS:
                            self._marks.add(event["documentKey"]["_id"])
                        else:
                            self.newest = EntryId(cluster_time(event["clusterTime"]), 0)
                            self.seen += 1
                        self._heard.notify_all()

    async def upto_now(self) -> EntryId:
        """Return the moment of the newest write, when everything that was written before is known here."""
        mark = secrets.token_hex(8)
        await self.client[self.database][_MARKS].insert_one({"_id": mark})
        async with asyncio.timeout(_SECONDS), self._heard:
            await self._heard.wait_for(lambda: mark in self._marks)
        self._marks.discard(mark)
        return self.newest

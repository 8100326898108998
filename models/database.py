"""The connection to MongoDB: opening it, preparing collections, transactions, and the pulse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from beanie import init_beanie
from bson import Timestamp
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from models.recorded import check_unrecorded
from models.register import DOCUMENTS

Result = TypeVar("Result")
Row = dict[str, Any]

PULSES = "pulses"
"""The collection whose changes say that the change stream is alive; see `Database.pulse`."""


class Database:
    """An open connection; every write is acknowledged by a majority that has it in its journal.

    `recorded` is for the reader of loaders alone, which record what they read; `handle` for all others.
    """

    def __init__(self, client: AsyncMongoClient[Row], name: str) -> None:
        self.client = client
        self.recorded: AsyncDatabase[Row] = client.get_database(name, write_concern=WriteConcern("majority", j=True))

    @property
    def handle(self) -> AsyncDatabase[Row]:
        """Return the database; raises UnrecordedReadError where only what is recorded may be read."""
        check_unrecorded()
        return self.recorded

    @classmethod
    async def open(cls, url: str, name: str, *, patience: float | None = 10) -> Database:
        """Connect and bind the documents to the database; creates nothing.

        `patience` is how many seconds a command may take before the server counts as gone; None for ever (migrations).
        """
        client: AsyncMongoClient[Row] = AsyncMongoClient(
            url,
            tz_aware=True,
            serverSelectionTimeoutMS=3000,
            connectTimeoutMS=3000,
            socketTimeoutMS=None if patience is None else int(patience * 1000),
        )
        database = cls(client, name)
        await init_beanie(database=database.handle, document_models=[*DOCUMENTS], skip_indexes=True)
        return database

    async def prepare(self) -> None:
        """Create indexes, and have the change stream carry the states before and after. Safe to repeat."""
        await init_beanie(database=self.handle, document_models=[*DOCUMENTS])
        present = set(await self.handle.list_collection_names())
        for document in DOCUMENTS:
            name = document.stored_in()
            if name not in present:
                await self.handle.create_collection(name)
            if document.collections:
                indexes = [index for collection in document.collections for index in collection.indexes()]
                await self.handle[name].create_indexes(indexes)
            if document.images:
                await self.handle.command("collMod", name, changeStreamPreAndPostImages={"enabled": True})
        if PULSES not in present:
            await self.handle.create_collection(PULSES)

    async def without_images(self) -> list[str]:
        """Return the collections whose events should carry the states before and after, and do not."""
        wanted = {document.stored_in() for document in DOCUMENTS if document.images}
        found = await self.handle.list_collections(filter={"name": {"$in": sorted(wanted)}})
        return [
            collection["name"]
            async for collection in found
            if not collection["options"].get("changeStreamPreAndPostImages", {}).get("enabled")
        ]

    async def ping(self) -> None:
        """Ask for a sign of life; raises PyMongoError if none comes."""
        await self.client.admin.command("ping")

    async def transaction(self, work: Callable[[AsyncClientSession], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, again if it met another one; it must pass the session to all it does."""
        async with self.client.start_session() as session:
            return await self.transact(session, work)

    async def transact(
        self, session: AsyncClientSession, work: Callable[[AsyncClientSession], Awaitable[Result]]
    ) -> Result:
        """Do the same in a session of the caller's, which knows then when that was."""
        return await session.with_transaction(
            work, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        )

    async def pulse(self, name: str, until: int | None = None) -> Timestamp:
        """Write a pulse and return its cluster time, which is later than that of every write acknowledged before.

        `until` is until when its event counts as a sign of life; see `workers.relay`.
        """
        async with self.client.start_session() as session:
            await self.handle[PULSES].update_one(
                {"_id": name},
                {"$set": {"at": datetime.now(UTC), "until": until}, "$inc": {"count": 1}},
                upsert=True,
                session=session,
            )
            return operation_time(session)

    async def close(self) -> None:
        """Close every connection."""
        await self.client.close()


def operation_time(session: AsyncClientSession) -> Timestamp:
    """Return a time that is not before anything that a session has read or written."""
    if session.operation_time is None:
        raise RuntimeError("MongoDB answered without a time: DiseñoPro needs a replica set.")
    return session.operation_time


def cluster_time(moment: Timestamp) -> int:
    """Return MongoDB's clock as one unsigned 64-bit number."""
    return moment.time << 32 | moment.inc


@lru_cache(maxsize=64)
def timestamp(time: int) -> Timestamp:
    """Return the inverse of `cluster_time`."""
    return Timestamp(time >> 32, time & 0xFFFFFFFF)


def cancelled() -> bool:
    """Whether the running task was cancelled: loops over the driver ask, since it may swallow the cancellation.

    It waits with `asyncio.wait_for`, which before Python 3.12 returns a result that comes at the same moment.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

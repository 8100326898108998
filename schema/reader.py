"""Reading from MongoDB for loaders: one command a call, as of a moment where the answer may be cached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bson import Timestamp
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.read_concern import ReadConcern

from models.database import Database, Row
from models.entity import Entity

MOST_ROWS = 100_000
"""The bound of one batch; given as `batch_size`, because 102 rows otherwise cost a second command."""


class _SnapshotAfter(ReadConcern):
    """A snapshot that is not before a moment.

    The driver's own takes what the primary knows to be committed, and a new primary may know of less than `as_of`.
    """

    def __init__(self, moment: Timestamp) -> None:
        super().__init__("snapshot")
        self._moment = moment

    @property
    def document(self) -> dict[str, Any]:
        """Return the concern as the server reads it."""
        return {"level": "snapshot", "afterClusterTime": self._moment}


class Reader:
    """Reads for one request.

    With `as_of`, every read sees at least the writes up to that moment of MongoDB's clock, and none that may be rolled
    back (majority read concern).
    """

    def __init__(self, database: Database, as_of: Timestamp | None = None) -> None:
        self._database = database
        self._as_of = as_of

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncClientSession | None]:
        """Open a session advanced to `as_of`: one for each batch, since they are not for concurrent use."""
        if self._as_of is None:
            yield None
            return
        async with self._database.client.start_session(causal_consistency=True) as session:
            session.advance_operation_time(self._as_of)
            yield session

    async def find(
        self,
        document: type[Entity],
        query: dict[str, Any],
        *,
        sort: Sequence[tuple[str, int]] = (("_id", 1),),
        limit: int = 0,
    ) -> list[Row]:
        """Return stored documents, in one command."""
        collection = self._database.recorded.get_collection(document.stored_in(), read_concern=ReadConcern("majority"))
        async with self._session() as session:
            cursor = collection.find(
                query, sort=list(sort), limit=limit, batch_size=limit or MOST_ROWS, session=session
            )
            return await cursor.to_list(None)

    async def aggregate(self, document: type[Entity] | None, pipeline: list[dict[str, Any]]) -> list[Row]:
        """Return an aggregation's rows, in one command; with no document, of the database (`$documents`)."""
        handle = self._database.recorded.with_options(read_concern=ReadConcern("majority"))
        target = handle if document is None else handle[document.stored_in()]
        async with self._session() as session:
            cursor = await target.aggregate(pipeline, batchSize=MOST_ROWS, session=session)
            return await cursor.to_list(None)

    async def snapshot(self, *reads: tuple[type[Entity], dict[str, Any], Sequence[tuple[str, int]]]) -> list[list[Row]]:
        """Run several finds (document, query, sort) that all see one moment; the first decides which."""
        results: list[list[Row]] = []
        concern = None if self._as_of is None else _SnapshotAfter(self._as_of)
        async with self._database.client.start_session(snapshot=True) as session:
            for document, query, sort in reads:
                collection = self._database.recorded.get_collection(document.stored_in(), read_concern=concern)
                cursor = collection.find(query, sort=list(sort), batch_size=MOST_ROWS, session=session)
                results.append(await cursor.to_list(None))
                concern = None
        return results

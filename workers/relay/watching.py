"""Reading MongoDB's change stream, a batch at a time.

By its commands, since the driver's own cursor begins again by itself, where we must know that it did, and swallows a
cancellation that comes while it waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from models.database import Database

Event = Mapping[str, Any]

_AWAIT_MS: Final = 1000  # how long one read waits for something to come
# CappedPositionLost, ChangeStream{FatalError,HistoryLost}, an event that is too large, …
_HISTORY_LOST: Final = {136, 222, 234, 280, 286, 10334}


class ChangeStream:
    """What a majority has committed to one database, in order; `options` are those of `$changeStream`."""

    def __init__(
        self, database: Database, session: AsyncClientSession, pipeline: Sequence[Mapping[str, Any]], **options: Any
    ) -> None:
        self._database, self._session = database, session
        self._pipeline, self._options = pipeline, options
        self._cursor = 0

    @property
    def goes_on(self) -> bool:
        """Whether there is more to come: not after the last batch, whose end closed the stream."""
        return self._cursor != 0

    async def open(self, **where: Any) -> list[Event]:
        """Begin at a place (now, if none is given), and return the first batch."""
        stage = {"$changeStream": {**self._options, **where}}
        answer = await self._database.handle.command(
            "aggregate",
            1,
            pipeline=[stage, *self._pipeline],
            cursor={},
            readConcern={"level": "majority"},
            session=self._session,
        )
        return self._batch(answer, "firstBatch")

    async def opens(self) -> bool:
        """Whether it opens at the present: if so, what was refused before is the place; else it raises again."""
        await self.open()
        return True

    async def more(self) -> list[Event]:
        """Return the next batch; an empty one where nothing came within a second."""
        answer = await self._database.handle.command(
            "getMore", self._cursor, collection="$cmd.aggregate", maxTimeMS=_AWAIT_MS, session=self._session
        )
        return self._batch(answer, "nextBatch")

    def _batch(self, answer: Mapping[str, Any], name: str) -> list[Event]:
        self._cursor = answer["cursor"]["id"]
        found: list[Event] = answer["cursor"][name]
        return found


def lost(error: OperationFailure) -> bool:
    """Whether MongoDB says that a change stream cannot go on from where it was."""
    return error.code in _HISTORY_LOST or error.has_error_label("NonResumableChangeStreamError")

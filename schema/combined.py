"""Reads of requests that are answered at the same time, in one command.

What a command costs the driver is more than what most reads cost beside it. So reads that come in one turn of the event
loop are sent together; where requests come one at a time nothing waits for anything. Each read still begins after its
request came, and sees at least the moment that it must.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from bson import Timestamp
from pymongo.errors import OperationFailure

from models.database import Database, Row
from schema.reader import Read, Reader

MOST_READS = 32
"""The most reads in one command. MongoDB does them one after another, so only bounded ones belong here."""


class _Waiting(NamedTuple):
    reads: Sequence[Read]
    as_of: Timestamp | None
    answer: asyncio.Future[list[list[Row]]]


class Combined:
    """What the requests of one process read together; times are without a zone (see `Reader.naive`)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def read(self, reads: Sequence[Read], as_of: Timestamp | None) -> list[list[Row]]:
        """Return the rows of each read, as of a moment or later. Each must be bounded, by ids or by a limit."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(reads, as_of, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(waiting)
        return await waiting.answer

    def _flush(self) -> None:
        """Send what came in this turn of the loop."""
        group: list[_Waiting] = []
        size = 0
        for waiting in self._waiting:
            if size + len(waiting.reads) > MOST_READS and group:
                self._send(group)
                group, size = [], 0
            group.append(waiting)
            size += len(waiting.reads)
        self._send(group)
        self._waiting = []

    def _send(self, group: list[_Waiting]) -> None:
        task = asyncio.ensure_future(self._answer(group))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _answer(self, group: list[_Waiting]) -> None:
        as_of = max((waiting.as_of for waiting in group if waiting.as_of is not None), default=None)
        reader = Reader(self._database, as_of, naive=True)
        try:
            rows = await reader.read_together([read for waiting in group for read in waiting.reads])
        except OperationFailure as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for waiting in group:  # one of them is to blame, and the others are not
                await self._answer([waiting])
            return
        except asyncio.CancelledError:
            for waiting in group:
                waiting.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            _fail(group, error)
            return
        for waiting in group:
            if not waiting.answer.done():
                waiting.answer.set_result(rows[: len(waiting.reads)])
            rows = rows[len(waiting.reads) :]


def _fail(group: list[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)

"""The relay's loop: read a batch of the change stream, append it to the stream in Redis, remember nothing.

All it must know is in the stream's tail, so it may be killed at any point, and several may run.
"""

from __future__ import annotations

import asyncio
import logging

from prometheus_client import Counter, Gauge
from pymongo.errors import OperationFailure, PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from edge import stream
from edge.stream import START, Change, Entry, EntryId
from edge.tags import EVERYTHING
from models.database import Database, cancelled, cluster_time, timestamp
from workers.relay.changes import entries, pipeline
from workers.relay.spread import altered, differing, spread
from workers.relay.watching import ChangeStream, Event, lost

log = logging.getLogger(__name__)

PULSE_SECONDS = 0.25
FRESH_SECONDS = 0.5
"""How long a pulse may take to the stream and still tell edges that nothing before it is missing.

With the 1.5 s for which an edge then vouches (`edge.coherence`), the 2 s by which it may be behind.
"""

_RETRY_SECONDS = 0.5
_IMAGES = {"fullDocument": "whenAvailable", "fullDocumentBeforeChange": "whenAvailable"}

_APPENDED = Counter("relay_entries_total", "Events appended to the invalidation stream.")
_POSITION = Gauge("relay_position_seconds", "MongoDB's time of the newest appended event (Unix seconds).")


class TailMovedError(Exception):
    """The stream in Redis is not where this relay left it."""


class Relay:
    """Carries events from one database to one stream."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self._reading = False

    async def run(self) -> None:
        """Relay until cancelled; come back by itself from whatever MongoDB or Redis do."""
        looked = False
        while not cancelled():
            try:
                if not looked:
                    await self._look_at_images()
                    looked = True
                await self._relay()
            except TailMovedError:
                log.info("The stream's tail moved (another relay, or Redis lost some of it): going on from there.")
            except (PyMongoError, RedisError, OSError) as error:
                log.warning("The relay was interrupted (%s); trying again.", error)
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                self._reading = False

    async def pulse(self) -> None:
        """Write a pulse every quarter of a second, until cancelled.

        It carries until when it counts, by Redis's clock, which also decides at the end (`edge.stream.append`): so it
        is the same for every relay, and one that waited anywhere, with whom it may, tells nothing.
        """
        while not cancelled():
            try:
                until = await stream.now(self._redis) + int(FRESH_SECONDS * 1_000_000)
                await self._database.pulse("relay", until)
            except (PyMongoError, RedisError, OSError) as error:
                log.warning("No pulse could be written: %s", error)
            await asyncio.sleep(PULSE_SECONDS)

    async def ready(self) -> None:
        """Raise unless the change stream is being read."""
        if not self._reading:
            raise RuntimeError("the change stream is not being read")

    async def _relay(self) -> None:
        tail = await stream.tail(self._redis)
        if tail is None:
            tail = await self._begin("The stream is empty: everything cached is dropped once.")
        async with self._database.client.start_session() as session:
            changes = ChangeStream(self._database, session, pipeline(), **_IMAGES)
            try:
                batch = await self._open(changes, tail)
                self._reading = True
                position = await self._append(batch, tail.id)
                while changes.goes_on and not cancelled():
                    position = await self._append(await changes.more(), position)
            except OperationFailure as error:
                if not (lost(error) or (not self._reading and await changes.opens())):
                    raise
                log.error("The change stream cannot go on from the stream's tail (%s).", error)  # noqa: TRY400 - told below
                await self._begin("The history is lost: everything cached is dropped.", behind=tail.id)
            except ResponseError as error:
                if "equal or smaller" not in str(error):
                    raise
                await self._begin("Entries were deleted from the stream: everything cached is dropped.", tail.id)

    async def _look_at_images(self) -> None:
        """Say which collections' events lack the states before and after.

        It does not switch them on: that waits for a lock, with every write to the collection waiting behind it.
        """
        for name in await self._database.without_images():
            log.error(
                "Events of %s lack the states before and after, so that each drops every answer with its type: "
                "run `python -m app migrate`, which switches them on.",
                name,
            )

    async def _begin(self, why: str, behind: EntryId = START) -> Entry:
        """Append an entry that drops everything, stamped with MongoDB's present, to go on from.

        Whose visibility changed before, unheard, is made good for first.
        """
        log.warning(why)
        now = EntryId(cluster_time(await self._database.pulse("relay")), 0)
        await spread(self._database, await differing(self._database))
        entry = Entry(max(now, EntryId(behind.time, behind.ordinal + 1)), behind, "", (Change(EVERYTHING),))
        if await stream.append(self._redis, behind, [entry]) is not None:
            raise TailMovedError
        return entry

    async def _open(self, changes: ChangeStream, tail: Entry) -> list[Event]:
        """Open the change stream behind an entry, and return its first batch."""
        if tail.token:  # `startAfter`, since `resumeAfter` refuses the token of an `invalidate`
            return await changes.open(startAfter={"_data": tail.token})
        return await changes.open(startAtOperationTime=timestamp(tail.id.time))

    async def _append(self, events: list[Event], position: EntryId) -> EntryId:
        """Append a batch behind `position`; what another relay appended meanwhile is not appended again."""
        differed = await spread(self._database, altered(events))
        batch = entries(events, position, differed)
        while batch:
            last = await stream.append(self._redis, batch[0].before, batch)
            if last is None:
                _APPENDED.inc(len(batch))
                _POSITION.set(batch[-1].id.time >> 32)
                return batch[-1].id
            known = [entry.id for entry in batch]
            if last not in known:
                raise TailMovedError
            batch = batch[known.index(last) + 1 :]
            position = last
        return position

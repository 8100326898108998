"""Writing the log of changes that devices catch up from; see `models.replication`.

It has a change stream of its own, and keeps its place in MongoDB: the stream in Redis may be lost, this log may not.
Several relays write the same rows at the same positions, so each may be killed at any point. Where the history is lost
(or there is none yet) every document gets a new row, in an order that all relays agree on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from models.database import Database, cancelled, cluster_time, timestamp
from models.entity import Entity
from models.replication import REPLICATED, Change, position
from storage.signals import Signals
from workers.relay.watching import ChangeStream, Event, lost

STATE: Final = "change_log"
"""The collection with how far the log has come, in one document."""

_STATE_ID: Final = "state"
_UNSEEN: Final = frozenset({"like_count", "log_floor"})  # devices keep no copy of these
_ROWS_AT_ONCE: Final = 1000
_RETRY_SECONDS: Final = 0.5
_REST_SECONDS: Final = 0.05  # after a batch, so that the next has more in it: a design that is drawn on changes often
_AFTER_ALL: Final = "~"  # sorts behind every id
_KINDS: Final[Mapping[str, type[Entity]]] = {document.stored_in(): document for document in REPLICATED}

log = logging.getLogger(__name__)


class Noted(NamedTuple):
    """What an event changes in the log; without an `organization`, only a row that is there already."""

    kind: str
    document: ObjectId
    position: str
    deleted: bool
    organization: ObjectId | None


def pipeline() -> list[dict[str, Any]]:
    """Return the aggregation that follows `$changeStream`: only what is replicated, and whatever ends a history."""
    kept = ("operationType", "clusterTime", "ns", "documentKey", "fullDocument.organization")
    fields = ("updateDescription.updatedFields", "updateDescription.removedFields")
    ends = {"operationType": {"$in": ["dropDatabase", "invalidate"]}}
    return [
        {"$match": {"$or": [{"ns.coll": {"$in": [*_KINDS]}}, {"to.coll": {"$in": [*_KINDS]}}, ends]}},
        {"$project": dict.fromkeys((*kept, *fields), 1)},
    ]


def noted(events: Sequence[Event], behind: str) -> tuple[list[Noted], str]:
    """Return what events note that follow a position, the newest of each document, in order; and the last position.

    Raises:
        HistoryEndedError: a collection was dropped or renamed.

    """
    found: dict[tuple[str, Any], Noted] = {}
    for event in events:
        behind = _next(behind, cluster_time(event["clusterTime"]))
        operation = event["operationType"]
        if operation not in {"insert", "update", "replace", "delete"}:
            raise HistoryEndedError(operation)
        if _seen(event):
            kind, id_ = _KINDS[event["ns"]["coll"]].__name__, event["documentKey"]["_id"]
            earlier = found.pop((kind, id_), None)  # so that it stands at its new place
            known = event.get("fullDocument") or {}
            organization = known.get("organization", earlier.organization if earlier is not None else None)
            found[kind, id_] = Noted(kind, id_, behind, operation == "delete", organization)
    return [*found.values()], behind


class HistoryEndedError(Exception):
    """What came before can no longer be told by the change stream."""


def _next(behind: str, time: int) -> str:
    """Return the position of an event of this time that follows another position."""
    before, _, ordinal = behind.partition(".")
    return position(time, f"{int(ordinal, 16) + 1 if before == f'{time:016x}' else 0:08x}")


def _seen(event: Event) -> bool:
    """Whether devices have a copy of anything that an event changed."""
    if event["operationType"] != "update":
        return True
    description = event.get("updateDescription", {})
    return not {*description.get("updatedFields", {}), *description.get("removedFields", ())} <= _UNSEEN


def write(row: Noted) -> UpdateOne:
    """Return what writes a row, unless a newer change is noted there."""
    id_ = f"{row.kind}:{row.document}"
    if row.organization is None:
        newer = {"position": row.position, "deleted": row.deleted}
        return UpdateOne({"_id": id_, "position": {"$lt": row.position}}, {"$set": newer})
    values = {
        "kind": row.kind,
        "document": row.document,
        "organization": row.organization,
        "position": row.position,
        "deleted": row.deleted,
    }
    first = {"first": {"$ifNull": ["$first", row.position]}, "created_at": {"$ifNull": ["$created_at", "$$NOW"]}}
    newer = {"$mergeObjects": ["$$ROOT", {"$literal": values}, first]}
    known = {"$gte": [{"$ifNull": ["$position", ""]}, row.position]}
    return UpdateOne({"_id": id_}, [{"$replaceWith": {"$cond": [known, "$$ROOT", newer]}}], upsert=True)


class Recorder:
    """Writes the log of one database, and tells devices that follow an organization."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database = database
        self._signals = signals
        self._reading = False

    async def run(self) -> None:
        """Record until cancelled; come back by itself from whatever MongoDB does."""
        while not cancelled():
            try:
                await self._record()
            except PyMongoError as error:
                log.warning("The log of changes was interrupted (%s); trying again.", error)
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                self._reading = False

    async def ready(self) -> None:
        """Raise unless changes are being recorded."""
        if not self._reading:
            raise RuntimeError("the changes are not being recorded")

    async def _record(self) -> None:
        state = await self._state()
        epoch: int = state["epoch"]
        if not state["complete"]:
            await self._note_all(epoch)
        async with self._database.client.start_session() as session:
            changes = ChangeStream(self._database, session, pipeline(), fullDocument="whenAvailable")
            try:
                if "token" in state:
                    batch = await changes.open(startAfter={"_data": state["token"]})
                else:
                    batch = await changes.open(startAtOperationTime=timestamp(epoch))
                self._reading = True
                behind = await self._note(batch, state.get("position", position(epoch, "0")), epoch)
                while behind is not None and changes.goes_on and not cancelled():
                    behind = await self._note(await changes.more(), behind, epoch)
            except HistoryEndedError as error:
                await self._begin_again(epoch, f"{error} of a collection")
            except OperationFailure as error:
                if not (lost(error) or (not self._reading and await changes.opens())):
                    raise
                await self._begin_again(epoch, str(error))

    async def _state(self) -> dict[str, Any]:
        """Return how far the log has come; begin one where there is none."""
        states = self._database.handle[STATE]
        found = await states.find_one({"_id": _STATE_ID})
        if found is None:
            begun = {"epoch": cluster_time(await self._database.pulse("recorder")), "complete": False}
            await states.update_one({"_id": _STATE_ID}, {"$setOnInsert": begun}, upsert=True)
            found = await states.find_one({"_id": _STATE_ID})
        state: dict[str, Any] = found or {}
        return state

    async def _begin_again(self, epoch: int, why: str) -> None:
        """Have every document noted anew: devices are told all of it once more."""
        log.warning("The log of changes begins again: what happened meanwhile is not known (%s).", why)
        now = cluster_time(await self._database.pulse("recorder"))
        anew = {"$set": {"epoch": now, "complete": False}, "$unset": {"token": "", "position": ""}}
        await self._database.handle[STATE].update_one({"_id": _STATE_ID, "epoch": epoch}, anew)

    async def _note(self, events: Sequence[Event], behind: str, epoch: int) -> str | None:
        """Write what a batch notes, then where it ended; None where the log has begun again meanwhile."""
        if not events:
            return behind
        rows, end = noted(events, behind)
        await self._write(rows)
        reached = {"token": events[-1]["_id"]["_data"], "position": end}
        further = {"$lt": [{"$ifNull": ["$position", ""]}, end]}
        here = {"_id": _STATE_ID, "epoch": epoch}
        placed = [
            {"$replaceWith": {"$cond": [further, {"$mergeObjects": ["$$ROOT", {"$literal": reached}]}, "$$ROOT"]}}
        ]
        result = await self._database.handle[STATE].update_one(here, placed)
        for organization in {row.organization for row in rows} - {None}:
            self._signals.tell(f"changes:{organization}")
        await asyncio.sleep(_REST_SECONDS)
        return end if result.matched_count else None

    async def _write(self, rows: Sequence[Noted]) -> None:
        """Write rows in order: nobody sees one before those of earlier changes."""
        if rows:
            await self._database.handle[Change.stored_in()].bulk_write([write(row) for row in rows], ordered=True)

    async def _note_all(self, epoch: int) -> None:
        """Give every document a row, then have those of documents that are gone say so."""
        majority = ReadConcern("majority")
        async with self._database.client.start_session() as session:
            session.advance_operation_time(timestamp(epoch))
            for document in REPLICATED:
                rows = self._database.handle[document.stored_in()].with_options(read_concern=majority)
                present = rows.find({}, {"organization": 1}, session=session).sort("_id")
                async for batch in _batches(present):
                    await self._write([_present(document, row, epoch) for row in batch])
            missing = [*_missing(position(epoch, ""))]
            gone = await self._database.handle[Change.stored_in()].aggregate(missing, session=session)
            async for batch in _batches(gone):
                found = [(row["kind"], row["document"]) for row in batch]
                after = [position(epoch, f"{_AFTER_ALL}{id_}") for _, id_ in found]
                await self._write(
                    [
                        Noted(kind, id_, at, deleted=True, organization=None)
                        for (kind, id_), at in zip(found, after, strict=True)
                    ]
                )
        complete = {"$set": {"complete": True}}
        await self._database.handle[STATE].update_one({"_id": _STATE_ID, "epoch": epoch}, complete)


def _present(document: type[Entity], row: Mapping[str, Any], epoch: int) -> Noted:
    return Noted(
        document.__name__,
        row["_id"],
        position(epoch, str(row["_id"])),
        deleted=False,
        organization=row.get("organization"),
    )


def _missing(before: str) -> list[dict[str, Any]]:
    """Return the aggregation of rows that were not noted anew, sorted as they are to be: their documents are gone."""
    return [
        {"$match": {"deleted": False, "position": {"$lt": before}}},
        {"$sort": {"document": 1}},
        {"$project": {"kind": 1, "document": 1}},
    ]


async def _batches(cursor: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield what a cursor yields, a thousand at a time."""
    batch: list[dict[str, Any]] = []
    async for row in cursor:
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch

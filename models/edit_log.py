"""The durable side of editing: batches in one order, each once, and a canvas that is what they say.

Batches for one design that come while another is written wait for it, and then share a transaction. Several processes
may write to one design: whoever's transaction comes second finds the design changed, and begins again behind the other.
Each process remembers the canvases that are drawn on, and brings them up to date from the log.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from beanie import PydanticObjectId
from bson import Timestamp
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from models import version as versions
from models.activity import tally
from models.asset import Asset
from models.batch import Batch, edits_of
from models.canvas import Canvas, Outcome, replay, restore
from models.comment import Comment
from models.database import Database, operation_time
from models.design import Design
from models.edits import Edit, named, undoing
from models.element import DesignEdit, Element, state
from models.entity import now
from models.errors import InvalidInputError, NotFoundError
from models.rebalancing import apply_and_rebalance
from models.version import DesignVersion

_MOST_AT_ONCE: Final = 64  # batches of a transaction
_MOST_REMEMBERED: Final = 200_000  # elements, of all canvases together
_MOST_CAUGHT_UP: Final = 500  # batches; whoever is further behind reads the canvas
_LONGEST_QUOTED: Final = 120  # characters of a version's name in the name of another
_WRITE_CONFLICT: Final = 112
_MEETING_SECONDS: Final = 30.0
_STEP_ASIDE_SECONDS: Final = (0.001, 0.01)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Appended:
    """A batch in the log, durable, and a time of the database that is not before it."""

    entry: DesignEdit
    moment: Timestamp


@dataclass
class _Drawn:
    """A canvas as it was at a number of its log."""

    seq: int
    canvas: Canvas


_Waiting = tuple[Batch, "asyncio.Future[Appended]"]


class EditLog:
    """Appends to the logs of all designs, for one process.

    `committed` is told of each design that has something new in its log, after whoever wrote it has been answered.
    """

    def __init__(self, database: Database, committed: Callable[[PydanticObjectId], object] = lambda _: None) -> None:
        self._database = database
        self._committed = committed
        self._waiting: dict[PydanticObjectId, deque[_Waiting]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._drawn: OrderedDict[PydanticObjectId, _Drawn] = OrderedDict()

    async def append(self, design: PydanticObjectId, batch: Batch) -> Appended:
        """Apply a batch and write it to the log; the same batch again changes nothing, and is answered as before.

        Raises:
            NotSignedInError, NotFoundError, NotAllowedError: what its `judge` says.
            InvalidInputError: its `base_seq` is ahead of the design or before its log, or an asset is not its
                organization's.
            PyMongoError: it may have been written or not; sent again, it is written once.

        """
        answer: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(design)
        if waiting is None:
            self._waiting[design] = deque([(batch, answer)])
            task = asyncio.create_task(self._write(design))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        else:
            waiting.append((batch, answer))
        return await answer

    async def _write(self, design: PydanticObjectId) -> None:
        """Write what waits for a design, until nothing does."""
        waiting = self._waiting[design]
        while waiting:
            group = [waiting.popleft() for _ in range(min(len(waiting), _MOST_AT_ONCE))]
            await self._answer(design, group)
        del self._waiting[design]

    async def _answer(self, design: PydanticObjectId, group: list[_Waiting]) -> None:
        """Write a group, and answer each; where that fails for another reason than the database's, one by one."""
        try:
            results, moment = await _Transaction(self._database, design, [batch for batch, _ in group], self).run()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            if len(group) > 1 and not isinstance(error, ConnectionFailure):
                log.warning("A group of %d batches failed (%s); trying each alone.", len(group), error)
                for one in group:
                    await self._answer(design, [one])
                return
            for _, answer in group:
                _settle(answer, error)
            return
        for (_, answer), result in zip(group, results, strict=True):
            _settle(answer, result if isinstance(result, Exception) else Appended(result, moment))
        self._committed(design)

    def recall(self, design: PydanticObjectId) -> _Drawn | None:
        """Take the canvas that is remembered of a design: whoever takes it gives it back, or it is read again."""
        return self._drawn.pop(design, None)

    def remember(self, design: PydanticObjectId, drawn: _Drawn) -> None:
        """Remember a canvas, and forget those that were not drawn on for longest where there are too many elements."""
        self._drawn[design] = drawn
        while sum(len(each.canvas.elements) for each in self._drawn.values()) > _MOST_REMEMBERED:
            self._drawn.popitem(last=False)


def _settle(answer: asyncio.Future[Appended], result: Appended | Exception) -> None:
    """Answer who waits, unless they have gone."""
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)


_Work = Callable[[AsyncClientSession], Awaitable[list[DesignEdit | Exception]]]


class _MetError(Exception):
    """Another process's group is being written."""


class _Transaction:
    """One group of batches on its way into the log."""

    def __init__(
        self, database: Database, design: PydanticObjectId, batches: Sequence[Batch], remembered: EditLog
    ) -> None:
        self._database = database
        self._id = design
        self._batches = batches
        self._remembered = remembered
        self._drawn = remembered.recall(design)
        self._complete = False  # whether an attempt came to its end, and only its commit failed

    async def run(self) -> tuple[list[DesignEdit | Exception], Timestamp]:
        """Return each batch's entry or what is wrong with it, and a time that is not before the writes."""

        async def work(session: AsyncClientSession) -> list[DesignEdit | Exception]:
            try:
                found = await self._attempt(session)
            except OperationFailure as error:
                if error.code == _WRITE_CONFLICT:
                    raise _MetError from error
                self._drawn = None  # what was read may never have been
                raise
            except PyMongoError:
                self._drawn = None
                raise
            self._complete = True
            return found

        async with self._database.client.start_session() as session:
            results = await self._unmet(session, work)
            moment = operation_time(session)
        if self._drawn is not None:
            self._drawn.canvas.keep()
            self._remembered.remember(self._id, self._drawn)
        return results, moment

    async def _unmet(self, session: AsyncClientSession, work: _Work) -> list[DesignEdit | Exception]:
        """Do it in a transaction, and again soon where it meets another process's: that is there most of the time.

        The driver would wait for longer after each meeting, and so come later than whoever has just begun.
        """
        ends = time.monotonic() + _MEETING_SECONDS
        while True:
            try:
                return await self._database.transact(session, work)
            except _MetError as error:
                if time.monotonic() > ends and error.__cause__ is not None:
                    raise error.__cause__ from None
            await asyncio.sleep(random.uniform(*_STEP_ASIDE_SECONDS))  # noqa: S311 - it keeps no secret

    async def _attempt(self, session: AsyncClientSession) -> list[DesignEdit | Exception]:
        if self._complete:
            self._complete, self._drawn = False, None
        if self._drawn is not None:
            self._drawn.canvas.roll_back()
        design, known = await self._found(session)
        results: list[DesignEdit | Exception | None] = [_judged(batch, design) for batch in self._batches]
        if design is None or all(results):
            return [result or NotFoundError("Design", path=("designId",)) for result in results]
        undone = await self._undone(session)
        assets = await self._assets(design, session)
        drawn = self._drawn = await self._up_to_date(design, known, undone, session)
        entries: list[DesignEdit] = []
        changed: set[str] = set()
        for index, batch in enumerate(self._batches):
            if results[index] is not None:
                continue
            if batch.id in known:
                results[index] = known[batch.id]
                continue
            seq = design.seq + len(entries)
            try:
                if batch.restores is not None:
                    outcome = await self._restored(design, seq, batch, batch.restores, drawn.canvas, session)
                else:
                    kept = range(min(design.log_floor, seq), seq + 1)
                    edits = edits_of(batch, kept, undone, assets)
                    outcome = apply_and_rebalance(drawn.canvas, edits, batch.id)
            except (InvalidInputError, NotFoundError) as error:
                results[index] = error
                continue
            entry = _entry(design, seq + 1, batch, outcome)
            known[batch.id] = results[index] = entry
            entries.append(entry)
            changed |= outcome.changed
        if entries:
            await self._insert(design, entries, changed, drawn.canvas, session)
            await self._orphan(entries, drawn.canvas, session)
            drawn.seq = entries[-1].seq
        return [result for result in results if result is not None]

    async def _found(self, session: AsyncClientSession) -> tuple[Design | None, dict[str, DesignEdit]]:
        """Find the design, and the batches that were written before, in one command."""
        names = [batch.id for batch in self._batches]
        before = [{"$match": {"design": self._id, "batch": {"$in": names}}}]
        pipeline: list[dict[str, Any]] = [
            {"$match": {"_id": self._id}},
            {"$lookup": {"from": DesignEdit.stored_in(), "pipeline": before, "as": "known"}},
        ]
        found = await Design.get_pymongo_collection().aggregate(pipeline, session=session)
        rows = await found.to_list()
        if not rows:
            return None, {}
        known = [DesignEdit.model_validate(row) for row in rows[0].pop("known")]
        return Design.model_validate(rows[0]), {entry.batch: entry for entry in known}

    async def _undone(self, session: AsyncClientSession) -> dict[PydanticObjectId, list[Edit]]:
        """Find what batches would undo."""
        ids = [batch.undoes for batch in self._batches if batch.undoes is not None]
        if not ids:
            return {}
        rows = DesignEdit.get_pymongo_collection().find(
            {"_id": {"$in": ids}, "design": self._id}, {"inverse": 1}, session=session
        )
        return {row["_id"]: undoing(row["inverse"]) async for row in rows}

    async def _assets(self, design: Design, session: AsyncClientSession) -> set[PydanticObjectId]:
        """Find those of the assets that batches refer to which the design's organization has."""
        ids = [id_ for batch in self._batches for id_ in batch.assets]
        if not ids:
            return set()
        query = {"_id": {"$in": ids}, "organization": design.organization}
        return {row["_id"] async for row in Asset.get_pymongo_collection().find(query, {"_id": 1}, session=session)}

    async def _restored(
        self,
        design: Design,
        seq: int,
        batch: Batch,
        id_: PydanticObjectId,
        canvas: Canvas,
        session: AsyncClientSession,
    ) -> Outcome:
        """Have the canvas as it was in a version, and save what it is; raises NotFoundError."""
        version = await DesignVersion.find_one({"_id": id_, "design": self._id}, session=session)
        if version is None:
            raise NotFoundError("DesignVersion", path=("versionId",))
        present = design.model_copy(update={"seq": seq})
        name = f"Before “{version.name[:_LONGEST_QUOTED]}”"
        await versions.save(present, name, batch.author, canvas.elements, session, automatic=True)
        return restore(canvas, await versions.load(id_, session))

    async def _up_to_date(
        self,
        design: Design,
        known: Mapping[str, DesignEdit],
        undone: Mapping[PydanticObjectId, list[Edit]],
        session: AsyncClientSession,
    ) -> _Drawn:
        """Have the canvas as it is at the design's number, with every element that a new batch names."""
        drawn = self._drawn
        if drawn is not None:
            drawn = await self._caught_up(drawn, design, session)
        if drawn is None:
            drawn = _Drawn(design.seq, Canvas.of(await Element.living(self._id, session)))
        new = [batch for batch in self._batches if batch.id not in known]
        keys = named(edit for batch in new for edit in (undone.get(batch.undoes, ()) if batch.undoes else batch.edits))
        if missing := keys - drawn.canvas.elements.keys():
            ids = [f"{self._id}:{key}" for key in missing]
            async for row in Element.get_pymongo_collection().find({"_id": {"$in": ids}}, session=session):
                drawn.canvas.elements[row["key"]] = state(row)
        return drawn

    async def _caught_up(self, drawn: _Drawn, design: Design, session: AsyncClientSession) -> _Drawn | None:
        """Repeat what others wrote since; None where that is not known."""
        missed = design.seq - drawn.seq
        if not 0 <= missed <= _MOST_CAUGHT_UP:
            return None
        if missed:
            query = {"design": self._id, "seq": {"$gt": drawn.seq, "$lte": design.seq}}
            found = DesignEdit.get_pymongo_collection().find(query, {"edits": 1}, session=session).sort("seq")
            rows = await found.to_list(None)
            if len(rows) != missed:
                return None
            for row in rows:
                replay(drawn.canvas, row["edits"])
            drawn.canvas.keep()
            drawn.seq = design.seq
        return drawn

    async def _insert(
        self,
        design: Design,
        entries: Sequence[DesignEdit],
        changed: set[str],
        canvas: Canvas,
        session: AsyncClientSession,
    ) -> None:
        """Write the group: the design first, where another process's group is met."""
        designs = Design.get_pymongo_collection()
        await designs.update_one({"_id": self._id}, {"$set": {"seq": entries[-1].seq}}, session=session)
        await DesignEdit.insert_many(list(entries), session=session)
        writes: list[UpdateOne] = []
        for key in changed:
            row = {**canvas.elements[key], "key": key, "design": self._id, "organization": design.organization}
            query, made = {"_id": f"{self._id}:{key}"}, {"created_at": now()}
            writes.append(UpdateOne(query, {"$set": row, "$setOnInsert": made}, upsert=True))
        if writes:
            await Element.get_pymongo_collection().bulk_write(writes, ordered=False, session=session)

    async def _orphan(self, entries: Sequence[DesignEdit], canvas: Canvas, session: AsyncClientSession) -> None:
        """Mark the comments that point at what has gone, and those that point at what is back."""
        gone = {key for entry in entries for edit in entry.edits for key in edit.get("keys", ())}
        revives = any(batch.undoes or batch.restores for batch in self._batches)
        back = {edit["key"] for entry in entries for edit in entry.edits if revives and edit["edit"] == "add"}
        for orphaned in (True, False):
            keys = [key for key in gone | back if canvas.elements[key]["removed"] is orphaned]
            if keys:
                query = {"design": self._id, "anchor.element": {"$in": keys}, "orphaned": {"$ne": orphaned}}
                await Comment.get_pymongo_collection().update_many(
                    query, {"$set": {"orphaned": orphaned}}, session=session
                )


def _judged(batch: Batch, design: Design | None) -> Exception | None:
    """Return why a batch's author may not edit the design."""
    try:
        batch.judge(design)
    except Exception as error:  # noqa: BLE001 - told to its author, and to nobody else
        return error
    return None


def _entry(design: Design, seq: int, batch: Batch, outcome: Outcome) -> DesignEdit:
    return DesignEdit(
        design=design.id,
        project=design.project,
        organization=design.organization,
        seq=seq,
        batch=batch.id,
        author=batch.author,
        base_seq=batch.base_seq,
        edits=outcome.effective,
        dropped=[{"index": dropped.index, "reason": dropped.reason} for dropped in outcome.dropped],
        inverse=outcome.inverse,
        **tally(outcome.effective),
    )

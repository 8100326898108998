"""The durable side of editing: one batch, one transaction, one number in the design's log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from models.canvas import Canvas, Edit, Outcome, apply, needed
from models.design import Design
from models.element import MOST_ELEMENTS, DesignEdit, Element
from models.entity import now
from models.errors import InvalidInputError

_STATE = ("kind", "x", "y", "width", "height", "rotation", "parent", "order", "props", "removed")


async def append(
    design: Design,
    batch: str,
    base_seq: int,
    edits: Sequence[Edit],
    author: PydanticObjectId,
    session: AsyncClientSession,
) -> DesignEdit:
    """Apply a batch and write it to the log, in the caller's transaction; the same batch again changes nothing.

    Raises:
        InvalidInputError: `base_seq` is ahead of the design.

    """
    known = await DesignEdit.find_one({"design": design.id, "batch": batch}, session=session)
    if known is not None:
        return known
    if base_seq > design.seq:
        raise InvalidInputError(f"baseSeq: the design is at {design.seq}, not yet at {base_seq}.", path=("baseSeq",))
    canvas = await _read(design.id, edits, session)
    outcome = apply(canvas, edits)
    design.seq += 1
    entry = DesignEdit(
        design=design.id,
        seq=design.seq,
        batch=batch,
        author=author,
        base_seq=base_seq,
        edits=outcome.effective,
        dropped=[{"index": dropped.index, "reason": dropped.reason} for dropped in outcome.dropped],
        inverse=outcome.inverse,
    )
    await entry.insert(session=session)
    await design.save(session=session)
    await _write(design, canvas, outcome, session)
    return entry


async def _read(design: PydanticObjectId, edits: Sequence[Edit], session: AsyncClientSession) -> Canvas:
    """Read what of the canvas the batch may touch: the elements it names, or all where it removes or moves."""
    keys, family = needed(edits)
    collection = Element.get_pymongo_collection()
    query: dict[str, Any] = {"design": design}
    if not family:
        query["_id"] = {"$in": [f"{design}:{key}" for key in keys]}
    rows = await collection.find(query, batch_size=MOST_ELEMENTS * 2, session=session).to_list(None)
    living: dict[str, Any] = {"design": design, "removed": False}
    top = await collection.find_one(living, {"order": 1}, sort=[("order", -1)], session=session)
    count = await collection.count_documents(living, session=session)
    elements = {row["key"]: {name: row[name] for name in _STATE} for row in rows}
    return Canvas(elements, top=top["order"] if top else "", room_left=MOST_ELEMENTS - count)


async def _write(design: Design, canvas: Canvas, outcome: Outcome, session: AsyncClientSession) -> None:
    changes: list[UpdateOne] = []
    for key in outcome.changed:
        id_ = f"{design.id}:{key}"
        state = {**canvas.elements[key], "key": key, "design": design.id, "organization": design.organization}
        changes.append(UpdateOne({"_id": id_}, {"$set": state, "$setOnInsert": {"created_at": now()}}, upsert=True))
    if changes:
        await Element.get_pymongo_collection().bulk_write(changes, session=session)

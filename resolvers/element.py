"""Editing a canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pydantic
import strawberry
from beanie import PydanticObjectId

import models.design
from auth.permissions import Permission
from models.batch import Batch
from models.database import cluster_time
from models.edits import AddElement, Edit, MoveElement, RemoveElement, SetElement, check_bytes, check_size
from models.element import DesignEdit
from models.entity import camel, invalid
from models.errors import InvalidInputError, RateLimitedError
from models.overwriting import Logged, Overwritten, overwritten
from resolvers.context import Info, mutation
from schema import ids
from schema.element import ApplyDesignEditsResult, DesignEditInput, DroppedEdit, EditsApplied

_LONGEST_BATCH_ID = 64


def _edit(value: DesignEditInput) -> Edit:
    """Return an input as the core knows it; raises pydantic.ValidationError."""
    if value.add_element:
        fields = {**vars(value.add_element)}
        key = fields.pop("key")
        fields["props"] = fields["props"] or {}
        return AddElement.model_validate({"key": key, "shape": fields})
    if value.set_element:
        return SetElement.model_validate(vars(value.set_element))
    if value.remove_element:
        return RemoveElement.model_validate(vars(value.remove_element))
    return MoveElement.model_validate(vars(value.move_element))


def _edits(values: Sequence[DesignEditInput]) -> list[Edit]:
    """Return a batch as the core knows it; raises InvalidInputError, naming the edit."""
    check_size(len(values))
    edits: list[Edit] = []
    for index, value in enumerate(values):
        try:
            edits.append(_edit(value))
        except pydantic.ValidationError as error:
            raise _unfit(invalid(error), index, value) from error
    check_bytes(edits)
    return edits


def _unfit(error: InvalidInputError, index: int, value: DesignEditInput) -> InvalidInputError:
    """Return the core's finding in the input's own words: the edit, then its field."""
    kind = next(camel(name) for name, given in vars(value).items() if given)
    fields = [part for part in error.path if part != "shape"]  # the core's word for an added element's fields
    path = ("edits", str(index), kind, *fields)
    return InvalidInputError(f"{'.'.join(path)}: {error.message.partition(': ')[2]}", path=path)


def _assets(edits: Sequence[Edit]) -> dict[PydanticObjectId, tuple[str, ...]]:
    """Return the pictures that a batch refers to, each with the path to where; raises InvalidInputError."""
    found: dict[PydanticObjectId, tuple[str, ...]] = {}
    for index, edit in enumerate(edits):
        kind = "addElement" if isinstance(edit, AddElement) else "setElement"
        props = edit.shape.props if isinstance(edit, AddElement) else getattr(edit, "props", None)
        if props and props.get("asset") is not None:
            path = ("edits", str(index), kind, "props", "asset")
            found[PydanticObjectId(ids.key(props["asset"], "Asset", path=path))] = path
    return found


def author(info: Info) -> PydanticObjectId:
    """Return who sends a batch, which counts from here on, whatever becomes of it.

    Raises:
        NotSignedInError: nobody is signed in.
        RateLimitedError: their device has sent as many as it may.

    """
    viewer = info.context.viewer
    user = viewer.require_user()
    if seconds := info.context.services.allowance.batches.take(viewer.session):
        raise RateLimitedError(f"Too many batches from this device; send it again in {seconds:.1f} s.", seconds)
    return user


async def append(info: Info, design_id: str, batch: Batch) -> EditsApplied:
    """Have a batch written, and tell what it did; raises what `EditLog.append` does."""
    if not 1 <= len(batch.id) <= _LONGEST_BATCH_ID:
        raise InvalidInputError(f"batchId: 1 to {_LONGEST_BATCH_ID} characters.", path=("batchId",))
    design = PydanticObjectId(ids.key(design_id, "Design", path=("designId",)))
    appended = await info.context.services.edit_log.append(design, batch)
    info.context.effects.moments.append(cluster_time(appended.moment))
    entry = appended.entry
    return EditsApplied(
        seq=entry.seq,
        dropped=[DroppedEdit(index=dropped["index"], reason=dropped["reason"]) for dropped in entry.dropped],
        inverse=ids.encode("DesignEdit", entry.id),
        compare=partial(_overwritten, entry, compared=not (batch.undoes or batch.restores)),
    )


async def _overwritten(entry: DesignEdit, *, compared: bool) -> list[Overwritten]:
    """Return what a batch overwrote of what others wrote since its author last looked."""
    if not compared or entry.seq - entry.base_seq <= 1:
        return []
    between = {"design": entry.design, "seq": {"$gt": entry.base_seq, "$lt": entry.seq}}
    log = DesignEdit.get_pymongo_collection()
    rows = log.find({**between, "author": {"$ne": entry.author}}, {"seq": 1, "author": 1, "edits": 1}).sort("seq")
    others = [Logged(row["seq"], row["author"], row["edits"]) async for row in rows]
    return overwritten(entry.edits, others)


def editing(info: Info) -> Callable[[models.design.Design | None], None]:
    """Return what says whether the viewer may edit a design."""
    viewer = info.context.viewer

    def judge(design: models.design.Design | None) -> None:
        tenant = None if design is None else design.organization
        viewer.require(Permission.EDIT, tenant, "Design", path=("designId",))

    return judge


@strawberry.type
class ElementMutations:
    """The one way in which elements change."""

    @mutation(
        "Apply 1 to 500 edits together. The answer comes when they are durable; the same `batchId` again gets the same "
        "answer and changes nothing."
    )
    async def apply_design_edits(
        self,
        info: Info,
        design_id: strawberry.ID,
        batch_id: strawberry.ID,
        base_seq: int,
        edits: list[DesignEditInput],
    ) -> ApplyDesignEditsResult:
        """Append a batch to a design's log."""
        user = author(info)
        given = _edits(edits)
        batch = Batch(
            id=batch_id, author=user, judge=editing(info), base_seq=base_seq, edits=given, assets=_assets(given)
        )
        return await append(info, design_id, batch)

    @mutation(
        "Undo a batch, whatever came after it: what it set has its former value again, what it removed is back, what "
        "it added goes. The answer's `inverse` undoes the undoing."
    )
    async def undo_design_edits(
        self, info: Info, design_id: strawberry.ID, batch_id: strawberry.ID, inverse: strawberry.ID
    ) -> ApplyDesignEditsResult:
        """Append the inverse of a batch that `EditsApplied.inverse` names."""
        user = author(info)
        undoes = PydanticObjectId(ids.key(inverse, "DesignEdit", path=("inverse",)))
        return await append(info, design_id, Batch(id=batch_id, author=user, judge=editing(info), undoes=undoes))

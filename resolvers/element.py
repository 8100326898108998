"""Editing a canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pydantic
import strawberry
from pymongo.errors import DuplicateKeyError

import models.design
from auth.permissions import Permission
from models import edit_log
from models.canvas import AddElement, Edit, MoveElement, RemoveElement, SetElement, check_size
from models.element import DesignEdit
from models.entity import camel, invalid
from models.errors import InvalidInputError
from resolvers.context import Info, mutation, permitted
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
    return edits


def _unfit(error: InvalidInputError, index: int, value: DesignEditInput) -> InvalidInputError:
    """Return the core's finding in the input's own words: the edit, then its field."""
    kind = next(camel(name) for name, given in vars(value).items() if given)
    fields = [part for part in error.path if part != "shape"]  # the core's word for an added element's fields
    path = ("edits", str(index), kind, *fields)
    return InvalidInputError(f"{'.'.join(path)}: {error.message.partition(': ')[2]}", path=path)


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
        """Append a batch to a design's log, then tell who listens."""
        services = info.context.services
        author = info.context.viewer.require_user()
        batch = _edits(edits)
        if not 1 <= len(batch_id) <= _LONGEST_BATCH_ID:
            raise InvalidInputError(f"batchId: 1 to {_LONGEST_BATCH_ID} characters.", path=("batchId",))

        async def apply(session: Any) -> DesignEdit:
            design = await permitted(
                info, models.design.Design, design_id, Permission.EDIT, session, path=("designId",)
            )
            return await edit_log.append(design, batch_id, base_seq, batch, author, session)

        try:
            entry = await services.database.transaction(apply)
        except DuplicateKeyError:  # another process took the number or the batch: the log now says which
            entry = await services.database.transaction(apply)
        await services.signals.send(f"design:{entry.design}")
        return EditsApplied(
            seq=entry.seq,
            dropped=[DroppedEdit(index=dropped["index"], reason=dropped["reason"]) for dropped in entry.dropped],
            inverse=strawberry.ID(str(entry.id)),
        )

"""Batches of edits on their way into a design's log: what their authors ask for, and whether that can be done there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from beanie import PydanticObjectId

from models.design import Design
from models.edits import Edit
from models.errors import InvalidInputError, NotFoundError


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Edits that apply together, by the name that their client gave them.

    Instead of edits, `undoes` is the id of a batch in the log whose inverse is applied, `restores` that of a version to
    which the canvas goes back; what it is before that is saved as one. `assets` are those that the edits refer to, with
    where they do. `judge` raises unless the author may edit the design, which is None where it is missing.
    """

    id: str
    author: PydanticObjectId
    judge: Callable[[Design | None], None]
    base_seq: int = 0
    edits: Sequence[Edit] = ()
    undoes: PydanticObjectId | None = None
    restores: PydanticObjectId | None = None
    assets: Mapping[PydanticObjectId, tuple[str, ...]] = field(default_factory=dict)


def edits_of(
    batch: Batch, kept: range, undone: Mapping[PydanticObjectId, list[Edit]], assets: AbstractSet[PydanticObjectId]
) -> Sequence[Edit]:
    """Return what a batch does to a design that has these assets.

    `kept` are the numbers after which its log is whole, the last of them that of its newest batch; `undone` what would
    undo the batches that it still has.

    Raises:
        InvalidInputError: the batch's `base_seq` is none of `kept`, or an asset is missing.
        NotFoundError: what it undoes was never there, or is no longer.

    """
    if batch.undoes is not None:
        if batch.undoes not in undone:
            raise NotFoundError("DesignEdit", path=("inverse",))
        return undone[batch.undoes]
    if batch.base_seq >= kept.stop:
        message = f"baseSeq: the design is at {kept.stop - 1}, not yet at {batch.base_seq}."
        raise InvalidInputError(message, path=("baseSeq",))
    if batch.base_seq < kept.start:
        message = (
            f"baseSeq: the design's log is kept from {kept.start} on, and {batch.base_seq} is before that. "
            "Read the canvas, and send the edits with its `seq`."
        )
        raise InvalidInputError(message, path=("baseSeq",))
    for id_, path in batch.assets.items():
        if id_ not in assets:
            message = f"{'.'.join(path)}: the organization has no such picture."
            raise InvalidInputError(message, path=path)
    return batch.edits

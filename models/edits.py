"""Edits of a canvas, as they are sent: checked in themselves, whatever canvas they meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import orjson
import pydantic

from models.element import Angle, ElementKey, Extent, Length, OrderKey, Props, Shape
from models.errors import InvalidInputError

MOST_EDITS = 500
"""How many edits a batch may have."""

MOST_BATCH_BYTES = 128 << 10
"""How large a batch may be, as JSON."""


class _Edit(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    key: ElementKey


class AddElement(_Edit):
    """A new object. Without an order key it goes on top."""

    edit: Literal["add"] = "add"
    shape: Shape


class SetElement(_Edit):
    """A patch: fields that are not given stay; a prop set to null goes."""

    edit: Literal["set"] = "set"
    x: Length | None = None
    y: Length | None = None
    width: Extent | None = None
    height: Extent | None = None
    rotation: Angle | None = None
    props: Props | None = None


class RemoveElement(_Edit):
    """The object goes, and everything inside it."""

    edit: Literal["remove"] = "remove"


class MoveElement(_Edit):
    """Another parent (null is the canvas itself) or another place among its siblings."""

    edit: Literal["move"] = "move"
    parent: ElementKey | None = None
    order: OrderKey | None = None


class ReviveElement(_Edit):
    """The object comes back as it was, with those of `keys` that went with it: nobody but an undo asks for it."""

    edit: Literal["revive"] = "revive"
    keys: list[ElementKey]


Edit = AddElement | SetElement | RemoveElement | MoveElement | ReviveElement
_UNDOING: pydantic.TypeAdapter[list[Edit]] = pydantic.TypeAdapter(
    list[Annotated[Edit, pydantic.Field(discriminator="edit")]]
)


def undoing(inverse: Iterable[Mapping[str, Any]]) -> list[Edit]:
    """Return the edits that undo a batch, from its `Outcome.inverse`."""
    return _UNDOING.validate_python(list(inverse))


def named(edits: Iterable[Edit]) -> set[str]:
    """Return the keys that edits name: `canvas.apply` must know whether each was ever used."""
    keys: set[str] = set()
    for edit in edits:
        keys.add(edit.key)
        if isinstance(edit, ReviveElement):
            keys.update(edit.keys)
    return keys


def check_size(count: int) -> None:
    """Refuse a batch that is empty or has too many edits.

    Raises:
        InvalidInputError: says how many edits a batch may have.

    """
    if not 1 <= count <= MOST_EDITS:
        raise InvalidInputError(f"A batch has 1 to {MOST_EDITS} edits; this one has {count}.", path=("edits",))


def check_bytes(edits: Iterable[Edit]) -> None:
    """Refuse a batch that is too large.

    Raises:
        InvalidInputError: says how many bytes a batch may have.

    """
    size = sum(len(orjson.dumps(edit.model_dump(mode="json", exclude_none=True))) for edit in edits)
    if size > MOST_BATCH_BYTES:
        message = f"A batch has at most {MOST_BATCH_BYTES} bytes as JSON; this one has {size}. Send it in parts."
        raise InvalidInputError(message, path=("edits",))

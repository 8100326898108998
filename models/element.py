"""Elements, the objects on a design's canvas, and the log of edits that brings them about.

Lengths are centimetres; (x, y) is the top left of the unrotated box; rotation is in degrees, clockwise about the
box's centre.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any

import orjson
import pydantic
from beanie import PydanticObjectId
from pymongo import IndexModel

from models.entity import Entity

MOST_ELEMENTS = 20_000
"""How many elements a canvas may have."""

_MOST_PROPS_BYTES = 16 * 1024
_MOST_LEVELS = 32

Length = Annotated[float, pydantic.Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Extent = Annotated[float, pydantic.Field(ge=0, le=1e6, allow_inf_nan=False)]
Angle = Annotated[float, pydantic.Field(ge=-360, le=360, allow_inf_nan=False)]
OrderKey = Annotated[str, pydantic.Field(pattern=r"^[0-9A-Za-z]{1,64}$")]
ElementKey = Annotated[str, pydantic.Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


def _storable(value: Any, levels: int = _MOST_LEVELS) -> bool:
    """Whether MongoDB can keep a JSON value: numbers of 64 bits, no NUL in names, nested within bounds."""
    match value:
        case bool() | None | str():
            return True
        case int():
            return -(2**63) <= value < 2**63
        case float():
            return math.isfinite(value)
        case list() | dict() if levels:
            names, values = (value.keys(), value.values()) if isinstance(value, dict) else ((), value)
            return all("\0" not in name for name in names) and all(_storable(part, levels - 1) for part in values)
        case _:
            return False


def _small(props: dict[str, Any]) -> dict[str, Any]:
    if not _storable(props):
        raise ValueError(
            f"props are JSON of at most {_MOST_LEVELS} levels, with numbers of 64 bits and no NUL in names"
        )
    if len(orjson.dumps(props)) > _MOST_PROPS_BYTES:
        raise ValueError(f"an element's props are at most {_MOST_PROPS_BYTES} bytes of JSON")
    if any("$" in name or "." in name or not name for name in props):
        raise ValueError("a prop's name is not empty and has neither `.` nor `$`")
    return props


Props = Annotated[dict[str, Any], pydantic.AfterValidator(_small)]


class ElementKind(StrEnum):
    """What an object on a canvas is."""

    WALL = "WALL"
    DOOR = "DOOR"
    WINDOW = "WINDOW"
    FURNITURE = "FURNITURE"
    LABEL = "LABEL"


class Shape(pydantic.BaseModel):
    """What can be said of an object, apart from which one it is."""

    model_config = pydantic.ConfigDict(extra="forbid")

    kind: ElementKind
    x: Length
    y: Length
    width: Extent
    height: Extent
    rotation: Angle = 0
    parent: ElementKey | None = None
    order: OrderKey | None = None
    props: Props = pydantic.Field(default_factory=dict)


class Element(Entity):
    """One object on a canvas: the read model of the log.

    `id` is `<design>:<key>`, where the key is made by the client that added it. A removed element stays, marked,
    because its key is never used again.
    """

    id: str  # type: ignore[assignment]  # composed, see above
    organization: PydanticObjectId
    design: PydanticObjectId
    key: ElementKey
    kind: ElementKind
    x: Length
    y: Length
    width: Extent
    height: Extent
    rotation: Angle = 0
    parent: ElementKey | None = None
    order: OrderKey
    props: Props = pydantic.Field(default_factory=dict)
    removed: bool = False

    images = False

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "elements"
        indexes = [IndexModel([("design", 1), ("removed", 1), ("order", 1), ("_id", 1)], name="canvas")]


class DesignEdit(Entity):
    """One batch in a design's log, append-only: what took effect, what was dropped and why, what would undo it.

    The change stream carries its state before, so that a deleted design's log tells whose it was. An insert costs
    nothing more by that: MongoDB keeps such states of updates and deletes alone.
    """

    design: PydanticObjectId
    seq: int
    batch: str
    author: PydanticObjectId
    base_seq: int
    edits: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    inverse: list[dict[str, Any]]

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "design_edits"
        indexes = [
            IndexModel([("design", 1), ("seq", 1)], unique=True),
            IndexModel([("design", 1), ("batch", 1)], unique=True),
        ]

"""Elements, the objects on a design's canvas, and the log of edits that brings them about.

Lengths are centimetres; (x, y) is the top left of the unrotated box; rotation is in degrees, clockwise about the
box's centre.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson
import pydantic
from beanie import PydanticObjectId
from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from models.collection import Collection
from models.entity import Entity
from models.personal import Erasing

MOST_ELEMENTS = 20_000
"""How many elements a canvas may have."""

MOST_PROPS_BYTES = 16 * 1024
"""How large an element's props may be, as JSON."""

_TEXTS = {"asset": 128, "colour": 64, "item": 64, "swing": 16, "text": 2000}  # props that are text: characters at most
_LENGTHS = {"sill": 1000.0, "elevation": 10_000.0}  # props in centimetres: at most
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
    if len(orjson.dumps(props)) > MOST_PROPS_BYTES:
        raise ValueError(f"an element's props are at most {MOST_PROPS_BYTES} bytes of JSON")
    if any("$" in name or "." in name or not name for name in props):
        raise ValueError("a prop's name is not empty and has neither `.` nor `$`")
    for name, most in _TEXTS.items():
        if not (props.get(name) is None or (isinstance(props[name], str) and len(props[name]) <= most)):
            raise ValueError(f"`{name}` is text of at most {most} characters")
    for name, farthest in _LENGTHS.items():
        if not (props.get(name) is None or (_is_number(props[name]) and 0 <= props[name] <= farthest)):
            raise ValueError(f"`{name}` is a length from 0 to {farthest:g} cm")
    return props


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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


STATE: Final = ("kind", "x", "y", "width", "height", "rotation", "parent", "order", "props", "removed")
"""What is known of an element on a canvas."""


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
    personal = {}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "elements"
        indexes = [IndexModel([("design", 1), ("removed", 1), ("order", 1), ("_id", 1)], name="canvas")]

    @classmethod
    async def living(cls, design: PydanticObjectId, session: AsyncClientSession) -> dict[str, dict[str, Any]]:
        """Return what is known (`STATE`) of a design's elements, by their keys; not of removed ones."""
        query = {"design": design, "removed": False}
        rows = cls.get_pymongo_collection().find(query, batch_size=MOST_ELEMENTS, session=session)
        return {row["key"]: state(row) async for row in rows}


def state(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known (`STATE`) of a stored element."""
    return {name: row[name] for name in STATE}


class DesignEdit(Entity):
    """One batch in a design's log, append-only: what took effect, what was dropped and why, what would undo it.

    `project` and `organization` repeat the design's, neither of which ever changes; `added`, `changed` and `removed`
    count elements (`models.activity`). A batch from before there were these has none until it was migrated, and is in
    no project's activity.

    The change stream carries its state before, so that a deleted design's log tells whose it was. An insert costs
    nothing more by that: MongoDB keeps such states of updates and deletes alone.
    """

    design: PydanticObjectId
    project: PydanticObjectId | None = None
    organization: PydanticObjectId | None = None
    seq: int
    batch: str
    author: PydanticObjectId
    base_seq: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    edits: list[dict[str, Any]] = pydantic.Field(default_factory=list)
    dropped: list[dict[str, Any]] = pydantic.Field(default_factory=list)
    inverse: list[dict[str, Any]] = pydantic.Field(default_factory=list)

    personal = {"author": Erasing.STAYS}
    exported = ()  # work on an organization's drawings
    collections = (Collection(name="edits_by_project", by=("project",), order=(("created_at", -1), ("_id", -1))),)
    unshown = ("edits", "dropped", "inverse")

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "design_edits"
        indexes = [
            IndexModel([("design", 1), ("seq", 1)], unique=True),
            IndexModel([("design", 1), ("batch", 1)], unique=True),
            IndexModel([("created_at", 1), ("design", 1)], name="age"),
        ]

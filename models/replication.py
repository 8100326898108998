"""The log of changes that devices catch up from: one row for each document that is replicated, moved at each change.

The relay writes it in the order in which the database committed (`workers.relay.recorder`), each row after those of all
earlier changes: so whoever has read up to a position has missed nothing before it. A timestamp would lose what was
committed late. The row of a deleted document stays, and says so.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from beanie import PydanticObjectId
from bson import ObjectId
from bson.errors import InvalidId
from pymongo import IndexModel

from models.comment import Comment
from models.design import Design
from models.entity import Entity
from models.errors import InvalidInputError
from models.project import Project

REPLICATED: Final[tuple[type[Entity], ...]] = (Project, Design, Comment)
"""The documents that devices keep copies of."""

MOST_ROWS: Final = 500
"""How many rows a device may pull, or push, at once."""


def position(time: int, within: str) -> str:
    """Return a position: MongoDB's time of a change, and its place among those of that time, as text that sorts."""
    return f"{time:016x}.{within}"


class Change(Entity):
    """That a document changed, or was deleted. `id` is `<type>:<document>`.

    `position` is where its newest change stands, `first` where the row stood when it was made: a device that has read
    up to there or beyond may have the document.
    """

    id: str  # type: ignore[assignment]  # composed, see above
    kind: str
    document: PydanticObjectId
    organization: PydanticObjectId
    position: str
    first: str
    deleted: bool = False

    images = False
    personal = {}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "changes"
        indexes = [
            IndexModel([("organization", 1), ("kind", 1), ("position", 1)], name="changed"),
            IndexModel([("organization", 1), ("kind", 1), ("_id", 1)], name="known"),
        ]


@dataclass(frozen=True)
class Mark:
    """How far a device has read an organization's log; after its access ended, up to which id it was told so."""

    position: str = ""
    told: str = ""


Marks = Mapping[PydanticObjectId, Mark]
"""How far a device has read the log of each organization."""


def written(marks: Marks) -> str:
    """Return marks as text without dots, for a client to keep."""
    told = {str(organization): [mark.position, mark.told] for organization, mark in sorted(marks.items())}
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode()


def read(text: str) -> dict[PydanticObjectId, Mark]:
    """Return the inverse of `written`; raises InvalidInputError for what is none."""
    try:
        told: Any = orjson.loads(base64.urlsafe_b64decode(text))
        return {PydanticObjectId(ObjectId(key)): Mark(str(at), str(last)) for key, (at, last) in told.items()}
    except (ValueError, TypeError, AttributeError, InvalidId) as error:
        raise InvalidInputError("checkpoint: this is none of this API.", path=("checkpoint",)) from error

"""Designs: drawings of a project's rooms. A published design of a public project is seen by everybody."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from beanie import PydanticObjectId
from pymongo import IndexModel

from models.collection import PRESENT, Collection
from models.entity import Entity, line
from models.personal import Erasing
from models.project import Style


class Room(StrEnum):
    """What a room is for."""

    LIVING_ROOM = "LIVING_ROOM"
    BEDROOM = "BEDROOM"
    KITCHEN = "KITCHEN"
    BATHROOM = "BATHROOM"
    DINING_ROOM = "DINING_ROOM"
    STUDY = "STUDY"
    HALLWAY = "HALLWAY"
    TERRACE = "TERRACE"


class Design(Entity):
    """A drawing of one room.

    `seq` is the number of its newest batch of edits, `log_floor` that after which its log is whole: what came up to it
    was trimmed, or will be. `project_public` copies whether its project is seen by everybody, written in the
    transaction that changes the project. `like_count` is a snapshot, renewed at intervals.
    """

    project: PydanticObjectId
    organization: PydanticObjectId
    author: PydanticObjectId
    title: Annotated[str, line(160)]
    room: Room
    style: Style
    seq: int = 0
    log_floor: int = 0
    cover: PydanticObjectId | None = None
    published_at: datetime | None = None
    project_public: bool = False
    like_count: int = 0

    personal = {"author": Erasing.STAYS}
    collections = (
        Collection(name="designs_by_project", by=("project",), order=(("created_at", 1), ("_id", 1))),
        Collection(
            name="published_designs_by_project",
            by=("project",),
            where={"project_public": True, "published_at": PRESENT},
            order=(("published_at", -1), ("_id", -1)),
        ),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "designs"
        indexes = ["author"]

    @property
    def public(self) -> bool:
        """Whether everybody may see it."""
        return self.project_public and self.published_at is not None


class Like(Entity):
    """One user's liking of one design. `pending` marks a change that `Design.like_count` does not show yet."""

    design: PydanticObjectId
    user: PydanticObjectId
    active: bool = True
    pending: bool = True

    images = False
    personal = {"user": Erasing.SOON}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "likes"
        indexes = [
            IndexModel([("design", 1), ("user", 1)], unique=True),
            IndexModel([("user", 1)]),
            IndexModel([("pending", 1)], partialFilterExpression={"pending": True}),
        ]

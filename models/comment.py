"""Comments: what an organization's members say to each other about a design. Nobody else sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import pydantic
from beanie import PydanticObjectId
from pymongo import IndexModel

from models.collection import Collection
from models.entity import Entity, line
from models.personal import Erasing

MOST_MENTIONS = 20
"""How many people a comment may mention."""


class Anchor(pydantic.BaseModel):
    """What a comment points at: an element (its key on the canvas), a point in centimetres, or both."""

    element: str | None = None
    x: Annotated[float, pydantic.Field(ge=-1e6, le=1e6)] | None = None
    y: Annotated[float, pydantic.Field(ge=-1e6, le=1e6)] | None = None


class Comment(Entity):
    """A remark, or a reply to one (`parent`); threads are one level deep.

    `orphaned`: the element that it points at was removed. `mentions` are the members whom it is meant for.
    """

    design: PydanticObjectId
    organization: PydanticObjectId
    parent: PydanticObjectId | None = None
    author: PydanticObjectId
    body: Annotated[str, line(10_000)]
    anchor: Anchor | None = None
    orphaned: bool = False
    mentions: Annotated[list[PydanticObjectId], pydantic.Field(max_length=MOST_MENTIONS)] = pydantic.Field(
        default_factory=list
    )
    edited_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: PydanticObjectId | None = None

    personal = {"author": Erasing.STAYS, "resolved_by": Erasing.STAYS, "mentions": Erasing.STAYS}
    collections = (
        Collection(
            name="comments_by_design", by=("design",), where={"parent": None}, order=(("created_at", 1), ("_id", 1))
        ),
        Collection(name="replies_by_comment", by=("parent",), order=(("created_at", 1), ("_id", 1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "comments"
        indexes = [
            IndexModel([("author", 1)]),
            IndexModel(
                [("design", 1), ("anchor.element", 1)],
                name="anchored",
                partialFilterExpression={"anchor.element": {"$exists": True}},
            ),
        ]


class Mention(Entity):
    """That a comment is meant for somebody. It goes with the comment."""

    comment: PydanticObjectId
    design: PydanticObjectId
    organization: PydanticObjectId
    user: PydanticObjectId

    personal = {"user": Erasing.SOON}
    collections = (Collection(name="mentions_by_user", by=("user",), order=(("created_at", -1), ("_id", -1))),)

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "mentions"
        indexes = [IndexModel([("comment", 1)]), IndexModel([("design", 1)])]

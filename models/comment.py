"""Comments: what an organization's members say to each other about a design. Nobody else sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import pydantic
from beanie import PydanticObjectId

from models.collection import Collection
from models.entity import Entity, line


class Anchor(pydantic.BaseModel):
    """What a comment points at: an element (its key on the canvas), a point in centimetres, or both."""

    element: str | None = None
    x: Annotated[float, pydantic.Field(ge=-1e6, le=1e6)] | None = None
    y: Annotated[float, pydantic.Field(ge=-1e6, le=1e6)] | None = None


class Comment(Entity):
    """A remark, or a reply to one (`parent`); threads are one level deep."""

    design: PydanticObjectId
    organization: PydanticObjectId
    parent: PydanticObjectId | None = None
    author: PydanticObjectId
    body: Annotated[str, line(10_000)]
    anchor: Anchor | None = None
    edited_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: PydanticObjectId | None = None

    collections = (
        Collection(
            name="comments_by_design", by=("design",), where={"parent": None}, order=(("created_at", 1), ("_id", 1))
        ),
        Collection(name="replies_by_comment", by=("parent",), order=(("created_at", 1), ("_id", 1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "comments"

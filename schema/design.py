"""Designs and likes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models.design
from models.design import Room
from models.project import Style
from schema.asset import Asset
from schema.connection import Connection
from schema.context import Info
from schema.element import Canvas, Element
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.node import Node, show
from schema.pictures import Format, Image, Signing, previews, signed
from schema.project import Project
from schema.relations import computed, reference, related
from schema.user import User

if TYPE_CHECKING:
    from schema.comment import Comment
    from schema.version import DesignVersion

strawberry.enum(Room, description="What a room is for.")


@strawberry.type(description="A drawing of one room.")
class Design(Node, stores=models.design.Design):
    """A drawing of one room."""

    title: str = strawberry.field(description="Its title.")
    room: Room = strawberry.field(description="What the room is for.")
    style: Style = strawberry.field(description="Its style.")
    seq: int = strawberry.field(description="The number of its newest batch of edits.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    published_at: datetime | None = strawberry.field(description="When it was published; null while it is not.")
    like_count: int = strawberry.field(description="How many like it: a snapshot, renewed every few seconds.")
    project: Project | None = reference("Project", key="project", description="The property it is for.")
    author: User | None = reference("User", key="author", description="Who began it.")
    cover: Asset | None = reference("Asset", key="cover", description="Its picture.")
    comments: Connection[Annotated[Comment, strawberry.lazy("schema.comment")]] = related(
        "comments_by_design", by="design", description="What members say about it; only shown to members."
    )

    versions: Connection[Annotated[DesignVersion, strawberry.lazy("schema.version")]] = related(
        "versions_by_design", by="design", description="What was saved of it, the newest first; only shown to members."
    )

    @computed("id", "seq", description="Everything on it, at one moment.", leads_to="Element", loads="canvas")
    async def canvas(self, info: Info) -> Canvas:
        """Return the elements and the `seq` that they show."""
        canvas = await info.context.loaders.canvas_by_design.load(self.document.id)
        elements: list[Element] = [show(element) for element in canvas.rows]
        return Canvas(seq=canvas.seq, elements=elements)

    @computed(
        "id",
        "seq",
        description="A drawing of what is on it, 4:3; another address after each edit.",
        once=signed(previews),
    )
    def preview(self, info: Info, width: int, format: Format | None = None) -> Image | None:  # noqa: A002 - as of a picture
        """Return the address of a variant of the drawing."""
        return previews(Signing.of(info), width, format)(self.document.id, self.document.seq)

    @computed("id", description="Whether the viewer likes it; null for nobody.", loads="liked")
    async def viewer_has_liked(self, info: Info) -> bool | None:
        """Return whether the viewer likes it."""
        loader = info.context.loaders.liked(info.context.viewer)
        return None if loader is None else await loader.load(self.document.id)


@strawberry.input
class CreateDesignInput:
    """A new design, with an empty canvas."""

    project_id: strawberry.ID
    title: str
    room: Room
    style: Style


@strawberry.input
class UpdateDesignInput:
    """Fields that are left out stay as they are."""

    id: strawberry.ID
    title: str | None = strawberry.UNSET
    room: Room | None = strawberry.UNSET
    style: Style | None = strawberry.UNSET
    cover_id: strawberry.ID | None = strawberry.UNSET


DesignResult = Annotated[Design | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("DesignResult")]
LikeResult = Annotated[Design | NotSignedIn | NotFound | InvalidInput, strawberry.union("LikeResult")]

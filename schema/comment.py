"""Comments: members' remarks about a design."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.comment
from schema import ids
from schema.connection import Connection
from schema.design import Design
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.node import Node
from schema.relations import computed, reference, related
from schema.user import User


@strawberry.type(description="What a comment points at.")
class Anchor:
    """An element, a point in centimetres, or both."""

    element: str | None = strawberry.field(description="The element's key on the canvas.")
    x: float | None
    y: float | None


@strawberry.type(description="A remark about a design, or a reply to one.")
class Comment(Node, stores=models.comment.Comment):
    """A remark, or a reply."""

    body: str = strawberry.field(description="What it says.")
    created_at: datetime = strawberry.field(description="When it was written.")
    edited_at: datetime | None = strawberry.field(description="When its text last changed.")
    resolved_at: datetime | None = strawberry.field(description="When it was settled; null while it is open.")
    author: User | None = reference("User", key="author", description="Who wrote it.")
    resolver: User | None = reference("User", key="resolved_by", description="Who settled it.")
    design: Design | None = reference("Design", key="design", description="What it is about.")
    orphaned: bool = strawberry.field(description="The element that it points at was removed.")
    parent: Annotated[Comment, strawberry.lazy("schema.comment")] | None = reference(
        "Comment", key="parent", description="What it replies to."
    )
    replies: Connection[Annotated[Comment, strawberry.lazy("schema.comment")]] = related(
        "replies_by_comment", by="parent", description="The replies, the oldest first."
    )

    @computed("mentions", description="Whom it is meant for: ids of users.")
    def mention_ids(self) -> list[strawberry.ID]:
        """Return the ids of those who are mentioned."""
        return [ids.encode("User", user) for user in self.document.mentions]

    @computed("anchor", description="What it points at.")
    def anchor(self) -> Anchor | None:
        """Return the anchor."""
        anchor = self.document.anchor
        return None if anchor is None else Anchor(element=anchor.element, x=anchor.x, y=anchor.y)


@strawberry.type(description="That a comment is meant for somebody.")
class Mention(Node, stores=models.comment.Mention):
    """A mention of the viewer."""

    created_at: datetime = strawberry.field(description="When they were mentioned.")
    comment: Comment | None = reference("Comment", key="comment", description="The comment.")


@strawberry.input
class AnchorInput:
    """An element (its key), a point in centimetres, or both."""

    element: str | None = None
    x: float | None = None
    y: float | None = None


@strawberry.input
class AddCommentInput:
    """A new comment; with `parentId` a reply."""

    design_id: strawberry.ID
    body: str
    parent_id: strawberry.ID | None = None
    anchor: AnchorInput | None = None
    mentions: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Members whom it is meant for, 20 at most; their `mentions` show it."
    )


@strawberry.input
class EditCommentInput:
    """A comment's new text; mentions that are left out stay."""

    id: strawberry.ID
    body: str
    mentions: list[strawberry.ID] | None = None


CommentResult = Annotated[
    Comment | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("CommentResult")
]

"""What subscribers to a design hear."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.comment import Comment
from schema.element import EffectiveEdit
from schema.presence import Present
from schema.user import User

_AS_OF = (
    "Send it back as `Edge-As-Of` with the queries that this event causes: "
    "then no cache answers them from before the event."
)


@strawberry.type(description="A batch of edits took effect.")
class EditsCommitted:
    """One entry of the design's log."""

    seq: int = strawberry.field(description="Its number; numbers have no holes.")
    batch_id: strawberry.ID = strawberry.field(description="The name its client gave it.")
    author: User | None = strawberry.field(description="Who made it.")
    edits: list[EffectiveEdit] = strawberry.field(description="The edits that took effect.")
    as_of: str = strawberry.field(description=_AS_OF)


@strawberry.type(description="A comment was written, changed or settled; null: it was deleted.")
class CommentChanged:
    """A change of the design's comments."""

    id: strawberry.ID
    comment: Comment | None
    as_of: str = strawberry.field(description=_AS_OF)


@strawberry.type(description="The viewer may no longer follow this design; the subscription ends.")
class AccessChanged:
    """The last event of a subscription whose right has gone."""

    message: str


@strawberry.type(
    description="What was asked for is no longer in the log: read the canvas and subscribe from its `seq`."
)
class ResyncRequired:
    """The subscription cannot go on without a hole."""

    seq: int = strawberry.field(description="The design's newest batch.")
    as_of: str = strawberry.field(description=_AS_OF)


@strawberry.type(description="Sent when it is quiet: the newest batch's number, so that a lost message is noticed.")
class Heartbeat:
    """A sign of life."""

    seq: int
    as_of: str = strawberry.field(description=_AS_OF)


@strawberry.type(
    description="Who is at the design now; told at most 20 times a second, to subscriptions that select it."
)
class PresenceChanged:
    """Everybody who is there, at once."""

    people: list[Present]


DesignEvent = Annotated[
    EditsCommitted | CommentChanged | PresenceChanged | AccessChanged | ResyncRequired | Heartbeat,
    strawberry.union("DesignEvent"),
]

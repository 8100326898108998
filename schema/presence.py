"""Who is at a design right now: pointers and selections, which nobody keeps."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.user import User


@strawberry.type(description="A point on a canvas, in centimetres.")
class CanvasPoint:
    """A point."""

    x: float
    y: float


@strawberry.type(description="Somebody at a design, on one of their devices.")
class Present:
    """One device."""

    id: strawberry.ID = strawberry.field(description="The device: the same for as long as it is signed in.")
    user: User | None = strawberry.field(description="Who it is.")
    colour: str = strawberry.field(description="To draw their pointer in, as `#rrggbb`.")
    cursor: CanvasPoint | None = strawberry.field(description="Where they point; null: nowhere.")
    selection: list[str] = strawberry.field(description="The keys of the elements that they have selected.")


@strawberry.input
class CanvasPointInput:
    """A point on a canvas, in centimetres."""

    x: float
    y: float


@strawberry.input
class PresenceInput:
    """Where the viewer is. What is left out is shown no more."""

    cursor: CanvasPointInput | None = None
    selection: list[str] | None = None
    colour: str | None = strawberry.field(default=None, description="`#rrggbb`; without one, we choose.")


@strawberry.type(description="What of it others see.")
class PresenceShown:
    """Whether it is shown: not where a hundred are there already, or nobody can be told right now."""

    shown: bool


PresenceResult = Annotated[
    PresenceShown | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("PresenceResult")
]

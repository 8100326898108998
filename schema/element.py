"""The canvas: elements, edits, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry
from beanie import PydanticObjectId
from strawberry.scalars import JSON

import models.element
from auth.viewer import Viewer
from models.canvas import Reason
from models.element import ElementKind
from models.overwriting import Overwritten
from schema.context import Info
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn, RateLimited
from schema.node import Node, show
from schema.user import User

strawberry.enum(ElementKind, description="What an object on a canvas is.")
strawberry.enum(Reason, name="DropReason", description="Why an edit did not take effect.")


@strawberry.type(description="One object on a design's canvas. Lengths in centimetres, angles in degrees clockwise.")
class Element(Node, stores=models.element.Element):
    """One object on a canvas."""

    judged_by = ("organization", "removed")
    key: str = strawberry.field(description="Its name within the design, made by the client that added it.")
    kind: ElementKind = strawberry.field(description="What it is.")
    x: float = strawberry.field(description="The left of the unrotated box.")
    y: float = strawberry.field(description="The top of the unrotated box.")
    width: float = strawberry.field(description="The box's width.")
    height: float = strawberry.field(description="The box's height.")
    rotation: float = strawberry.field(description="About the box's centre.")
    parent: str | None = strawberry.field(description="The key of the element it lies in.")
    order: str = strawberry.field(description="Its place among its siblings, as text that sorts.")
    props: JSON = strawberry.field(description="What else is known of it, by kind.")

    def visible(self, viewer: Viewer) -> bool:
        """Whether the viewer may know of it; nobody knows of what was removed."""
        return super().visible(viewer) and not self.document.removed


@strawberry.type(description="Everything on a design at one moment.")
class Canvas:
    """A consistent snapshot; the one list that is not paged."""

    seq: int = strawberry.field(description="The number of the newest batch that it shows.")
    elements: list[Element] = strawberry.field(description="The objects, from bottom to top.", metadata={"rows": 50})


@strawberry.input
class AddElementInput:
    """A new object. Without an order key it goes on top."""

    key: str = strawberry.field(description="A name that you make, e.g. a UUID; never used before on this design.")
    kind: ElementKind
    x: float
    y: float
    width: float
    height: float
    rotation: float = 0
    parent: str | None = None
    order: str | None = None
    props: JSON | None = None


@strawberry.input
class SetElementInput:
    """A patch: what is left out stays; a prop that is null goes."""

    key: str
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    props: JSON | None = None


@strawberry.input
class RemoveElementInput:
    """The object goes, and everything inside it."""

    key: str


@strawberry.input
class MoveElementInput:
    """Another parent (null: the canvas itself) and another place among its siblings."""

    key: str
    parent: str | None = None
    order: str | None = None


@strawberry.input(one_of=True, description="One edit.")
class DesignEditInput:
    """One of the four edits."""

    add_element: AddElementInput | None = strawberry.UNSET
    set_element: SetElementInput | None = strawberry.UNSET
    remove_element: RemoveElementInput | None = strawberry.UNSET
    move_element: MoveElementInput | None = strawberry.UNSET


@strawberry.type(description="An edit that did not take effect.")
class DroppedEdit:
    """Its place in the batch, and why."""

    index: int = strawberry.field(description="Its place in the batch, from 0.")
    reason: Reason = strawberry.field(description="Why.")


@strawberry.type(description="An element that others had changed where a batch changed it, too.")
class OverwrittenElement:
    """See `models.overwriting`."""

    key: str
    properties: list[str] = strawberry.field(description="Which of its properties; a prop as `props.<name>`.")
    seq: int = strawberry.field(description="The newest of those batches of theirs.")
    author_id: strawberry.Private[PydanticObjectId]

    @strawberry.field(description="Who made that one.")
    async def author(self, info: Info) -> User | None:
        """Return the author."""
        author: User | None = show(await info.context.loaders.entity("User").load(self.author_id))
        return author


@strawberry.type(description="A batch that is durable: written by a majority, in its journals.")
class EditsApplied:
    """What `applyDesignEdits` acknowledges; `compare` says what it overwrote, which is found out if it is asked for."""

    seq: int = strawberry.field(description="The batch's number in the design's log.")
    dropped: list[DroppedEdit] = strawberry.field(description="The edits that did not take effect.")
    inverse: strawberry.ID = strawberry.field(description="Names what would undo this batch.")
    compare: strawberry.Private[Callable[[], Awaitable[list[Overwritten]]]]

    @strawberry.field(
        description="What it set, moved or removed of elements that others had changed since its `baseSeq`; nothing of "
        "one that undoes or restores."
    )
    async def overwritten(self) -> list[OverwrittenElement]:
        """Return what was overwritten, by element."""
        return [
            OverwrittenElement(
                key=found.key, properties=sorted(found.properties), seq=found.seq, author_id=found.author
            )
            for found in await self.compare()
        ]


@strawberry.type(description="An object appeared.")
class ElementAdded:
    """An effective edit."""

    key: str
    kind: ElementKind
    x: float
    y: float
    width: float
    height: float
    rotation: float
    parent: str | None
    order: str
    props: JSON


@strawberry.type(description="The properties that changed; those that are null did not.")
class ElementPatch:
    """What an edit set."""

    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    props: JSON | None = strawberry.field(default=None, description="The changed props; a null one is gone.")


@strawberry.type(description="Some of an object's properties changed.")
class ElementSet:
    """An effective edit."""

    key: str
    patch: ElementPatch


@strawberry.type(description="Objects went.")
class ElementRemoved:
    """An effective edit."""

    key: str
    keys: list[str] = strawberry.field(description="The object and all that was inside it.")


@strawberry.type(description="An object has another parent or another place.")
class ElementMoved:
    """An effective edit."""

    key: str
    parent: str | None
    order: str


EffectiveEdit = Annotated[ElementAdded | ElementSet | ElementRemoved | ElementMoved, strawberry.union("EffectiveEdit")]


def effective(logged: dict[str, Any]) -> Any:
    """Return an effective edit of the log as its GraphQL type."""
    fields = {name: value for name, value in logged.items() if name != "edit"}
    match logged["edit"]:
        case "add":
            return ElementAdded(**{**fields, "kind": ElementKind(fields["kind"])})
        case "set":
            return ElementSet(key=fields.pop("key"), patch=ElementPatch(**fields))
        case "remove":
            return ElementRemoved(**fields)
        case _:
            return ElementMoved(**fields)


ApplyDesignEditsResult = Annotated[
    EditsApplied | NotSignedIn | NotFound | NotAllowed | InvalidInput | RateLimited,
    strawberry.union("ApplyDesignEditsResult"),
]

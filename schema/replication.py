"""Copies that devices keep, and the three operations that keep them: pull, push, stream.

The shape is that of RxDB's GraphQL replication (https://rxdb.info/replication-graphql.html): flat documents with
`_deleted`, and a checkpoint that the device gives back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import strawberry
from beanie import PydanticObjectId

import models.comment
import models.design
import models.project
from models.design import Room
from models.entity import Entity
from models.project import Kind, Status, Style, Visibility
from models.replication import MOST_ROWS
from schema import ids
from schema.comment import Anchor, AnchorInput
from schema.location import Location
from schema.project import Address, AddressInput, LocationInput, Money, MoneyInput
from schema.scalars import Amount

ReplicaT = TypeVar("ReplicaT")

_DELETED: Final = "It was deleted, or the viewer may know of it no more; then nothing else is told."
_REFUSAL: Final = "Why what was pushed is not what it is now; only in answers to a push."


@strawberry.type(description="How far a device has pulled; its own matter, to be given back as it is.")
class Checkpoint:
    """A signed position in the logs of the viewer's organizations."""

    position: str


@strawberry.input(description="A checkpoint as it was given.")
class CheckpointInput:
    """See `Checkpoint`."""

    position: str


@strawberry.type(description="Documents that changed, in the order of their changes.")
class PullBulk(Generic[ReplicaT]):
    """What a device lacks; fewer documents than its limit say that it lacks nothing more."""

    documents: list[ReplicaT] = strawberry.field(metadata={"rows": MOST_ROWS})
    checkpoint: Checkpoint


@strawberry.type(description="A device's copy of a project.")
class ProjectReplica:
    """A project, flat."""

    id: strawberry.ID
    deleted: bool = strawberry.field(name="_deleted", description=_DELETED)
    organization_id: strawberry.ID | None = None
    owner_id: strawberry.ID | None = None
    title: str | None = None
    slug: str | None = None
    description: str | None = None
    kind: Kind | None = None
    status: Status | None = None
    visibility: Visibility | None = None
    style: Style | None = None
    address: Address | None = None
    location: Location | None = None
    area_m2: int | None = None
    rooms: int | None = None
    price: Money | None = None
    cover_id: strawberry.ID | None = None
    created_at: datetime | None = None
    listed_at: datetime | None = None
    refusal: str | None = strawberry.field(default=None, description=_REFUSAL)


@strawberry.type(description="A device's copy of a design; its canvas is edited through the log of edits.")
class DesignReplica:
    """A design, flat."""

    id: strawberry.ID
    deleted: bool = strawberry.field(name="_deleted", description=_DELETED)
    organization_id: strawberry.ID | None = None
    project_id: strawberry.ID | None = None
    author_id: strawberry.ID | None = None
    title: str | None = None
    room: Room | None = None
    style: Style | None = None
    seq: int | None = None
    cover_id: strawberry.ID | None = None
    created_at: datetime | None = None
    published_at: datetime | None = None
    refusal: str | None = strawberry.field(default=None, description=_REFUSAL)


@strawberry.type(description="A device's copy of a comment.")
class CommentReplica:
    """A comment, flat."""

    id: strawberry.ID
    deleted: bool = strawberry.field(name="_deleted", description=_DELETED)
    organization_id: strawberry.ID | None = None
    design_id: strawberry.ID | None = None
    parent_id: strawberry.ID | None = None
    author_id: strawberry.ID | None = None
    body: str | None = None
    anchor: Anchor | None = None
    orphaned: bool | None = None
    mention_ids: list[strawberry.ID] | None = None
    created_at: datetime | None = None
    edited_at: datetime | None = None
    resolved_at: datetime | None = None
    resolver_id: strawberry.ID | None = None
    refusal: str | None = strawberry.field(default=None, description=_REFUSAL)


@strawberry.input(description="A project as a device has it. What only we decide is passed over.")
class ProjectReplicaInput:
    """What is left out stays as it is.

    A new one needs an id of its own (that of `Project:` and 24 random hexadecimal digits), and what creating one needs.
    """

    id: strawberry.ID
    deleted: bool = strawberry.field(name="_deleted", default=False)
    organization_id: strawberry.ID | None = strawberry.UNSET
    owner_id: strawberry.ID | None = strawberry.UNSET
    title: str | None = strawberry.UNSET
    slug: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    kind: Kind | None = strawberry.UNSET
    status: Status | None = strawberry.UNSET
    visibility: Visibility | None = strawberry.UNSET
    style: Style | None = strawberry.UNSET
    address: AddressInput | None = strawberry.UNSET
    location: LocationInput | None = strawberry.UNSET
    area_m2: int | None = strawberry.UNSET
    rooms: int | None = strawberry.UNSET
    price: MoneyInput | None = strawberry.UNSET
    cover_id: strawberry.ID | None = strawberry.UNSET
    created_at: datetime | None = strawberry.UNSET
    listed_at: datetime | None = strawberry.UNSET


@strawberry.input(description="A design as a device has it; published where `publishedAt` is not null.")
class DesignReplicaInput:
    """As `ProjectReplicaInput`."""

    id: strawberry.ID
    deleted: bool = strawberry.field(name="_deleted", default=False)
    organization_id: strawberry.ID | None = strawberry.UNSET
    project_id: strawberry.ID | None = strawberry.UNSET
    author_id: strawberry.ID | None = strawberry.UNSET
    title: str | None = strawberry.UNSET
    room: Room | None = strawberry.UNSET
    style: Style | None = strawberry.UNSET
    seq: int | None = strawberry.UNSET
    cover_id: strawberry.ID | None = strawberry.UNSET
    created_at: datetime | None = strawberry.UNSET
    published_at: datetime | None = strawberry.UNSET


@strawberry.input(description="A comment as a device has it; settled where `resolvedAt` is not null.")
class CommentReplicaInput:
    """As `ProjectReplicaInput`."""

    id: strawberry.ID
    deleted: bool = strawberry.field(name="_deleted", default=False)
    organization_id: strawberry.ID | None = strawberry.UNSET
    design_id: strawberry.ID | None = strawberry.UNSET
    parent_id: strawberry.ID | None = strawberry.UNSET
    author_id: strawberry.ID | None = strawberry.UNSET
    body: str | None = strawberry.UNSET
    anchor: AnchorInput | None = strawberry.UNSET
    orphaned: bool | None = strawberry.UNSET
    mention_ids: list[strawberry.ID] | None = strawberry.UNSET
    created_at: datetime | None = strawberry.UNSET
    edited_at: datetime | None = strawberry.UNSET
    resolved_at: datetime | None = strawberry.UNSET
    resolver_id: strawberry.ID | None = strawberry.UNSET


@strawberry.input(description="A project that a device changed.")
class ProjectPushRow:
    """Its new state, and what the device took for ours; null for one that it made."""

    new_document_state: ProjectReplicaInput
    assumed_master_state: ProjectReplicaInput | None = None


@strawberry.input(description="A design that a device changed.")
class DesignPushRow:
    """As `ProjectPushRow`."""

    new_document_state: DesignReplicaInput
    assumed_master_state: DesignReplicaInput | None = None


@strawberry.input(description="A comment that a device changed.")
class CommentPushRow:
    """As `ProjectPushRow`."""

    new_document_state: CommentReplicaInput
    assumed_master_state: CommentReplicaInput | None = None


def _id(kind: str, id_: PydanticObjectId | None) -> strawberry.ID | None:
    return None if id_ is None else ids.encode(kind, id_)


def _project(document: models.project.Project) -> dict[str, Any]:
    address, price = document.address, document.price
    return {
        "owner_id": _id("User", document.owner),
        "address": Address(
            street=address.street, postal_code=address.postal_code, city=address.city, country=address.country
        ),
        "location": Location.of(document.location),
        "price": None if price is None else Money(amount=Amount(price.amount), currency=price.currency),
        "cover_id": _id("Asset", document.cover),
    }


def _design(document: models.design.Design) -> dict[str, Any]:
    return {
        "project_id": _id("Project", document.project),
        "author_id": _id("User", document.author),
        "cover_id": _id("Asset", document.cover),
    }


def _comment(document: models.comment.Comment) -> dict[str, Any]:
    anchor = document.anchor
    return {
        "design_id": _id("Design", document.design),
        "parent_id": _id("Comment", document.parent),
        "author_id": _id("User", document.author),
        "anchor": None if anchor is None else Anchor(element=anchor.element, x=anchor.x, y=anchor.y),
        "mention_ids": [ids.encode("User", user) for user in document.mentions],
        "resolver_id": _id("User", document.resolved_by),
    }


@dataclass(frozen=True)
class Replica(Generic[ReplicaT]):
    """How a document is copied: `relates` gives what is not an attribute of the same name."""

    document: type[Entity]
    shape: type[ReplicaT]
    relates: Callable[[Any], dict[str, Any]]

    @property
    def kind(self) -> str:
        """Return the name of the type."""
        return self.document.__name__

    def of(self, document: Any, refusal: str | None = None) -> ReplicaT:
        """Return the copy of a document."""
        related = {"organization_id": _id("Organization", document.organization), **self.relates(document)}
        declared: Any = self.shape
        names = {field.python_name for field in declared.__strawberry_definition__.fields}
        plain = {name: getattr(document, name) for name in names & type(document).model_fields.keys()}
        values = {**plain, **related, "id": ids.encode(self.kind, document.id), "deleted": False, "refusal": refusal}
        return self.shape(**values)

    def gone(self, id_: Any, refusal: str | None = None) -> ReplicaT:
        """Return what is told of a document that is not there, or is none of the viewer's."""
        shape: Any = self.shape
        found: ReplicaT = shape(id=ids.encode(self.kind, id_), deleted=True, refusal=refusal)
        return found


PROJECTS: Final = Replica(models.project.Project, ProjectReplica, _project)
DESIGNS: Final = Replica(models.design.Design, DesignReplica, _design)
COMMENTS: Final = Replica(models.comment.Comment, CommentReplica, _comment)

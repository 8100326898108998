"""`Node`: what has a global id, and how a GraphQL type is filled from its document."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Self

import strawberry
from beanie import PydanticObjectId

from auth.viewer import Viewer
from models.entity import Entity
from schema import ids

TYPES: dict[type[Entity], type[Node]] = {}
"""The GraphQL type of each document class that has one."""


@strawberry.interface(description="Something with an id that is unique in the whole API.")
class Node:
    """The base of every type that shows a document.

    A plain field carries the name of the document's attribute; relations and computed fields are declared with
    `schema.relations`.
    """

    document: strawberry.Private[Any]

    stores: ClassVar[type[Entity]]
    judged_by: ClassVar[tuple[str, ...]] = ("organization",)
    """The attributes of the document that `tenant` and `visible` read."""

    def __init_subclass__(cls, stores: type[Entity], **kwargs: Any) -> None:
        """Register the type that shows a document class."""
        super().__init_subclass__(**kwargs)
        cls.stores = stores
        TYPES[stores] = cls

    @strawberry.field(description="The global id.")
    def id(self) -> strawberry.ID:
        """Return the Relay global id."""
        return ids.encode(self.stores.__name__, self.document.id)

    @classmethod
    def of(cls, document: Any) -> Self:
        """Show a document."""
        shape: Any = cls  # what `cache` takes as a key
        plain = {name: getattr(document, name) for name in _plain_fields(shape)}
        return cls(document=document, **plain)

    def tenant(self) -> PydanticObjectId | None:
        """Return the organization that it belongs to."""
        tenant: PydanticObjectId | None = self.document.tenant
        return tenant

    def visible(self, viewer: Viewer) -> bool:
        """Whether a viewer may know of it, when they come with its id."""
        organization = self.tenant()
        return organization is not None and organization in viewer.roles


@cache
def _plain_fields(cls: Any) -> tuple[str, ...]:
    """Return the fields that are filled from the document's attributes of the same name."""
    fields = cls.__strawberry_definition__.fields
    names = (field.python_name for field in fields if field.base_resolver is None)
    return tuple(name for name in names if name in cls.stores.model_fields)


def show(document: Entity | None) -> Any:
    """Return a document as its GraphQL type; None for None."""
    return None if document is None else TYPES[type(document)].of(document)

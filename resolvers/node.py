"""Entry fields for what belongs to organizations: by id, and the viewer."""

from __future__ import annotations

from functools import cache
from typing import Any

import strawberry

from models.errors import InvalidInputError
from schema import ids
from schema.comment import Comment
from schema.design import Design
from schema.entries import ById, Caller, Several, entry
from schema.lists import MOST_FIRST
from schema.node import TYPES, Node
from schema.organization import Organization
from schema.project import Project
from schema.user import User


@cache
def _kinds() -> frozenset[str]:
    """Return the types that have nodes; asked for late, when every feature has registered its own."""
    return frozenset(document.__name__ for document in TYPES)


def _anything(global_id: str, *, path: tuple[str, ...] = ("id",)) -> ById:
    """Select what has a global id; raises InvalidInputError where it is malformed, or its type has no nodes."""
    kind, id_ = ids.decode(global_id, path=path)
    if kind not in _kinds():
        raise InvalidInputError(f"{path[-1]}: there is no type {kind[:40]!r}.", path=path)
    key: Any = id_ if kind == "Element" else ids.object_id(id_, path=path)
    return ById(kind, key)


def _one(kind: str, global_id: str) -> ById:
    """Select one of a given type; raises InvalidInputError."""
    return ById(kind, ids.key(global_id, kind))


@strawberry.type
class NodeQueries:
    """The entry fields of signed-in clients."""

    @entry(Node | None, description="Anything by its global id; null where the viewer may not know of it.")
    def node(self, id: strawberry.ID) -> ById:  # noqa: A002 - Relay's word
        """Relay's refetch field."""
        return _anything(id)

    @entry(list[Node | None], description="Up to 100 things by their global ids, in their order.")
    def nodes(self, ids: list[strawberry.ID]) -> Several:
        """Relay's plural refetch field."""
        if len(ids) > MOST_FIRST:
            raise InvalidInputError(f"ids: at most {MOST_FIRST} at once, not {len(ids)}.", path=("ids",))
        return Several(tuple(_anything(id_, path=("ids",)) for id_ in ids))

    @entry(User | None, description="Who is signed in; null for nobody.")
    def viewer(self) -> Caller:
        """Select the caller."""
        return Caller()

    @entry(Organization | None, description="An organization that the viewer belongs to.")
    def organization(self, id: strawberry.ID) -> ById:  # noqa: A002
        """Select one organization."""
        return _one("Organization", id)

    @entry(Project | None, description="A project of the viewer's organizations.")
    def project(self, id: strawberry.ID) -> ById:  # noqa: A002
        """Select one project."""
        return _one("Project", id)

    @entry(Design | None, description="A design of the viewer's organizations.")
    def design(self, id: strawberry.ID) -> ById:  # noqa: A002
        """Select one design."""
        return _one("Design", id)

    @entry(Comment | None, description="A comment in the viewer's organizations.")
    def comment(self, id: strawberry.ID) -> ById:  # noqa: A002
        """Select one comment."""
        return _one("Comment", id)

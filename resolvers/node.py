"""Entry fields for what belongs to organizations: by id, and the viewer."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import strawberry

from models.errors import InvalidInputError
from schema import ids
from schema.comment import Comment
from schema.context import Info
from schema.design import Design
from schema.loaders import MOST_FIRST
from schema.node import TYPES, Node, show
from schema.organization import Organization
from schema.project import Project
from schema.user import User


@cache
def _kinds() -> frozenset[str]:
    """Return the types that have nodes; asked for late, when every feature has registered its own."""
    return frozenset(document.__name__ for document in TYPES)


async def find(info: Info, global_id: str, *, path: tuple[str, ...] = ("id",)) -> Any:
    """Return what has a global id, None where the viewer may not know of it.

    Raises:
        InvalidInputError: the id is malformed, or of a type that has no nodes.

    """
    kind, id_ = ids.decode(global_id, path=path)
    if kind not in _kinds():
        raise InvalidInputError(f"{path[-1]}: there is no type {kind[:40]!r}.", path=path)
    key: Any = id_ if kind == "Element" else ids.object_id(id_, path=path)
    node = show(await info.context.loaders.entity(kind).load(key))
    return node if node is not None and node.visible(info.context.viewer) else None


async def find_one(info: Info, kind: str, global_id: str) -> Any:
    """Return one of a given type, None where the viewer may not know of it; raises InvalidInputError."""
    ids.key(global_id, kind)
    return await find(info, global_id)


@strawberry.type
class NodeQueries:
    """The entry fields of signed-in clients."""

    @strawberry.field(description="Anything by its global id; null where the viewer may not know of it.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - Relay's word
        """Relay's refetch field."""
        found: Node | None = await find(info, id)
        return found

    @strawberry.field(description="Up to 100 things by their global ids, in their order.")
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        """Relay's plural refetch field."""
        if len(ids) > MOST_FIRST:
            raise InvalidInputError(f"ids: at most {MOST_FIRST} at once, not {len(ids)}.", path=("ids",))
        return list(await asyncio.gather(*(find(info, id_, path=("ids",)) for id_ in ids)))

    @strawberry.field(description="Who is signed in; null for nobody.")
    async def viewer(self, info: Info) -> User | None:
        """Return the caller."""
        user = info.context.viewer.user
        found: User | None = show(await info.context.loaders.entity("User").load(user)) if user else None
        return found

    @strawberry.field(description="An organization that the viewer belongs to.")
    async def organization(self, info: Info, id: strawberry.ID) -> Organization | None:  # noqa: A002
        """Return one organization."""
        found: Organization | None = await find_one(info, "Organization", id)
        return found

    @strawberry.field(description="A project of the viewer's organizations.")
    async def project(self, info: Info, id: strawberry.ID) -> Project | None:  # noqa: A002
        """Return one project."""
        found: Project | None = await find_one(info, "Project", id)
        return found

    @strawberry.field(description="A design of the viewer's organizations.")
    async def design(self, info: Info, id: strawberry.ID) -> Design | None:  # noqa: A002
        """Return one design."""
        found: Design | None = await find_one(info, "Design", id)
        return found

    @strawberry.field(description="A comment in the viewer's organizations.")
    async def comment(self, info: Info, id: strawberry.ID) -> Comment | None:  # noqa: A002
        """Return one comment."""
        found: Comment | None = await find_one(info, "Comment", id)
        return found

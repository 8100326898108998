"""Entry fields, declared: a pure function of the arguments says what is wanted, and whoever executes reads that.

What each of these answers is written twice, here for graphql-core and in `schema.compiled` for plans; the test of the
two executors' difference holds them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import strawberry
from strawberry.extensions import FieldExtension

from schema.connection import Connection, connect
from schema.context import Context
from schema.lists import PageKey
from schema.node import show

PUBLIC = {"scope": "PUBLIC"}
"""The metadata of an entry field that everybody may ask, always as nobody."""


class Wanted(Protocol):
    """What an entry field wants."""

    async def read(self, context: Context) -> Any:
        """Return the field's value."""
        ...


class Rows(NamedTuple):
    """A page of a declared list, as a connection."""

    collection: str
    key: PageKey

    async def read(self, context: Context) -> Connection[Any]:
        """Read the page."""
        connection: Connection[Any] = await connect(context, self.collection, self.key)
        return connection


class Only(NamedTuple):
    """The only member of a declared list; null if there is none."""

    collection: str
    key: PageKey

    async def read(self, context: Context) -> Any:
        """Read it."""
        page = await context.loaders.page(self.collection).load(self.key)
        return show(page.rows[0][1]) if page.rows else None


class ById(NamedTuple):
    """One entity; null where the viewer may not know of it, or with `public` where not everybody may."""

    kind: str
    key: Any
    public: bool = False

    async def read(self, context: Context) -> Any:
        """Read it."""
        node = show(await context.loaders.entity(self.kind).load(self.key))
        if node is None:
            return None
        seen = node.document.public if self.public else node.visible(context.viewer)
        return node if seen else None


class Several(NamedTuple):
    """Several entities, in this order."""

    entities: tuple[ById, ...]

    async def read(self, context: Context) -> list[Any]:
        """Read them."""
        return list(await asyncio.gather(*(entity.read(context) for entity in self.entities)))


@dataclass(frozen=True)
class Caller:
    """The user who asks; null for nobody."""

    async def read(self, context: Context) -> Any:
        """Read them."""
        user = context.viewer.user
        return show(await context.loaders.entity("User").load(user)) if user else None


class _Reading(FieldExtension):
    """Reads what an entry field wants."""

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        """Ask the field, then read."""
        wanted: Wanted = await next_(source, info, **kwargs)
        return await wanted.read(info.context)


def entry(type_: Any, *, description: str, **metadata: Any) -> Any:
    """Declare an entry field of this type, whose function returns what is `Wanted`.

    The function is pure: it knows the arguments alone, and refuses them with a DomainError.
    """
    return strawberry.field(
        graphql_type=type_, description=description, extensions=[_Reading()], metadata={"entry": True, **metadata}
    )

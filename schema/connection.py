"""Relay connections over declared collections: keyset paging forward, `totalCount` only when asked for."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import strawberry

from schema.context import Context, Info
from schema.lists import Equality, PageKey
from schema.node import show

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page was asked for with `after`.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor: `after` of the next page.")


@strawberry.type(description="A row and its cursor.")
class Edge(Generic[T]):
    """One row of a page."""

    node: T = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="Where the row stands; give it as `after`.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """One page of a list."""

    edges: list[Edge[T]] = strawberry.field(description="The rows of this page, in the list's order.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    source: strawberry.Private[tuple[str, Equality] | None] = None

    @strawberry.field(
        description="How many rows the whole list has; null where the list is narrowed by a range or a distance."
    )
    async def total_count(self, info: Info) -> int | None:
        """Count the list, in one command for all lists of its kind in the answer."""
        if self.source is None:
            return None
        collection, equality = self.source
        count: int = await info.context.loaders.count(collection).load(equality)
        return count


async def connect(context: Context, collection: str, key: PageKey) -> Any:
    """Return a page of a collection's list as a connection."""
    page = await context.loaders.page(collection).load(key)
    edges = [Edge(node=show(document), cursor=cursor) for cursor, document in page.rows]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=key.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info, source=None if key.extra else (collection, key.equality))


def nothing() -> Any:
    """Return the empty connection: what outsiders see of a list that is not theirs."""
    info = PageInfo(has_next_page=False, has_previous_page=False, start_cursor=None, end_cursor=None)
    return Connection(edges=[], page_info=info, source=None)

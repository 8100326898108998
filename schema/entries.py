"""Entry fields, declared: a pure function of the arguments says what is wanted, and whoever executes reads that.

What each of these answers is written twice, here for graphql-core and in `schema.compiled` for plans; the test of the
two executors' difference holds them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import strawberry
from strawberry.extensions import FieldExtension

from models.database import Row
from models.register import COLLECTIONS
from schema import cursors
from schema.connection import Connection, PageInfo, connect
from schema.context import Context
from schema.lists import PageKey
from schema.nearby import NearbyProjectConnection, NearbyProjectEdge
from schema.node import TYPES, show
from schema.reader import Aggregation, Projection, Reader, Stages

PUBLIC = {"scope": "PUBLIC"}
"""The metadata of an entry field that everybody may ask, always as nobody."""

_PROJECTS = COLLECTIONS["gallery"][0]
_EXACT = 1e-9  # how much of a distance its way through MongoDB's radians may cost


class Wanted(Protocol):
    """What an entry field wants."""

    async def read(self, context: Context) -> Any:
        """Return the field's value."""
        ...


@dataclass(frozen=True)
class Rows:
    """A page of a declared list, as a connection."""

    collection: str
    key: PageKey

    async def read(self, context: Context) -> Connection[Any]:
        """Read the page."""
        connection: Connection[Any] = await connect(context, self.collection, self.key)
        return connection


@dataclass(frozen=True)
class Only:
    """The only member of a declared list; null if there is none."""

    collection: str
    key: PageKey

    async def read(self, context: Context) -> Any:
        """Read it."""
        page = await context.loaders.page(self.collection).load(self.key)
        return show(page.rows[0][1]) if page.rows else None


@dataclass(frozen=True)
class ById:
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


@dataclass(frozen=True)
class Several:
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


@dataclass(frozen=True)
class Nearby:
    """A page of the public projects around a point (degrees), the nearest first; distances in metres."""

    longitude: float
    latitude: float
    radius: int
    first: int
    after: str | None
    beyond: tuple[Any, ...] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Check the cursor; raises InvalidInputError."""
        if self.after is not None:
            object.__setattr__(self, "beyond", cursors.decode(self.name, self.after, 2))

    @property
    def name(self) -> str:
        """Return what tells the search apart from every other, for its cursors."""
        return f"nearby?{self.latitude},{self.longitude},{self.radius}"

    async def rows(self, reader: Reader, projection: Projection | None = None) -> list[Row]:
        """Search: return one row more than the page shows, each with its `distance`.

        MongoDB streams them by distance and stops at the limit. It does not order what is equally far, and to have it
        do so would have it read everything within the radius; so that is done here, and only where the page ends among
        such rows they are asked for by themselves.
        """
        shown = [] if projection is None else [{"$project": {**projection, "distance": 1}}]
        limit = {"$limit": self.first + 1}
        least = self.beyond[0] if self.beyond else 0
        found = await reader.read(Aggregation(_PROJECTS, [*self._within(least, self.radius), limit, *shown]))
        if len(found) > self.first > 0 and found[-1]["distance"] == found[-2]["distance"]:
            farthest = found[-1]["distance"]
            same = [*self._within(farthest * (1 - _EXACT), farthest * (1 + _EXACT)), {"$match": {"distance": farthest}}]
            ties = await reader.read(Aggregation(_PROJECTS, [*same, {"$sort": {"_id": 1}}, limit, *shown]))
            found = [row for row in found if row["distance"] < farthest] + ties
        return sorted(found, key=lambda row: (row["distance"], row["_id"]))[: self.first + 1]

    def _within(self, least: float, most: float) -> Stages:
        """Return the search between two distances, behind the cursor."""
        near: dict[str, Any] = {
            "near": {"type": "Point", "coordinates": [self.longitude, self.latitude]},
            "distanceField": "distance",
            "minDistance": least,
            "maxDistance": most,
            "query": {"visibility": "PUBLIC", "status": "ACTIVE"},
            "key": "location",
        }
        if self.beyond is None:
            return [{"$geoNear": near}]
        distance, last = self.beyond
        further = {"$or": [{"distance": {"$gt": distance}}, {"distance": distance, "_id": {"$gt": last}}]}
        return [{"$geoNear": near}, {"$match": further}]

    def cursors(self) -> Callable[[Any], str]:
        """Return what makes the cursors of rows."""
        encode = cursors.encoder(self.name)
        return lambda row: encode((row["distance"], row["_id"]))

    async def read(self, context: Context) -> NearbyProjectConnection:
        """Search."""
        rows, cursor = await self.rows(context.loaders.reader), self.cursors()
        show_row: Any = TYPES[_PROJECTS].of
        edges = [
            NearbyProjectEdge(
                node=show_row(_PROJECTS.model_validate(row)), cursor=cursor(row), distance_m=row["distance"]
            )
            for row in rows[: self.first]
        ]
        page = PageInfo(
            has_next_page=len(rows) > self.first,
            has_previous_page=self.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return NearbyProjectConnection(edges=edges, page_info=page)


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

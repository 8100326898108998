"""The search near a point, and its answer: a connection whose edges know the distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import strawberry

from models.database import Row
from schema import cursors
from schema.connection import PageInfo
from schema.context import Context
from schema.project import Project
from schema.reader import Aggregation, Projection, Reader, Stages

_EXACT = 1e-9  # how much of a distance its way through MongoDB's radians may cost


@strawberry.type(description="A project and how far it is.")
class NearbyProjectEdge:
    """One row of the search."""

    node: Project
    cursor: str
    distance_m: float = strawberry.field(description="From the centre, in metres.", metadata={"row": "distance"})


@strawberry.type(description="A page of projects, the nearest first.")
class NearbyProjectConnection:
    """A page of the search."""

    edges: list[NearbyProjectEdge]
    page_info: PageInfo


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
        found = await reader.read(Aggregation(Project.stores, [*self._within(least, self.radius), limit, *shown]))
        if len(found) > self.first > 0 and found[-1]["distance"] == found[-2]["distance"]:
            farthest = found[-1]["distance"]
            same = [*self._within(farthest * (1 - _EXACT), farthest * (1 + _EXACT)), {"$match": {"distance": farthest}}]
            ties = await reader.read(Aggregation(Project.stores, [*same, {"$sort": {"_id": 1}}, limit, *shown]))
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
        edges = [
            NearbyProjectEdge(
                node=Project.of(Project.stores.model_validate(row)), cursor=cursor(row), distance_m=row["distance"]
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

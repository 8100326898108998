"""The answer of a search near a point: a connection whose edges know the distance."""

from __future__ import annotations

import strawberry

from schema.connection import PageInfo
from schema.project import Project


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

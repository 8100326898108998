"""Places on a map."""

from __future__ import annotations

import strawberry

from models.project import Point


@strawberry.type(description="A place (WGS 84, degrees).")
class Location:
    """A place."""

    latitude: float
    longitude: float

    @classmethod
    def of(cls, place: Point | None) -> Location | None:
        """Show a place; None for None."""
        return None if place is None else cls(longitude=place.coordinates[0], latitude=place.coordinates[1])

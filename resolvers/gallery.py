"""What everybody may see, through entry fields of its own; always executed as nobody."""

from __future__ import annotations

from typing import Any

import strawberry

from models.errors import InvalidInputError
from models.project import Kind, Style, fold_city
from schema import cursors, ids
from schema.connection import Connection, PageInfo, connect
from schema.context import Info
from schema.design import Design
from schema.loaders import PageKey, check_first
from schema.nearby import NearbyProjectConnection, NearbyProjectEdge
from schema.node import show
from schema.project import ListingOrder, LocationInput, MoneyInput, Project
from schema.relations import DEFAULT_FIRST, PUBLIC

_FARTHEST_M = 200_000


def _city(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"city_key": fold_city(name)}


def _price_bounds(low: MoneyInput | None, high: MoneyInput | None) -> list[tuple[str, str, Any]]:
    """Return the conditions of a price range; raises InvalidInputError for two currencies."""
    bounds = [bound for bound in (low, high) if bound is not None]
    if len({bound.currency for bound in bounds}) > 1:
        raise InvalidInputError("maxPrice: it is in another currency than minPrice.", path=("maxPrice", "currency"))
    extra: list[tuple[str, str, Any]] = [("price_currency", "$eq", bound.currency) for bound in bounds[:1]]
    if low is not None:
        extra.append(("price_amount", "$gte", int(low.amount)))
    if high is not None:
        extra.append(("price_amount", "$lte", int(high.amount)))
    return extra


@strawberry.type
class GalleryQueries:
    """The public entry fields."""

    @strawberry.field(
        description="Public projects with published designs, the most recently published first.",
        metadata={**PUBLIC, "reads": ("gallery",)},
    )
    async def gallery(
        self,
        info: Info,
        city: str | None = None,
        style: Style | None = None,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
    ) -> Connection[Project]:
        """Read the gallery."""
        equality = {**_city(city), **({} if style is None else {"style": style.value})}
        page: Connection[Project] = await connect(info.context, "gallery", equality, first, after)
        return page

    @strawberry.field(
        description="Public projects, to rent or to buy.",
        metadata={**PUBLIC, "reads": ("listings", "listings_by_price")},
    )
    async def listings(
        self,
        info: Info,
        city: str | None = None,
        kind: Kind | None = None,
        organization_id: strawberry.ID | None = None,
        min_price: MoneyInput | None = None,
        max_price: MoneyInput | None = None,
        min_rooms: int | None = None,
        min_area_m2: int | None = None,
        order_by: ListingOrder = ListingOrder.NEWEST,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
    ) -> Connection[Project]:
        """Read the listings."""
        equality: dict[str, Any] = {}
        if organization_id is not None:
            equality["organization"] = ids.key(organization_id, "Organization", path=("organizationId",))
        equality |= _city(city)
        if kind is not None:
            equality["kind"] = kind.value
        extra = _price_bounds(min_price, max_price)
        extra += [("rooms", "$gte", min_rooms)] if min_rooms is not None else []
        extra += [("area_m2", "$gte", min_area_m2)] if min_area_m2 is not None else []
        page: Connection[Project] = await connect(info.context, order_by.value, equality, first, after, tuple(extra))
        return page

    @strawberry.field(
        description="A public project by its slug; null if there is none.",
        metadata={**PUBLIC, "reads": ("public_project_by_slug",)},
    )
    async def public_project(self, info: Info, slug: str) -> Project | None:
        """Read one public project."""
        page = await info.context.loaders.page("public_project_by_slug").load(PageKey((("slug", slug),), 1))
        found: Project | None = show(page.rows[0][1]) if page.rows else None
        return found

    @strawberry.field(
        description="A published design of a public project; null if there is none.",
        metadata={**PUBLIC, "decides": {"Design": ("project_public", "published_at")}},
    )
    async def public_design(self, info: Info, id: strawberry.ID) -> Design | None:  # noqa: A002 - GraphQL's word
        """Read one public design."""
        document: Any = await info.context.loaders.entity("Design").load(ids.key(id, "Design"))
        found: Design | None = show(document) if document is not None and document.public else None
        return found

    @strawberry.field(
        description="Public projects around a place, the nearest first. Never cached.",
        metadata={**PUBLIC, "max_age": 0},
    )
    async def nearby(
        self, info: Info, center: LocationInput, radius_m: int = 10_000, first: int = 20, after: str | None = None
    ) -> NearbyProjectConnection:
        """Search near a point, on the sphere."""
        if not 1 <= radius_m <= _FARTHEST_M:
            raise InvalidInputError(f"radiusM: between 1 and {_FARTHEST_M} metres.", path=("radiusM",))
        if not (-90 <= center.latitude <= 90 and -180 <= center.longitude <= 180):  # noqa: PLR2004 - the globe
            raise InvalidInputError("center: latitude is within ±90, longitude within ±180.", path=("center",))
        name = f"nearby?{center.latitude},{center.longitude},{radius_m}"
        beyond = cursors.decode(name, after, 2) if after is not None else None
        if beyond and not (isinstance(beyond[0], float) and beyond[0] >= 0):
            raise InvalidInputError("after: this is not a cursor of this API.", path=("after",))
        near: dict[str, Any] = {
            "near": {"type": "Point", "coordinates": [center.longitude, center.latitude]},
            "distanceField": "distance",
            "maxDistance": radius_m,
            "minDistance": beyond[0] if beyond else 0,
            "query": {"visibility": "PUBLIC", "status": "ACTIVE"},
            "key": "location",
        }
        pipeline: list[dict[str, Any]] = [{"$geoNear": near}]
        if beyond:
            further = {"$or": [{"distance": {"$gt": beyond[0]}}, {"distance": beyond[0], "_id": {"$gt": beyond[1]}}]}
            pipeline.append({"$match": further})
        pipeline += [{"$sort": {"distance": 1, "_id": 1}}, {"$limit": check_first(first) + 1}]
        stores = Project.stores
        rows = await info.context.loaders.reader.aggregate(stores, pipeline)
        edges = [
            NearbyProjectEdge(
                node=show(stores.model_validate(row)),
                cursor=cursors.encode(name, (row["distance"], row["_id"])),
                distance_m=row["distance"],
            )
            for row in rows[:first]
        ]
        page = PageInfo(
            has_next_page=len(rows) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return NearbyProjectConnection(edges=edges, page_info=page)

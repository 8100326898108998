"""What everybody may see, through entry fields of its own; always executed as nobody."""

from __future__ import annotations

from typing import Any

import strawberry

from models.errors import InvalidInputError
from models.project import Kind, Style, fold_city
from schema import ids
from schema.connection import Connection
from schema.design import Design
from schema.entries import PUBLIC, ById, Only, Rows, entry
from schema.lists import PageKey, check_first
from schema.nearby import Nearby, NearbyProjectConnection
from schema.project import ListingOrder, LocationInput, MoneyInput, Project
from schema.relations import DEFAULT_FIRST

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

    @entry(
        Connection[Project],
        description="Public projects with published designs, the most recently published first.",
        **PUBLIC,
        reads=("gallery",),
    )
    def gallery(
        self,
        city: str | None = None,
        style: Style | None = None,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
    ) -> Rows:
        """Select a page of the gallery."""
        equality = {**_city(city), **({} if style is None else {"style": style.value})}
        return Rows("gallery", PageKey((*equality.items(),), check_first(first), after))

    @entry(
        Connection[Project],
        description="Public projects, to rent or to buy.",
        **PUBLIC,
        reads=("listings", "listings_by_price"),
    )
    def listings(
        self,
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
    ) -> Rows:
        """Select a page of the listings."""
        equality: dict[str, Any] = {}
        if organization_id is not None:
            equality["organization"] = ids.key(organization_id, "Organization", path=("organizationId",))
        equality |= _city(city)
        if kind is not None:
            equality["kind"] = kind.value
        extra = _price_bounds(min_price, max_price)
        extra += [("rooms", "$gte", min_rooms)] if min_rooms is not None else []
        extra += [("area_m2", "$gte", min_area_m2)] if min_area_m2 is not None else []
        return Rows(order_by.value, PageKey((*equality.items(),), check_first(first), after, (*extra,)))

    @entry(
        Project | None,
        description="A public project by its slug; null if there is none.",
        **PUBLIC,
        reads=("public_project_by_slug",),
    )
    def public_project(self, slug: str) -> Only:
        """Select one public project."""
        return Only("public_project_by_slug", PageKey((("slug", slug),), 1))

    @entry(
        Design | None,
        description="A published design of a public project; null if there is none.",
        **PUBLIC,
        decides={"Design": ("project_public", "published_at")},
    )
    def public_design(self, id: strawberry.ID) -> ById:  # noqa: A002 - GraphQL's word
        """Select one public design."""
        return ById("Design", ids.key(id, "Design"), public=True)

    @entry(
        NearbyProjectConnection,
        description="Public projects around a place, the nearest first. Never cached.",
        **PUBLIC,
        max_age=0,
    )
    def nearby(
        self, center: LocationInput, radius_m: int = 10_000, first: int = 20, after: str | None = None
    ) -> Nearby:
        """Select what is near a point, on the sphere."""
        if not 1 <= radius_m <= _FARTHEST_M:
            raise InvalidInputError(f"radiusM: between 1 and {_FARTHEST_M} metres.", path=("radiusM",))
        if not (-90 <= center.latitude <= 90 and -180 <= center.longitude <= 180):  # noqa: PLR2004 - the globe
            raise InvalidInputError("center: latitude is within ±90, longitude within ±180.", path=("center",))
        search = Nearby(center.longitude, center.latitude, radius_m, check_first(first), after)
        if search.beyond and not (isinstance(search.beyond[0], float) and search.beyond[0] >= 0):
            raise InvalidInputError("after: this is not a cursor of this API.", path=("after",))
        return search

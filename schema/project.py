"""Projects: properties, as their organization and as the public see them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

import models.project
from auth.permissions import Permission
from models.project import Kind, Status, Style, Visibility
from schema.asset import Asset
from schema.connection import Connection
from schema.context import Info
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.location import Location
from schema.node import Node
from schema.organization import Organization
from schema.relations import computed, reference, related
from schema.scalars import Amount
from schema.user import User

if TYPE_CHECKING:
    from schema.activity import DesignEdit
    from schema.design import Design

strawberry.enum(Kind, name="ProjectKind", description="What a property is.")
strawberry.enum(Status, name="ProjectStatus", description="Where the work on a property stands.")
strawberry.enum(Visibility, description="Who may see a property.")
strawberry.enum(Style, description="A style of interior design.")


@strawberry.enum(description="The order of the listings.")
class ListingOrder(Enum):
    """The two orders; the second leaves out what has no price."""

    NEWEST = "listings"
    PRICE = "listings_by_price"


@strawberry.type(description="A postal address.")
class Address:
    """See `models.project.Address`."""

    street: str
    postal_code: str
    city: str
    country: str = strawberry.field(description="ISO 3166-1 alpha-2.")


@strawberry.type(description="An amount of money.")
class Money:
    """See `models.project.Money`."""

    amount: Amount = strawberry.field(description="In the currency's minor units (cents).")
    currency: str = strawberry.field(description="ISO 4217.")


@strawberry.type(description="A property.")
class Project(Node, stores=models.project.Project):
    """A property."""

    title: str = strawberry.field(description="Its title.")
    slug: str = strawberry.field(description="Its name in URLs, unique.")
    description: str = strawberry.field(description="What there is to say of it.")
    kind: Kind = strawberry.field(description="What it is.")
    status: Status = strawberry.field(description="Where the work stands.")
    visibility: Visibility = strawberry.field(description="Who may see it.")
    style: Style | None = strawberry.field(description="The style that the gallery shows it under.")
    area_m2: int | None = strawberry.field(description="Its area in square metres.")
    rooms: int | None = strawberry.field(description="How many rooms it has.")
    created_at: datetime = strawberry.field(description="When it was created.")
    listed_at: datetime | None = strawberry.field(description="When it last became public and active.")
    organization: Organization | None = reference("Organization", key="organization", description="Whose it is.")
    owner: User | None = reference("User", key="owner", description="Who is in charge of it.")
    cover: Asset | None = reference("Asset", key="cover", description="Its picture.")
    designs: Connection[Annotated[Design, strawberry.lazy("schema.design")]] = related(
        "designs_by_project",
        by="project",
        public="published_designs_by_project",
        description="Its designs; outsiders see the published ones, the newest first.",
    )
    activity: Connection[Annotated[DesignEdit, strawberry.lazy("schema.activity")]] = related(
        "edits_by_project",
        by="project",
        description="Who did what on its designs, as far back as their logs go, the newest first; only members see it.",
    )

    @computed("address", description="Where it is.")
    def address(self) -> Address:
        """Return the address."""
        a = self.document.address
        return Address(street=a.street, postal_code=a.postal_code, city=a.city, country=a.country)

    @computed("location", description="Where it is on a map.")
    def location(self) -> Location | None:
        """Return the place."""
        return Location.of(self.document.location)

    @computed("price", description="What it costs.")
    def price(self) -> Money | None:
        """Return the price."""
        price = self.document.price
        return None if price is None else Money(amount=Amount(price.amount), currency=price.currency)

    @computed("organization", description="What the viewer may do to it.")
    def viewer_permissions(self, info: Info) -> list[Permission]:
        """Return the viewer's permissions."""
        return [p for p in Permission if info.context.viewer.may(p, self.document.organization)]


strawberry.enum(Permission, description="What may be done to what belongs to an organization.")


@strawberry.input
class AddressInput:
    """A postal address."""

    city: str
    country: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    street: str = ""
    postal_code: str = ""


@strawberry.input
class LocationInput:
    """A place (WGS 84, degrees)."""

    latitude: float
    longitude: float


@strawberry.input
class MoneyInput:
    """An amount of money."""

    amount: Amount = strawberry.field(description="In the currency's minor units (cents).")
    currency: str = strawberry.field(description="ISO 4217.")


@strawberry.input
class CreateProjectInput:
    """A new project: a draft, private."""

    organization_id: strawberry.ID
    title: str
    kind: Kind
    address: AddressInput
    description: str = ""
    style: Style | None = None
    location: LocationInput | None = None
    area_m2: int | None = None
    rooms: int | None = None
    price: MoneyInput | None = None


@strawberry.input
class UpdateProjectInput:
    """Fields that are left out stay as they are; null empties those that may be empty."""

    id: strawberry.ID
    title: str | None = strawberry.UNSET
    kind: Kind | None = strawberry.UNSET
    address: AddressInput | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    style: Style | None = strawberry.UNSET
    location: LocationInput | None = strawberry.UNSET
    area_m2: int | None = strawberry.UNSET
    rooms: int | None = strawberry.UNSET
    price: MoneyInput | None = strawberry.UNSET
    cover_id: strawberry.ID | None = strawberry.UNSET


@strawberry.input
class ShowProjectInput:
    """Who may see a project, and where the work stands; what is left out stays."""

    id: strawberry.ID
    visibility: Visibility | None = None
    status: Status | None = None


ProjectResult = Annotated[
    Project | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("ProjectResult")
]

"""Projects: properties that an organization works on; the public ones appear in the gallery and the listings."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import GEOSPHERE, IndexModel

from models.collection import PRESENT, Collection
from models.entity import Entity, line
from models.personal import Erasing

_SLUG_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class Kind(StrEnum):
    """What a property is."""

    APARTMENT = "APARTMENT"
    HOUSE = "HOUSE"
    LOFT = "LOFT"
    STUDIO = "STUDIO"
    OFFICE = "OFFICE"
    RETAIL = "RETAIL"


class Status(StrEnum):
    """Where the work on a property stands."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class Visibility(StrEnum):
    """Who may see a property: its organization, or everybody."""

    PRIVATE = "PRIVATE"
    PUBLIC = "PUBLIC"


class Style(StrEnum):
    """The style of a design, or the one that the gallery shows a project under."""

    JAPANDI = "JAPANDI"
    SCANDINAVIAN = "SCANDINAVIAN"
    MEDITERRANEAN = "MEDITERRANEAN"
    INDUSTRIAL = "INDUSTRIAL"
    MIDCENTURY = "MIDCENTURY"
    MINIMAL = "MINIMAL"
    CLASSIC = "CLASSIC"
    BOHO = "BOHO"


class Address(pydantic.BaseModel):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    street: str = pydantic.Field(default="", max_length=200)
    postal_code: str = pydantic.Field(default="", max_length=20)
    city: Annotated[str, line(100)]
    country: str = pydantic.Field(pattern=r"^[A-Z]{2}$")


class Point(pydantic.BaseModel):
    """A GeoJSON point (RFC 7946): longitude, then latitude, in degrees (WGS 84)."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[
        Annotated[float, pydantic.Field(ge=-180, le=180)], Annotated[float, pydantic.Field(ge=-90, le=90)]
    ]


class Money(pydantic.BaseModel):
    """An amount in the currency's minor units (cents); `currency` is ISO 4217."""

    amount: int = pydantic.Field(ge=0, le=10**14)
    currency: str = pydantic.Field(pattern=r"^[A-Z]{3}$")


def fold_city(name: str) -> str:
    """Return a city's name as it is compared: without case, accents and surplus spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def make_slug(title: str, *, longest: int = 67) -> str:
    """Return a URL's name for a title: readable, and with a random end, so that no title is ever taken.

    A slug that could collide would tell outsiders which titles exist; `longest` shortens the words only.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: longest - 7].strip("-")
    ending = "".join(secrets.choice(_SLUG_ALPHABET) for _ in range(6))
    return f"{words}-{ending}" if words else ending


class Project(Entity):
    """A property.

    `area_m2` is in square metres. `city_key`, `price_amount` and `price_currency` repeat other fields as the scalars
    that collections select by. `listed_at` is when it last became public and active; `showcased_at` is the time of its
    newest published design. Both are null while that is not so.
    """

    organization: PydanticObjectId
    owner: PydanticObjectId
    title: Annotated[str, line(160)]
    slug: Annotated[str, Indexed(unique=True)]
    description: str = pydantic.Field(default="", max_length=10_000)
    kind: Kind
    status: Status = Status.DRAFT
    visibility: Visibility = Visibility.PRIVATE
    style: Style | None = None
    address: Address
    location: Point | None = None
    area_m2: int | None = pydantic.Field(default=None, ge=1, le=10_000_000)
    rooms: int | None = pydantic.Field(default=None, ge=0, le=10_000)
    price: Money | None = None
    cover: PydanticObjectId | None = None
    city_key: str = ""
    price_amount: int | None = None
    price_currency: str | None = None
    listed_at: datetime | None = None
    showcased_at: datetime | None = None

    personal = {"owner": Erasing.STAYS}
    collections = (
        Collection(
            name="gallery",
            filters=("city_key", "style"),
            where={"visibility": "PUBLIC", "status": "ACTIVE", "showcased_at": PRESENT},
            order=(("showcased_at", -1), ("_id", -1)),
        ),
        Collection(
            name="listings",
            filters=("organization", "city_key", "kind"),
            ranges=("price_amount", "price_currency", "rooms", "area_m2"),
            where={"visibility": "PUBLIC", "status": "ACTIVE", "listed_at": PRESENT},
            order=(("listed_at", -1), ("_id", -1)),
        ),
        Collection(
            name="listings_by_price",
            filters=("organization", "city_key", "kind"),
            ranges=("price_amount", "price_currency", "rooms", "area_m2"),
            where={"visibility": "PUBLIC", "status": "ACTIVE", "price_amount": PRESENT},
            order=(("price_amount", 1), ("_id", 1)),
        ),
        Collection(
            name="public_projects_by_organization",
            by=("organization",),
            where={"visibility": "PUBLIC", "status": "ACTIVE", "listed_at": PRESENT},
            order=(("listed_at", -1), ("_id", -1)),
        ),
        Collection(
            name="public_project_by_slug",
            by=("slug",),
            where={"visibility": "PUBLIC", "status": "ACTIVE"},
            single=True,
        ),
        Collection(
            name="projects_by_organization",
            by=("organization",),
            filters=("status", "kind"),
            order=(("created_at", -1), ("_id", -1)),
        ),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "projects"
        indexes = [IndexModel([("location", GEOSPHERE)]), IndexModel([("owner", 1)])]

    @pydantic.model_validator(mode="after")
    def _repeat_scalars(self) -> Self:
        """Derive the fields that repeat others."""
        self.__dict__["city_key"] = fold_city(self.address.city)
        self.__dict__["price_amount"] = self.price.amount if self.price else None
        self.__dict__["price_currency"] = self.price.currency if self.price else None
        return self

    @property
    def public(self) -> bool:
        """Whether everybody may see it."""
        return self.visibility is Visibility.PUBLIC and self.status is Status.ACTIVE

    def show(self, visibility: Visibility | None, status: Status | None, moment: datetime) -> None:
        """Set who may see it and where the work stands, keeping `listed_at` true."""
        was_public = self.public
        self.change(visibility=visibility or self.visibility, status=status or self.status)
        if self.public != was_public:
            self.listed_at = moment if self.public else None

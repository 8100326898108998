"""The records of the demo world. They refer to each other by keys, short strings that are unique within their kind."""

from dataclasses import dataclass
from datetime import datetime

from app.demo.floor import ElementSpec
from app.demo.photographs import Photograph
from app.demo.vocabulary import Plan, PropertyKind, Role, Room, Status, Style, Visibility


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant."""

    key: str
    name: str
    slug: str
    plan: Plan
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A user."""

    key: str
    name: str
    email: str
    locale: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """Who works where, and as what."""

    organization: str
    person: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """A cover photograph, which several organizations may use, each as its own asset; `alt` says what it shows."""

    key: str
    photograph: Photograph
    alt: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a project lies; `country` is ISO 3166-1 alpha-2."""

    street: str
    district: str
    city: str
    postal_code: str
    country: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Project:
    """A property. `price` is in minor units of `currency` (ISO 4217); `cover` is a picture of one of its designs."""

    key: str
    organization: str
    owner: str
    title: str
    slug: str
    description: str
    kind: PropertyKind
    status: Status
    visibility: Visibility
    style: Style
    address: Address
    area_m2: int
    rooms: int
    price: int
    currency: str
    cover: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Design:
    """A room's design with its canvas, in the order in which it is drawn."""

    key: str
    project: str
    organization: str
    author: str
    title: str
    room: Room
    style: Style
    cover: str | None
    published_at: datetime | None
    created_at: datetime
    elements: tuple[ElementSpec, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark on a design. `element` is a place in the design's `elements`, `point` a spot on the canvas (cm).

    A reply has a `parent`, which comes before it in the world's list; only first remarks are anchored or resolved.
    """

    key: str
    design: str
    parent: str | None
    author: str
    body: str
    element: int | None
    point: tuple[float, float] | None
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


@dataclass(frozen=True, slots=True)
class Like:
    """Somebody's like of a published design."""

    design: str
    person: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class World:
    """Everything, each kind in an order in which it can be written."""

    organizations: tuple[Organization, ...]
    people: tuple[Person, ...]
    memberships: tuple[Membership, ...]
    pictures: tuple[Picture, ...]
    projects: tuple[Project, ...]
    designs: tuple[Design, ...]
    comments: tuple[Comment, ...]
    likes: tuple[Like, ...]

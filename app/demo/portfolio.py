"""Projects, their designs, and the pictures that stand on their covers."""

# Numbers are shares of what firms do.
# ruff: noqa: PLR2004

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from app.demo import prose
from app.demo.canvases import furnish
from app.demo.entities import Address, Design, Membership, Organization, Picture, Project
from app.demo.people import FIRMS
from app.demo.photographs import Photograph
from app.demo.places import CITY, City
from app.demo.remarks import DESIGN_TITLES
from app.demo.slugs import slugify
from app.demo.vocabulary import ROOMS, STYLES, TIMES_OF_DAY, PropertyKind, Room, Status, Style, TimeOfDay

PROJECTS_PER_FIRM = 13
FULL_PROJECTS_PER_FIRM = 4
"""How many of a firm's projects are public with five published designs or more."""

_KINDS: tuple[PropertyKind, ...] = (
    "APARTMENT", "APARTMENT", "APARTMENT", "HOUSE", "HOUSE", "LOFT", "LOFT", "STUDIO", "OFFICE", "RETAIL",
)  # fmt: skip
_AREAS: dict[PropertyKind, tuple[int, int]] = {
    "APARTMENT": (52, 165),
    "HOUSE": (110, 290),
    "LOFT": (75, 210),
    "STUDIO": (24, 46),
    "OFFICE": (90, 420),
    "RETAIL": (40, 180),
}
_WORK: tuple[Room, ...] = ("STUDY", "KITCHEN", "HALLWAY", "DINING_ROOM", "BATHROOM", "TERRACE")
_HOME: tuple[Room, ...] = ROOMS
_SOUTHERN = {"es", "pt", "it", "fr"}
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_SHOWN: dict[TimeOfDay, str] = {
    "MORNING": "in the morning",
    "NOON": "at noon",
    "GOLDEN_HOUR": "in late sunlight",
    "EVENING": "by lamp light",
}


Shelf = dict[tuple[Room, Style], list[str]]
"""The pictures of each room in each style."""


@dataclass(slots=True)
class Portfolio:
    """What the firms have made."""

    pictures: list[Picture]
    projects: list[Project] = field(default_factory=list)
    designs: list[Design] = field(default_factory=list)


def build_portfolio(
    random: Random,
    organizations: list[Organization],
    memberships: list[Membership],
    now: datetime,
) -> Portfolio:
    """Draw up every firm's projects and designs, the newest no later than `now`."""
    portfolio = Portfolio(photograph_everything())
    shelf = _shelf(portfolio.pictures)
    slugs: set[str] = set()
    for organization, firm in zip(organizations, FIRMS, strict=True):
        makers = [m.person for m in memberships if m.organization == organization.key and m.role != "VIEWER"]
        styles = random.sample(
            [style for style in STYLES if style != "MEDITERRANEAN" or firm.locale[:2] in _SOUTHERN], 3
        )
        for number in range(PROJECTS_PER_FIRM):
            city = CITY[firm.cities[number % len(firm.cities)]]
            full = number < FULL_PROJECTS_PER_FIRM
            style = random.choice(styles)
            project = _project(random, organization, city, style, makers, now, full=full)
            slug = _free_slug(random, slugify(project.title), slugs)
            project = replace(project, key=f"project-{len(portfolio.projects)}", slug=slug)
            designs = _designs(random, shelf, project, len(portfolio.designs), makers, now, full=full)
            portfolio.designs += designs
            portfolio.projects.append(replace(project, cover=_front(random, designs)))
    return portfolio


def photograph_everything() -> list[Picture]:
    """Plan the photographs: every room in every style once, the rooms that sell twice."""
    pictures: list[Picture] = []
    for style in STYLES:
        for room in (*ROOMS, "LIVING_ROOM", "KITCHEN"):
            number = len(pictures)
            photograph = Photograph(1000 + number, room, style, TIMES_OF_DAY[(number * 7 + number // 10) % 4])
            where = room.replace("_", " ").lower()
            alt = f"{style.capitalize()} {where} {_SHOWN[photograph.time_of_day]}"
            pictures.append(Picture(f"picture-{number}", photograph, alt))
    return pictures


def _shelf(pictures: list[Picture]) -> Shelf:
    shelf: Shelf = {}
    for picture in pictures:
        shelf.setdefault((picture.photograph.room, picture.photograph.style), []).append(picture.key)
    return shelf


def _front(random: Random, designs: list[Design]) -> str | None:
    """Choose a project's cover among its designs', published ones first."""
    published = [design.cover for design in designs if design.cover and design.published_at]
    covers = published or [design.cover for design in designs if design.cover]
    return random.choice(covers) if covers else None


def _free_slug(random: Random, stem: str, slugs: set[str]) -> str:
    while True:
        slug = f"{stem}-{''.join(random.choices(_ALPHABET, k=random.randint(4, 6)))}"
        if slug not in slugs:
            slugs.add(slug)
            return slug


def _address(random: Random, city: City, street: str, district: str) -> Address:
    """Place a house within 3 km of the city's middle."""
    distance, bearing = 2.9 * math.sqrt(random.random()), random.uniform(0, 2 * math.pi)
    latitude = city.latitude + distance * math.cos(bearing) / 111.2
    longitude = city.longitude + distance * math.sin(bearing) / (111.2 * math.cos(math.radians(city.latitude)))
    number = random.randint(2, 148)
    line = f"{number} {street}" if city.number_first else f"{street} {number}"
    code = "".join(str(random.randint(1, 9)) if sign == "#" else sign for sign in city.postcode)
    return Address(line, district, city.name, code, city.country, round(latitude, 6), round(longitude, 6))


def _project(
    random: Random,
    organization: Organization,
    city: City,
    style: Style,
    makers: list[str],
    now: datetime,
    *,
    full: bool,
) -> Project:
    kind = random.choice(_KINDS[:7] if full else _KINDS)
    street, district = random.choice(city.streets), random.choice(city.districts)
    low, high = _AREAS[kind]
    area = random.randint(low, high)
    rooms = 1 if kind == "STUDIO" else max(2, round(area / random.uniform(25, 34)))
    price = city.price * area * random.uniform(0.82, 1.3)
    status: Status = "ACTIVE" if full else random.choices(("ACTIVE", "DRAFT", "ARCHIVED"), (82, 11, 7))[0]
    public = full or (status != "DRAFT" and random.random() < 0.85)
    created = now - timedelta(days=random.randint(40, 729), minutes=random.randint(0, 1439))
    return Project(
        key="",
        organization=organization.key,
        owner=random.choice(makers),
        title=prose.title(random, kind, style, prose.Site(city.country, district, street)),
        slug="",
        description=prose.description(random, kind, style, prose.Site(city.country, district, street)),
        kind=kind,
        status=status,
        visibility="PUBLIC" if public else "PRIVATE",
        style=style,
        address=_address(random, city, street, district),
        area_m2=area,
        rooms=rooms,
        price=round(price / 5000) * 5000 * 100,
        currency=city.currency,
        cover=None,
        created_at=created,
        updated_at=min(now, created + timedelta(days=random.randint(1, 39))),
    )


def _designs(
    random: Random, shelf: Shelf, project: Project, first: int, makers: list[str], now: datetime, *, full: bool
) -> list[Design]:
    pool = _WORK if project.kind in {"OFFICE", "RETAIL"} else _HOME
    count = random.choice([5, 6]) if full else random.choice([1, 2, 3, 3, 4, 4])
    rooms = random.sample(pool, count)
    designs: list[Design] = []
    for place, room in enumerate(rooms):
        style = project.style if random.random() < 0.9 else random.choice(STYLES)
        created = project.created_at + timedelta(days=place, minutes=random.randint(5, 1200))
        published = None
        if (full and place < 5) or (project.status != "DRAFT" and random.random() < 0.8):
            published = min(now, created + timedelta(days=random.randint(1, 25), minutes=random.randint(0, 1439)))
        designs.append(
            Design(
                key=f"design-{first + place}",
                project=project.key,
                organization=project.organization,
                author=random.choice(makers),
                title=random.choice(DESIGN_TITLES[room]),
                room=room,
                style=style,
                cover=random.choice(shelf[room, style]) if published or random.random() < 0.65 else None,
                published_at=published,
                created_at=created,
                elements=tuple(furnish(random, room, style)),
            )
        )
    return designs

"""Projects and their designs. Values are spread as an index meets them: common and rare cities, hidden and public."""

# Numbers are shares of what firms do.
# ruff: noqa: PLR2004

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import TypeVar

from bson import ObjectId

from app.demo import prose
from app.demo.places import CITIES, City
from app.demo.remarks import DESIGN_TITLES
from app.demo.slugs import slugify
from app.demo.vocabulary import ROOMS, STYLES, PropertyKind, Room, Status, Style, Visibility
from app.seed.blocks.firms import FIRMS_PER_BLOCK, GIANT, Firm, add_firms, firms_of
from app.seed.blocks.responses import discuss, dispute, draw, like
from app.seed.blocks.rows import Row, Rows, after, day
from models.design import Design
from models.project import Project, fold_city

BLOCK = 2_000
"""How many designs a block has."""

CROWDED = 1_000
"""How many designs the first project of block 0 has, and how many comments its first design."""

Covers = Mapping[tuple[Room, Style], Sequence[ObjectId]]
"""The pictures of each room in each style."""

Value = TypeVar("Value")

_SEED = 7
_GIANT_SHARE = 0.05
_FIRMS = tuple(accumulate(1 / rank for rank in range(1, FIRMS_PER_BLOCK + 1)))
_CITIES = tuple(accumulate(1 / rank for rank in range(3, len(CITIES) + 3)))
_CITY_KEYS = {city.name: fold_city(city.name) for city in CITIES}
_KINDS: tuple[PropertyKind, ...] = (
    "APARTMENT", "APARTMENT", "APARTMENT", "APARTMENT", "HOUSE", "HOUSE", "LOFT", "LOFT", "STUDIO", "OFFICE", "RETAIL",
)  # fmt: skip
_SHOWN: tuple[Status, Visibility] = ("ACTIVE", "PUBLIC")
_STATES: tuple[tuple[Status, Visibility], ...] = (
    _SHOWN, ("ACTIVE", "PRIVATE"), ("DRAFT", "PRIVATE"), ("DRAFT", "PUBLIC"), ("ARCHIVED", "PUBLIC"),
    ("ARCHIVED", "PRIVATE"),
)  # fmt: skip
_STATE_SHARES = tuple(accumulate((75, 9, 9, 2, 3, 2)))
_DESIGNS = (1, 1, 2, 2, 3, 3, 3, 4, 5, 6)


def block(number: int, covers: Covers, password_hash: str, written: datetime) -> Rows:
    """Return one block, some firms and the designs that they and the giant have made; its logs are from `written`."""
    random = Random(f"{_SEED}/{number}")  # noqa: S311 - no secret
    rows, firms = Rows(number), firms_of(number)
    add_firms(rows, random, firms, password_hash)
    maker = _Maker(rows, random, covers, [person for firm in firms for person in firm.people])
    designs = rows.by_kind[Design]
    if number == 0:
        maker.project(GIANT, _SHOWN, CROWDED)
        dispute(rows, random, designs[0], GIANT, CROWDED)
    while missing := BLOCK - len(designs):
        giant = random.random() < _GIANT_SHARE
        firm = GIANT if giant else random.choices(firms, cum_weights=_FIRMS)[0]
        state = random.choices(_STATES, cum_weights=_STATE_SHARES)[0]
        maker.project(firm, state, min(missing, random.choice(_DESIGNS)))
    draw(rows, random, designs[0], written)
    return rows


class _Maker:
    """Makes projects; `people` are those who may like their designs."""

    def __init__(self, rows: Rows, random: Random, covers: Covers, people: Sequence[ObjectId]) -> None:
        self.rows = rows
        self.random = random
        self.covers = covers
        self.people = people

    def project(self, firm: Firm, state: tuple[Status, Visibility], count: int) -> None:
        """Add a project with so many designs."""
        random = self.random
        city = random.choices(CITIES, cum_weights=_CITIES)[0]
        style = random.choice(STYLES)
        created = after(random, day(self.rows.block), 1)
        row = self.rows.add(
            Project,
            created,
            organization=firm.id,
            owner=random.choice(firm.makers),
            status=state[0],
            visibility=state[1],
            style=style,
            listed_at=after(random, created, 1) if state == _SHOWN else None,
            **self._said(style, city),
            **self._worth(city),
        )
        row["slug"] = f"{slugify(row['title'])}-{self.rows.block}-{len(self.rows.by_kind[Project])}"
        designs = [self._design(row, firm) for _ in range(count)]
        published = [design for design in designs if design["published_at"] is not None]
        row["showcased_at"] = max((design["published_at"] for design in published), default=None)
        row["cover"] = next((design["cover"] for design in published or designs), None)

    def _said(self, style: Style, city: City) -> Row:
        """Return what a project is, where it lies, and its texts."""
        random = self.random
        kind = random.choice(_KINDS)
        site = prose.Site(city.country, random.choice(city.districts), random.choice(city.streets))
        spot = [round(random.gauss(city.longitude, 0.02), 6), round(random.gauss(city.latitude, 0.015), 6)]
        return {
            "title": prose.title(random, kind, style, site),
            "description": prose.description(random, kind, style, site),
            "kind": kind,
            "address": {
                "street": f"{site.street} {random.randrange(1, 150)}",
                "postal_code": city.postcode.replace("#", str(random.randrange(10))),
                "city": city.name,
                "country": city.country,
            },
            "city_key": _CITY_KEYS[city.name],
            "location": self._mostly({"type": "Point", "coordinates": spot}),
        }

    def _worth(self, city: City) -> Row:
        """Return how large a project is, and its price."""
        area = 24 + int(280 * self.random.random() ** 2)
        amount = round(city.price * area * self.random.uniform(0.8, 1.3)) * 100
        price = self._mostly({"amount": amount, "currency": city.currency})
        return {
            "area_m2": self._mostly(area),
            "rooms": self._mostly(max(1, area // 28)),
            "price": price,
            "price_amount": price and price["amount"],
            "price_currency": price and price["currency"],
        }

    def _mostly(self, value: Value) -> Value | None:
        """Leave something out now and then."""
        return None if self.random.random() < 0.05 else value

    def _design(self, project: Row, firm: Firm) -> Row:
        """Add a design to a project, with what is said of it and who likes it."""
        random = self.random
        room = random.choice(ROOMS)
        style = project["style"] if random.random() < 0.9 else random.choice(STYLES)
        created = after(random, project["created_at"], 0.5)
        published = project["status"] != "DRAFT" and random.random() < 0.8
        design = self.rows.add(
            Design,
            created,
            project=project["_id"],
            organization=firm.id,
            author=random.choice(firm.makers),
            title=random.choice(DESIGN_TITLES[room]),
            room=room,
            style=style,
            seq=0,
            log_floor=0,
            cover=self._cover(room, style, shown=published),
            published_at=after(random, created, 0.5) if published else None,
            project_public=project["listed_at"] is not None,
            like_count=0,
        )
        if published:
            like(self.rows, random, design, self.people)
        discuss(self.rows, random, design, firm)
        return design

    def _cover(self, room: Room, style: Style, *, shown: bool) -> ObjectId | None:
        """Choose a picture; how much is drawn from `random` does not depend on which pictures there are."""
        wanted, place = shown or self.random.random() < 0.65, self.random.random()
        pictures = self.covers.get((room, style), ())
        return pictures[int(place * len(pictures))] if wanted and pictures else None

"""The mix of reads and writes that `bench.mix` measures: who asks for what, and who changes what; seeded.

Reads, of 100: gallery 30 first pages and 6 that follow one, listings 20 and 3, partners' listings 6, project pages 20,
design pages 15. Half of the gallery's first pages are unfiltered, the others by city, style or both; listings are
filtered by city, kind or both, and a quarter also by a price. Cities, projects and designs are asked for by Zipf's law:
the second most popular half as often as the first, the third a third as often.

Writes, of 100: `WRITES` below. Work goes on by Zipf's law too, but on other things than are popular with readers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any

STYLES = ("JAPANDI", "SCANDINAVIAN", "MEDITERRANEAN", "INDUSTRIAL", "MINIMAL")
READS_A_WRITE = 15
KINDS = ("APARTMENT", "HOUSE", "LOFT")
PRICES = (30_000_000, 60_000_000, 120_000_000)
WRITES = {
    "edit of a canvas": 34,
    "new count of likes": 14,
    "comment": 8,
    "project's title": 5,
    "project's description": 4,
    "price": 8,
    "rooms": 2,
    "publish a design": 6,
    "unpublish a design": 3,
    "new project": 3,
    "hide or show a project": 3,
    "design's title": 3,
    "person's name": 2,
    "picture's description": 2,
    "another cover": 1,
    "delete a design": 1,
    "delete a project": 1,
}
"""What is written, and how often among 100 writes."""

Row = dict[str, Any]


@dataclass
class Zipf:
    """Chooses among things in the order of their popularity."""

    things: list[Any]
    random: Random

    def __post_init__(self) -> None:
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self.things) + 1)))

    def one(self) -> Any:
        """Return one of them."""
        return self.random.choices(self.things, cum_weights=self._weights[: len(self.things)])[0]


@dataclass
class Readers:
    """Who reads; `cursors` are the ends of the first pages that they have seen, by operation and variables."""

    random: Random
    slugs: list[str]
    designs: list[str]
    organizations: list[str]
    cities: list[str]
    cursors: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._slugs, self._designs = Zipf(self.slugs, self.random), Zipf(self.designs, self.random)
        self._organizations, self._cities = Zipf(self.organizations, self.random), Zipf(self.cities, self.random)

    def one(self) -> tuple[str, Row]:
        """Return what is asked for next: (operation, variables); a page that follows one has `after`."""
        ask = self.random.choices(
            [self._gallery, self._listings, self._partners, self._project, self._design], weights=[36, 23, 6, 20, 15]
        )[0]
        return ask()

    def _gallery(self) -> tuple[str, Row]:
        variables: Row = {}
        filtered = self.random.choices(["", "city", "style", "both"], weights=[50, 30, 12, 8])[0]
        if filtered in {"city", "both"}:
            variables["city"] = self._cities.one()
        if filtered in {"style", "both"}:
            variables["style"] = self.random.choice(STYLES)
        return "Gallery", self._page("Gallery", variables, further=6 / 36)

    def _listings(self) -> tuple[str, Row]:
        variables: Row = {}
        filtered = self.random.choices(["", "city", "kind", "both"], weights=[30, 45, 10, 15])[0]
        if filtered in {"city", "both"}:
            variables["city"] = self._cities.one()
        if filtered in {"kind", "both"}:
            variables["kind"] = self.random.choice(KINDS)
        if self.random.random() < 1 / 4:
            variables["maxPrice"] = {"amount": self.random.choice(PRICES), "currency": "EUR"}
        return "Listings", self._page("Listings", variables, further=3 / 23)

    def _partners(self) -> tuple[str, Row]:
        order = self.random.choice(["NEWEST", "PRICE"])
        return "PartnerListings", {"organizationId": self._organizations.one(), "orderBy": order}

    def _project(self) -> tuple[str, Row]:
        return "ProjectPage", {"slug": self._slugs.one()}

    def _design(self) -> tuple[str, Row]:
        return "DesignPage", {"id": self._designs.one()}

    def _page(self, operation: str, variables: Row, further: float) -> Row:
        """Ask for what follows a page, one time in so many, if it is known where that begins."""
        cursor = self.cursors.get((operation, repr(variables)))
        if cursor is not None and self.random.random() < further:
            return {**variables, "after": cursor}
        return variables

    def seen(self, operation: str, variables: Row, data: Row) -> None:
        """Note where a page ends."""
        page = next(iter(data.values())) or {}
        if "after" not in variables and page.get("pageInfo", {}).get("hasNextPage"):
            self.cursors[operation, repr(variables)] = page["pageInfo"]["endCursor"]

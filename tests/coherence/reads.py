"""What is asked: every registered query, in every spelling that means the same."""

from __future__ import annotations

from typing import NamedTuple

import orjson
from hypothesis import strategies as st

from edge.plans import OPERATIONS
from schema import ids
from tests.coherence.world import CITIES, KINDS, NEWEST, PLANS, STYLES, Row, World, spelled
from tests.compiled.planned import BY_HAND

_MANIFEST = orjson.loads((OPERATIONS / "manifest.json").read_bytes())["operations"]
QUERIES = frozenset(
    operation["name"] for operation in _MANIFEST if operation["type"] == "query" and operation["name"] not in BY_HAND
)
"""Every registered operation that is one; but not those of logs that are written meanwhile, and are never kept."""


class Read(NamedTuple):
    """What to ask. A `which` among the variables stands for one of the newest things.

    `who` are the credentials that come with it: the answer of a public operation is the same with any. `further` asks
    for what follows the page, if it has been asked for before.
    """

    operation: str
    variables: Row
    who: int | None = None
    further: bool = False


class Spelling(NamedTuple):
    """How to ask: by path, by document id or as Apollo does; names in which order; defaults and nulls written out."""

    way: str = "path"
    backwards: bool = False
    defaults: bool = False
    nulls: bool = False
    stray: bool = False

    def request(self, operation: str, variables: Row) -> tuple[str, Row]:
        """Return path and query parameters."""
        plan = PLANS[operation]
        named = {name: value for name, value in variables.items() if (name, value) not in plan.defaults.items()}
        if self.defaults:
            named = {**plan.defaults, **variables}
        if self.nulls:
            named |= dict.fromkeys(sorted(set(plan.nullable) - named.keys()))
        if self.stray:
            named["nobodyDeclaredThis"] = 1
        if self.backwards:
            named = dict(reversed(named.items()))
        query: Row = {"variables": spelled(named)} if named else {}
        if self.way == "path":
            return f"/graphql/{plan.id}", query
        if self.way == "documentId":
            return "/graphql", {"documentId": f"sha256:{plan.id}", **query}
        persisted = {"persistedQuery": {"version": 1, "sha256Hash": plan.id}}
        return "/graphql", {"operationName": operation, "extensions": spelled(persisted), **query}


_WHICH = st.integers(0, NEWEST - 1)
_WHO = st.sampled_from([None, None, 0, 1])
_FURTHER = st.sampled_from([False, False, True])
_PRICE = st.sampled_from([{"amount": amount, "currency": "EUR"} for amount in (300, 700)])
_CITY, _KIND, _STYLE = st.sampled_from(CITIES), st.sampled_from(KINDS), st.sampled_from(STYLES)
_CENTER = st.just({"latitude": 40.4, "longitude": -3.7})


def _asks(
    operation: str, optional: Row | None = None, **required: st.SearchStrategy[object]
) -> st.SearchStrategy[Read]:
    variables = st.fixed_dictionaries(dict(required), optional=optional or {})
    return st.builds(Read, st.just(operation), variables, _WHO, _FURTHER)


READS: st.SearchStrategy[Read] = st.one_of(
    _asks("Gallery", {"city": _CITY, "style": _STYLE}, first=st.sampled_from([1, 3, 20])),
    _asks("Listings", {"city": _CITY, "kind": _KIND}, first=st.sampled_from([2, 20])),
    _asks("Listings", {"city": _CITY}, first=st.sampled_from([2, 20]), maxPrice=_PRICE),
    _asks(
        "PartnerListings",
        {"city": _CITY, "kind": _KIND, "organizationId": st.integers(0, 1)},
        orderBy=st.sampled_from(["PRICE", "NEWEST"]),
        first=st.sampled_from([2, 50]),
    ),
    _asks("ProjectPage", slug=_WHICH),
    _asks("ProjectCard", slug=_WHICH),
    _asks("DesignPage", id=_WHICH),
    _asks("NearbyListings", {"radiusM": st.sampled_from([600, 5000])}, center=_CENTER, first=st.sampled_from([2, 20])),
    st.builds(Read, st.just("ApiKeys"), st.fixed_dictionaries({"organizationId": st.just(0)}), st.integers(0, 1)),
    st.builds(Read, st.just("ViewerHome"), st.just({}), st.integers(0, 1)),
    st.builds(Read, st.just("AccountSecurity"), st.just({}), st.integers(0, 1)),
    st.builds(Read, st.just("Devices"), st.just({"first": 20}), st.integers(0, 1)),
    st.builds(Read, st.just("DesignRoom"), st.fixed_dictionaries({"id": _WHICH}), st.integers(0, 1)),
    st.builds(Read, st.just("DesignCanvas"), st.fixed_dictionaries({"designId": _WHICH}), st.integers(0, 1)),
    st.builds(
        Read,
        st.just("ProjectActivity"),
        st.fixed_dictionaries({"projectId": _WHICH, "first": st.sampled_from([2, 20])}),
        st.integers(0, 1),
    ),
    st.builds(
        Read,
        st.just("OrganizationPeople"),
        st.fixed_dictionaries({"organizationId": st.integers(0, 1)}),
        st.integers(0, 1),
    ),
)
SPELLINGS: st.SearchStrategy[Spelling] = st.builds(
    Spelling,
    st.sampled_from(["path", "documentId", "Apollo"]),
    *(st.booleans() for _ in range(3)),
    st.sampled_from([False, False, False, True]),
)

FEW = (
    Read("Gallery", {"first": 3}),
    Read("Gallery", {"first": 1, "city": "madrid"}, who=1),
    Read("Gallery", {"first": 1}, further=True),
    Read("Listings", {"first": 2, "maxPrice": {"amount": 700, "currency": "EUR"}}),
    Read("Listings", {"first": 20, "kind": "HOUSE"}),
    Read("PartnerListings", {"orderBy": "PRICE", "first": 2}),
    Read("PartnerListings", {"orderBy": "NEWEST", "first": 50, "organizationId": 0}),
    Read("ProjectPage", {"slug": 0}),
    Read("ProjectCard", {"slug": 0}),
    Read("DesignPage", {"id": 0}, who=0),
    Read("NearbyListings", {"center": {"latitude": 40.4, "longitude": -3.7}, "first": 20}),
    Read("ApiKeys", {"organizationId": 0}, who=0),
    Read("ViewerHome", {}, who=0),
    Read("AccountSecurity", {}, who=0),
    Read("Devices", {"first": 20}, who=0),
    Read("DesignRoom", {"id": 0}, who=1),
    Read("DesignCanvas", {"designId": 0}, who=1),
    Read("ProjectActivity", {"projectId": 0}, who=0),
    Read("OrganizationPeople", {"organizationId": 0}, who=0),
)
"""One or two of each."""


def variables_of(world: World, read: Read) -> Row:
    """Return a read's variables, with names in the place of numbers, and the cursor of the page before."""
    named = dict(read.variables)
    if "slug" in named:
        named["slug"] = world.projects.get(world.project(named["slug"]), "missing")
    for name in named.keys() & {"id", "designId"}:
        named[name] = ids.encode("Design", world.design(named[name]))
    if "projectId" in named:
        named["projectId"] = ids.encode("Project", world.project(named["projectId"]))
    if "organizationId" in named:
        named["organizationId"] = ids.encode("Organization", world.organization(named["organizationId"]))
    cursor = world.cursors.get((read.operation, spelled(named))) if read.further else None
    return named if cursor is None else {**named, "after": cursor}

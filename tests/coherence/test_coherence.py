"""Stale answers: none. Random writes and reads over the real processes, each answer held against the origin's own.

An answer is stale if it shows anything older than what the edge had applied when the request came, or than the client's
own token. So after every burst of concurrent writes and reads: with the token of the newest write the answer must be
the origin's at once; and once the edge answers such a request itself, it has applied that write, and every answer
without a token must be the origin's too. `COHERENCE_STEPS` sets the number of steps (2,000).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from schema import ids
from tests.coherence.conftest import Loop
from tests.coherence.world import CITIES, KINDS, STYLES, Row, World

STEPS = int(os.environ.get("COHERENCE_STEPS", "2000"))
STEPS_A_RUN = 50
NEWEST = 12  # how many projects are written to and asked for

_READS = st.one_of(
    st.tuples(
        st.just("Gallery"),
        st.fixed_dictionaries(
            {"first": st.sampled_from([1, 3, 20])},
            optional={"city": st.sampled_from(CITIES), "style": st.sampled_from(STYLES)},
        ),
    ),
    st.tuples(
        st.just("Listings"),
        st.fixed_dictionaries(
            {"first": st.sampled_from([2, 20])},
            optional={
                "city": st.sampled_from(CITIES),
                "kind": st.sampled_from(KINDS),
                "maxPrice": st.sampled_from([{"amount": 500, "currency": "EUR"}, {"amount": 900, "currency": "EUR"}]),
            },
        ),
    ),
    st.tuples(
        st.just("PartnerListings"),
        st.fixed_dictionaries(
            {"orderBy": st.sampled_from(["PRICE", "NEWEST"]), "first": st.sampled_from([2, 10])},
            optional={"city": st.sampled_from(CITIES)},
        ),
    ),
    st.tuples(st.just("ProjectPage"), st.fixed_dictionaries({"which": st.integers(0, NEWEST - 1)})),
    st.tuples(st.just("DesignPage"), st.fixed_dictionaries({"which": st.integers(0, NEWEST - 1)})),
)
_WRITES = st.tuples(
    st.sampled_from(
        [
            *("insert", "title", "description", "move", "price", "rooms", "order", "publish", "unpublish", "hide"),
            *("show", "owner", "delete design", "delete project", "design title", "unread", "organization"),
            *("api project", "api update", "api hide", "api design", "api unpublish", "api delete"),
        ]
    ),
    st.integers(0, NEWEST - 1),
    st.integers(0, 20),
)


class Machine(RuleBasedStateMachine):
    """Bursts of writes and reads."""

    world: World
    loop: Loop

    @rule(writes=st.lists(_WRITES, min_size=1, max_size=4), meanwhile=st.lists(_READS, max_size=4), then=_READS)
    def burst(
        self,
        writes: list[tuple[str, int, int]],
        meanwhile: list[tuple[str, Row]],
        then: tuple[str, Row],
    ) -> None:
        """Write and read at once, then look whether anything is stale."""
        self.loop.run(self._burst(writes, [*meanwhile, then]))

    @rule(reads=st.lists(_READS, min_size=1, max_size=6))
    def read(self, reads: list[tuple[str, Row]]) -> None:
        """Read without a write before: mostly hits."""
        self.loop.run(self._look(reads))

    async def _burst(self, writes: list[tuple[str, int, int]], reads: list[tuple[str, Row]]) -> None:
        work: list[Coroutine[Any, Any, Any]] = [write(self.world, *one) for one in writes]
        work += [self.world.ask(self.world.edge, *self._named(read)) for read in reads]
        await asyncio.gather(*work)
        await self._look(reads)

    async def _look(self, reads: list[tuple[str, Row]]) -> None:
        world = self.world
        named = [self._named(read) for read in reads]
        own = world.own_write()
        for operation, variables in named:
            _, status, body = await world.ask(world.edge, operation, variables, Edge_As_Of=own)
            wanted = await world.ask(world.api, operation, variables, Edge_As_Of=own)
            assert (status, body) == wanted[1:], f"own write: {operation} {variables}"
            await self._visible(operation, variables, body)
        await self._applied()
        for operation, variables in named:
            said, status, body = await world.ask(world.edge, operation, variables)
            wanted = await world.ask(world.api, operation, variables, Edge_As_Of=own)
            assert (status, body) == wanted[1:], f"{said}: {operation} {variables}"
            world.results["hit" if "hit" in said else "miss"] += 1

    async def _applied(self) -> None:
        """Wait until the edge answers by itself a request that comes with the newest write."""
        async with asyncio.timeout(10):
            while True:
                own = self.world.own_write()
                said, _, _ = await self.world.ask(self.world.edge, "Listings", {"first": 1}, Edge_As_Of=own)
                if "bypass" not in said:
                    return

    async def _visible(self, operation: str, variables: Row, body: bytes) -> None:
        """Recompute from the source whether a page may be seen: a copy of the visibility may be wrong."""
        world = self.world
        if operation == "DesignPage":
            design = await world.rows.designs.find_one({"_id": ObjectId(str(ids.key(variables["id"], "Design")))})
            project = await world.rows.projects.find_one({"_id": design["project"]}) if design else None
            shown = bool(design and design["published_at"] and project and public(project))
            assert (b'"publicDesign":null' not in body) == shown
        elif operation == "ProjectPage":
            project = await world.rows.projects.find_one({"slug": variables["slug"]})
            assert (b'"publicProject":null' not in body) == bool(project and public(project))

    def _named(self, read: tuple[str, Row]) -> tuple[str, Row]:
        """Replace a number by the name of what it stands for."""
        operation, variables = read
        if "which" not in variables:
            return read
        if operation == "ProjectPage":
            slugs = [*self.world.projects.values()][-NEWEST:] or ["missing"]
            return operation, {"slug": slugs[variables["which"] % len(slugs)]}
        designs = [*self.world.designs][-NEWEST:] or [ObjectId()]
        return operation, {"id": ids.encode("Design", designs[variables["which"] % len(designs)])}


def public(project: Row) -> bool:
    """Whether everybody may see a stored project."""
    return bool(project["visibility"] == "PUBLIC" and project["status"] == "ACTIVE")


async def write(world: World, what: str, which: int, value: int) -> None:
    """Write one thing and note the moment."""
    city, style, kind = CITIES[value % 2], STYLES[value // 2 % 2], KINDS[value // 4 % 2]
    moment = datetime(2026, 2, 1 + value, tzinfo=UTC)
    projects = [*world.projects][-NEWEST:]
    if what == "insert" or not projects:
        return await world.insert_project(city, style, kind, value)
    if what == "api project":
        return await world.api_project(city, style, kind)
    project = projects[which % len(projects)]
    designs = [*world.designs][-NEWEST:]
    design = designs[which % len(designs)]
    users = world.users[-NEWEST:]
    changes: dict[str, tuple[str, ObjectId, Row]] = {
        "title": ("projects", project, {"title": f"Casa {value}"}),
        "description": ("projects", project, {"description": f"Texto {value}"}),
        "move": ("projects", project, {"city_key": city, "style": style, "kind": kind}),
        "price": (
            "projects",
            project,
            {"price": {"amount": value * 50, "currency": "EUR"}, "price_amount": value * 50, "price_currency": "EUR"},
        ),
        "rooms": ("projects", project, {"rooms": value}),
        "order": ("projects", project, {"listed_at": moment, "showcased_at": moment if value % 3 else None}),
        "publish": ("designs", design, {"published_at": moment}),
        "unpublish": ("designs", design, {"published_at": None}),
        "owner": ("users", users[which % len(users)] if users else project, {"name": f"Eva {value}"}),
        "design title": ("designs", design, {"title": f"Cocina {value}"}),
        "unread": ("designs", design, {"seq": value}),
        "organization": (
            "organizations",
            ObjectId(str(ids.key(world.organization, "Organization"))),
            {"name": f"Estudio {value}"},
        ),
    }
    others: dict[str, Any] = {
        "hide": lambda: world.hide(project, public=False),
        "show": lambda: world.hide(project, public=True),
        "delete design": lambda: world.remove("designs", design),
        "delete project": lambda: world.remove("projects", project),
        "api update": lambda: world.api_update(project, title=f"Casa {value}", rooms=value),
        "api hide": lambda: world.api_show(project, visibility="PRIVATE" if value % 2 else "PUBLIC", status="ACTIVE"),
        "api design": lambda: world.api_design(project),
        "api unpublish": lambda: world.api_publish(ids.encode("Design", design), published=value % 2 == 0),
        "api delete": lambda: world.api_delete(project),
    }
    if what in changes:
        return await world.update(*changes[what])
    await others[what]()
    return None


def test_no_answer_is_stale(world: World, loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    """Given random writes and reads at once, then no answer of the edge is older than it may be."""

    class Bound(Machine):
        """The machine on these processes."""

    Bound.world, Bound.loop = world, loop
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=max(1, STEPS // STEPS_A_RUN // 6),  # a step of the machine is about six reads or writes
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    compared, stale = loop.run(world.audited())
    assert stale == 0
    hits, misses = world.results["hit"], world.results["miss"]
    with capsys.disabled():
        print(f"\ncoherence: {hits + misses} answers compared, none stale; {hits / (hits + misses):.0%} hits")  # noqa: T201 - the report
        print(f"coherence: the auditor compared {compared} more and found none stale")  # noqa: T201 - likewise

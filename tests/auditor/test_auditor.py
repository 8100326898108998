"""The auditor over real sockets: an edge made to miss an invalidation is found out, a correct one never accused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from app.commands import edge, relay
from app.edge_fetches import mark
from app.embedded.ports import free_port
from app.health import admin_application
from app.services import open_redis, own_write
from app.settings import Settings
from auth.signatures import Keys
from edge import plans
from edge.coherence import Coherence
from edge.dependencies import Touch
from edge.server import EDGE, Edge
from edge.stream import Entry
from edge.tags import short
from schema import ids
from tests.edge.stand import served, until
from tests.platform import Platform, running
from workers.auditor.auditor import Auditor
from workers.auditor.findings import Finding
from workers.auditor.verdicts import PERMITTED_LAG

PLANS = {plan.name: plan for plan in plans.load().values()}
SHORT = 0.1


@dataclass
class Forgetful(Coherence):
    """Does not hear of some entries, as if they had been lost on the way: those that name one of the `missed` tags."""

    missed: set[str] = field(default_factory=set)
    unheard: list[Entry] = field(default_factory=list)

    def apply(self, entry: Entry, since: float) -> list[Touch] | None:
        """Advance, as if the entry were a late pulse where it is one to be missed."""
        if any(change.tag in self.missed for change in entry.changes):
            self.unheard.append(entry)
            entry = replace(entry, changes=tuple(change for change in entry.changes if change.tag == "pulses"))
            return super().apply(entry, float("-inf"))
        return super().apply(entry, since)


@dataclass
class Audited:
    """An edge of its own before the platform, with its admin site, and an auditor of it."""

    platform: Platform
    edge: Edge
    url: str
    admin: str
    auditor: Auditor
    session: aiohttp.ClientSession

    async def ask(self, operation: str, variables: str) -> tuple[str, bytes]:
        """Ask the edge: (Cache-Status, body)."""
        url = f"{self.url}/graphql/{PLANS[operation].id}"
        async with self.session.get(url, params={"variables": variables}) as response:
            return response.headers["Cache-Status"], await response.read()

    async def until_hit(self, operation: str, variables: str = "{}") -> bytes:
        """Ask until memory answers."""
        async with asyncio.timeout(20):
            while True:
                said, body = await self.ask(operation, variables)
                if "hit" in said:
                    return body

    async def audit(self) -> list[Finding]:
        """Audit once."""
        return await self.auditor.audit(self.session, self.admin)

    async def caught_up(self) -> None:
        """Wait until the edge has applied all that was written so far."""
        moment = await self.platform.database.pulse("test")
        await until(lambda: self.edge.coherence.position is not None)
        await until(lambda: (self.edge.coherence.position or (0, 0))[0] >= moment.time << 32 | moment.inc)


def auditor(settings: Settings, redis: Redis, admin: str, *, lag: float = SHORT, origin: str = "") -> Auditor:
    """Make an auditor as the relay does, with a lag that is sooner over."""
    keys = Keys(settings.secret_key)
    return Auditor(
        [admin],
        origin or settings.api_url,
        redis,
        plans=plans.load(),
        sign=lambda moment: keys.sign("own-write", str(moment)),
        mark=partial(mark, keys),
        lag=lag,
        interval=SHORT,
    )


@asynccontextmanager
async def audited(
    platform: Platform, coherence: Coherence | None = None, *, lag: float = SHORT
) -> AsyncIterator[Audited]:
    """Start one more edge, with rules of its own where some are given, and an auditor of it."""
    settings = replace(platform.settings, edge_port=free_port())
    process = await edge.process(settings)
    assert process.application is not None
    site = admin_application(process.checks, process.admin)
    async with running(process, settings), served(site) as (port, _), aiohttp.ClientSession() as session:
        running_edge = process.application[EDGE]
        if coherence is not None:
            await until(lambda: running_edge.coherence.position is not None)
            running_edge.coherence = coherence
        redis = open_redis(settings)
        admin = f"http://127.0.0.1:{port}"
        url = f"http://127.0.0.1:{settings.edge_port}"
        yield Audited(platform, running_edge, url, admin, auditor(settings, redis, admin, lag=lag), session)
        await redis.aclose()


def count(name: str, **labels: str) -> float:
    """Return what a counter says."""
    return REGISTRY.get_sample_value(name, labels) or 0


async def shown_project(platform: Platform) -> tuple[Any, str, str]:
    """Make a public project with a published design: (its owner, its id, its slug)."""
    user = await platform.user()
    project = await user.public_project(await user.organization())
    await user.design(project, published=True)
    answer = await user.ask("query ($id: ID!) { project(id: $id) { slug } }", {"id": project})
    return user, project, answer["project"]["slug"]


async def rename(user: Any, project: str, title: str) -> None:
    """Give a project another title."""
    renamed = await user.do("updateProject", "Project", {"id": project, "title": title})
    assert renamed["__typename"] == "Project"


async def test_an_edge_that_misses_an_invalidation_is_found_out(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """Given an edge that does not hear of one change, then the auditor finds the answer that it should have dropped.

    It counts once, and the log names the answer, its `as_of`, and the event that was missed.
    """
    coherence = Forgetful()
    async with audited(platform, coherence) as site:
        user, project, slug = await shown_project(platform)
        other, project_2, slug_2 = await shown_project(platform)
        await site.caught_up()
        variables = f'{{"slug":"{slug}"}}'
        await site.until_hit("ProjectPage", variables)
        await site.until_hit("ProjectPage", f'{{"slug":"{slug_2}"}}')
        before = count("auditor_stale_total", operation="ProjectPage")
        assert await site.audit() == []

        coherence.missed.add(f"Project:{ids.key(project, 'Project')}")
        await rename(user, project, "Ático")
        await rename(other, project_2, "Loft")  # heard
        await site.caught_up()
        await site.until_hit("ProjectPage", f'{{"slug":"{slug_2}"}}')
        assert "Ático".encode() not in await site.until_hit("ProjectPage", variables)
        caplog.clear()
        (found,) = await site.audit()
        (unheard,) = coherence.unheard
        assert found.held.operation == "ProjectPage"
        assert found.held.variables == {"slug": slug}
        assert found.events is not None
        assert (found.events[0].id, found.events[0].tag) == (str(unheard.id), f"Project:{ids.key(project, 'Project')}")
        assert found.events[0].hits
        assert found.held.as_of < unheard.id

        assert count("auditor_stale_total", operation="ProjectPage") == before + 1
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.name == "workers.auditor.auditor"
        assert slug in record.getMessage()
        assert str(unheard.id) in record.getMessage()
        assert vars(record)["as_of"] == str(found.held.as_of)
        assert short_tags(unheard) & set(vars(record)["depends_on"])

        assert await site.audit() == []
        assert count("auditor_stale_total", operation="ProjectPage") == before + 1


def short_tags(entry: Entry) -> set[str]:
    """Return the surrogate keys of what an entry changes."""
    return {short(change.tag) for change in entry.changes}


async def test_many_writes_on_a_correct_edge_are_no_finding(platform: Platform) -> None:
    """Given an edge that hears everything, when it is read and written to all the time, then nothing is stale."""
    names = ("Gallery", "ProjectPage", "Listings")
    async with audited(platform, lag=PERMITTED_LAG) as site:
        user, project, slug = await shown_project(platform)
        stale = [count("auditor_stale_total", operation=name) for name in names]
        compared = sum(count("auditor_compared_total", operation=name) for name in names)
        auditing = asyncio.create_task(site.auditor.run())

        async def read() -> None:
            while True:
                await site.ask("Gallery", '{"first":5}')
                await site.ask("Listings", '{"first":5}')
                await site.ask("ProjectPage", f'{{"slug":"{slug}"}}')

        reading = asyncio.create_task(read())
        for number in range(60):
            await rename(user, project, f"Casa {number}")
        await until(lambda: sum(count("auditor_compared_total", operation=name) for name in names) > compared + 20, 60)
        reading.cancel()
        auditing.cancel()
        await asyncio.gather(reading, auditing, return_exceptions=True)
        assert [count("auditor_stale_total", operation=name) for name in names] == stale


async def test_what_does_not_answer_gives_no_verdict(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    """Given an edge that is down, pages that are none, or an origin that fails, then it is counted so."""
    asked: list[web.Request] = []

    async def nonsense(request: web.Request) -> web.Response:
        if request.path.startswith("/graphql"):
            asked.append(request)
            return web.json_response({"errors": [{"message": "no"}]}, status=503)
        return web.json_response({"answers": [{"key": 1}]})

    app = web.Application()
    app.router.add_get("/{tail:.*}", nonsense)
    async with audited(platform) as site, served(app) as (port, _):
        _, _, slug = await shown_project(platform)
        await site.caught_up()
        await site.until_hit("ProjectPage", f'{{"slug":"{slug}"}}')
        wrong, redis = f"http://127.0.0.1:{port}", open_redis(platform.settings)
        edge_before, origin_before = (count("auditor_unanswered_total", by=by) for by in ("edge", "origin"))
        broken = auditor(platform.settings, redis, site.admin, origin=wrong)
        assert await broken.audit(site.session, site.admin) == []
        assert count("auditor_unanswered_total", by="origin") == origin_before + 1
        (held,) = (entry for _, entry in site.edge.store.items())
        assert own_write(Keys(platform.settings.secret_key), asked[0].headers["Edge-As-Of"]) == held.as_of
        for _ in range(4):
            assert await broken.audit(site.session, wrong) == []
        assert await broken.audit(site.session, "http://127.0.0.1:9") == []
        assert count("auditor_unanswered_total", by="edge") == edge_before + 5
        warned = [record for record in caplog.records if "EDGE_ADMIN_URLS" in record.getMessage()]
        assert len(warned) == 1
        await redis.aclose()


async def test_a_finding_is_told_without_redis_too(platform: Platform) -> None:
    """Given a stale answer and a Redis that is away, then it is told, without the events."""
    coherence = Forgetful()
    async with audited(platform, coherence) as site, Redis.from_url("redis://127.0.0.1:9/0") as away:
        user, project, slug = await shown_project(platform)
        await site.caught_up()
        await site.until_hit("ProjectPage", f'{{"slug":"{slug}"}}')
        coherence.missed.add(f"Project:{ids.key(project, 'Project')}")
        await rename(user, project, "Dúplex")
        await site.caught_up()
        await site.until_hit("ProjectPage", f'{{"slug":"{slug}"}}')
        (found,) = await auditor(platform.settings, away, site.admin).audit(site.session, site.admin)
        assert found.events is None


async def test_the_relay_audits_the_edges_that_settings_name(platform: Platform) -> None:
    """Given addresses of edges, then the relay has an auditor among its work; without any it has none."""
    named = replace(platform.settings, edge_admin_urls=("http://127.0.0.1:9",))
    with_auditor = await relay.process(named, platform.database)
    without = await relay.process(platform.settings, platform.database)
    assert len(with_auditor.background) == len(without.background) + 1
    for process in (with_auditor, without):
        for close in process.close:
            await close()

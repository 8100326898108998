"""Varnish in the edge's place, over the real processes: what MongoDB's driver writes drops what Varnish holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bson import ObjectId

from app.embedded.ports import free_port
from tests.app.processes import Running, running
from tests.coherence import by_bulk, by_driver
from tests.coherence.conftest import Loop
from tests.coherence.world import World
from tests.edge.cdn.varnishes import needed, varnish

pytestmark = needed
HIT = "varnish; hit"


@pytest.fixture
def shown(world: World, loop: Loop) -> list[ObjectId]:
    """Give two public projects."""
    for day in (1, 2):
        loop.run(by_bulk.insert_in(world, "madrid", day))
    return list(world.projects)[-2:]


@asynccontextmanager
async def purger(world: World, url: str) -> AsyncIterator[Running]:
    """Run `python -m app purger` for a Varnish."""
    environ = {**world.environ, "VARNISH_URLS": url, "ADMIN_PORT": str(free_port())}
    async with running(environ, "-m", "app", "purger") as process:
        await process.until("is up")
        yield process


async def ask(world: World, url: str, project: ObjectId) -> tuple[str, str]:
    """Ask Varnish for a project's page: (Cache-Status, the project's title)."""
    said, status, body = await world.ask(url, "ProjectPage", {"slug": world.projects[project]})
    assert status == 200, body
    return said, json.loads(body)["data"]["publicProject"]["title"]


async def until(world: World, url: str, project: ObjectId, title: str, said: str = "") -> None:
    """Wait until Varnish answers with this title, and with this Cache-Status where one is given."""
    async with asyncio.timeout(20):
        while True:
            answered = await ask(world, url, project)
            if answered[1] == title and said in answered[0]:
                return
            await asyncio.sleep(0.01)


def test_a_write_by_the_driver_drops_what_shows_it(
    world: World, loop: Loop, shown: list[ObjectId], tmp_path: Path
) -> None:
    """Given two pages in Varnish, when the driver renames one's project, then it alone is asked for anew."""

    async def run() -> None:
        one, other = shown
        async with varnish(tmp_path, int(world.api.rpartition(":")[2])) as url, purger(world, url):
            for title in ("Ático", "Dúplex"):  # the first time may meet the purge of everything at the start
                await until(world, url, other, "Piso", HIT)
                await until(world, url, one, await _title(world, one), HIT)
                await by_driver.change(world, "projects", one, {"title": title})
                await until(world, url, one, title)
            assert await ask(world, url, other) == (HIT, "Piso")

    loop.run(run())


def test_a_purger_that_was_away_purges_everything(
    world: World, loop: Loop, shown: list[ObjectId], tmp_path: Path
) -> None:
    """Given a purger that was killed, when a write comes meanwhile, then Varnish is stale until another has started."""

    async def run() -> None:
        one, _ = shown
        async with varnish(tmp_path, int(world.api.rpartition(":")[2])) as url:
            async with purger(world, url) as killed:
                await until(world, url, one, "Piso", HIT)
                killed.process.kill()
                await killed.process.wait()
            await until(world, url, one, "Piso", HIT)
            await by_driver.change(world, "projects", one, {"title": "Loft"})
            assert await ask(world, url, one) == (HIT, "Piso")
            async with purger(world, url):
                await until(world, url, one, "Loft", HIT)

    loop.run(run())


async def _title(world: World, project: ObjectId) -> str:
    found = await world.rows.projects.find_one({"_id": project})
    return str(found["title"])

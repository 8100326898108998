"""Privileged actions fail where they cannot be audited: against an API whose database takes no entry any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pymongo import AsyncMongoClient

from app.settings import Settings
from models.challenge import Challenge, Ticket
from models.database import Database
from models.factor import Guesses
from models.register import DOCUMENTS
from tests.app.processes import environment, running
from tests.audit_cases import World
from tests.audited import AUDITED
from tests.faults.child import Child
from tests.letterbox import Letterbox
from tests.platform import Json, Platform, User

NAME = "unauditable"


@pytest.fixture(scope="module")
async def apart(mongodb_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    """Start a process of the API on a database of its own."""
    environ = environment(
        tmp_path_factory.mktemp(NAME), MONGODB_URL=mongodb_url, MONGODB_DATABASE=NAME, REDIS_URL=redis_url
    )
    environ["PUBLIC_URL"] = environ["API_URL"] = f"http://127.0.0.1:{environ['API_PORT']}"
    async with running(environ, "-m", "app", "migrate") as migrating:
        assert await migrating.ended() == 0
    child = Child("api", environ)
    await child.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as client,
        ):
            yield Platform(Settings.from_environment(environ), Database(client, NAME), session, {}, Letterbox())
            await client.drop_database(NAME)
    finally:
        await child.kill()


@pytest.fixture(scope="module")
async def people(apart: Platform) -> list[User]:
    """Sign in who is in every world."""
    return [await apart.resident(name) for name in ("Ana", "Ben", "Eva")]


@asynccontextmanager
async def taking_no_entry(platform: Platform) -> AsyncIterator[None]:
    """Have MongoDB itself refuse whatever is written to the log."""
    log = {"collMod": "audit_events"}
    await platform.database.handle.command({**log, "validator": {"$expr": False}, "validationAction": "error"})
    try:
        yield
    finally:
        await platform.database.handle.command({**log, "validator": {}})


async def everything(platform: Platform, folder: Path) -> Json:
    """Return all that is stored: documents, and the pictures' originals; not what counts tries before they are made."""
    handle = platform.database.handle
    kinds = [kind.stored_in() for kind in DOCUMENTS if kind not in {Guesses, Ticket, Challenge}]
    found = {name: await handle[name].find({}).sort("_id", 1).to_list() for name in kinds}
    return {**found, "originals": files(folder)}


def files(folder: Path) -> list[str]:
    """Return the files in a folder."""
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("mutation", AUDITED)
async def test_an_action_that_cannot_be_audited_does_not_happen(
    apart: Platform, people: list[User], mutation: str
) -> None:
    """Given a log that takes no entry, then the action fails and nothing has changed; with the log back, it happens."""
    world = await World.make(*people)
    folder, case = apart.settings.data_dir / "assets", AUDITED[mutation]
    await case.prepare(world)
    before = await everything(apart, folder)
    async with taking_no_entry(apart):
        with pytest.raises(AssertionError, match="INTERNAL"):
            await case.run(world)
        assert await everything(apart, folder) == before
    await case.run(world)
    assert await everything(apart, folder) != before


async def test_the_log_is_not_read_where_that_cannot_be_audited(apart: Platform, people: list[User]) -> None:
    """Given a log that takes no entry, then its owner is told nothing of it, neither by pages nor as a file."""
    world = await World.make(*people)
    query = "query ($id: ID!) { auditEvents(organizationId: $id) { edges { node { action } } } }"
    headers = {"Authorization": f"Bearer {world.ana.token}"}
    async with taking_no_entry(apart):
        _, body = await apart.post(query, {"id": world.organization}, world.ana.token)
        assert body["data"] is None
        assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
        async with apart.session.get(f"{apart.api}/audit/{world.organization}.jsonl", headers=headers) as response:
            assert response.status == 503
            assert "MEMBER_ADDED" not in await response.text()
    assert (await world.ana.ask(query, {"id": world.organization}))["auditEvents"]["edges"]

"""How soon after a write is acknowledged the edge stops serving the old answer: p50 and p99 over 200 writes.

    python -m bench.freshness

Starts an embedded MongoDB and Redis with the demo data, the relay, the API and the edge. Renames a public project, in
turn with the mutation `updateProject` and directly with MongoDB's driver, as a script would, and from the moment of
the acknowledgement asks the edge for the project's page, again and again, without the token that would let a client
see its own write. The time is from the acknowledgement to the sending of the first request that gets the new title.
Takes about 45 s.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from bson import ObjectId
from pymongo import AsyncMongoClient, WriteConcern

from app.seed.load import PASSWORD
from bench.stand import BenchError, Stand, operation, percentile, show, stand, versions
from schema import ids

WRITES = 200
_GIVE_UP_SECONDS = 5.0
_OWNER = "lucia@estudio-norte.example"
_RENAME = """mutation ($input: UpdateProjectInput!) {
  updateProject(input: $input) { __typename ... on UserError { message } }
}"""
_SIGN_IN = """mutation ($input: SignInInput!) {
  signIn(input: $input) { ... on SignedIn { accessToken } }
}"""
_PROJECTS = """{ viewer { memberships { edges { node { organization { projects(first: 100) {
  edges { node { id slug visibility status viewerPermissions } }
} } } } } } }"""


@dataclass
class Seen:
    """What came of the writes of one kind: seconds to freshness, old answers after the acknowledgement."""

    delays: list[float] = field(default_factory=list)
    old: int = 0
    acknowledged: list[float] = field(default_factory=list)

    def row(self, name: str) -> tuple[str, ...]:
        """Return a row of the table, in milliseconds."""
        figures = [percentile(self.delays, 50), percentile(self.delays, 99), max(self.delays)]
        shown = [f"{seconds * 1000:.2f}" for seconds in figures]
        return name, str(len(self.delays)), *shown, str(self.old), f"{percentile(self.acknowledged, 50) * 1000:.1f}"


class Reader:
    """Asks the edge for one project's page."""

    def __init__(self, running: Stand, session: aiohttp.ClientSession, slug: str) -> None:
        self.session = session
        self.url = running.settings.public_url + operation("ProjectPage")
        self.variables = {"variables": orjson.dumps({"slug": slug}).decode()}

    async def title(self) -> str:
        """Return the title that is served now."""
        async with self.session.get(self.url, params=self.variables, raise_for_status=True) as response:
            return str(orjson.loads(await response.read())["data"]["publicProject"]["title"])

    async def until(self, title: str, seen: Seen) -> None:
        """Ask until a title is served; called at the moment of the acknowledgement."""
        acknowledged = time.perf_counter()
        old = 0
        while True:
            sent = time.perf_counter()
            if await self.title() == title:
                break
            old += 1
            if sent - acknowledged > _GIVE_UP_SECONDS:
                raise BenchError(f"The old answer is still served {_GIVE_UP_SECONDS:.0f} s after the write.")
        seen.delays.append(sent - acknowledged)
        seen.old += old


async def main() -> None:
    """Measure and print."""
    async with stand("relay", "api", "edge") as running, aiohttp.ClientSession() as session:
        token, project = await sign_in(running, session)
        reader = Reader(running, session, project["slug"])
        by_mutation, by_driver = Seen(), Seen()
        async with AsyncMongoClient[dict[str, Any]](running.settings.mongodb_url) as client:
            database = client[running.settings.mongodb_database]
            projects = database.get_collection("projects", write_concern=WriteConcern("majority", j=True))
            key = ObjectId(ids.decode(project["id"])[1])
            for number in range(WRITES):
                await held(reader)
                began = time.perf_counter()
                await rename(running, session, token, project["id"], f"By mutation {number}")
                by_mutation.acknowledged.append(time.perf_counter() - began)
                await reader.until(f"By mutation {number}", by_mutation)
                await held(reader)
                began = time.perf_counter()
                await projects.update_one({"_id": key}, {"$set": {"title": f"By driver {number}"}})
                by_driver.acknowledged.append(time.perf_counter() - began)
                await reader.until(f"By driver {number}", by_driver)
        columns = ("write", "writes", "p50 ms", "p99 ms", "worst ms", "old answers", "the write itself, p50 ms")
        rows = [by_mutation.row("mutation through the API"), by_driver.row("directly with the driver")]
        note = f"Acknowledged by a majority with its journal.\n{await versions(running.settings)}"
        show("From a write's acknowledgement to the first fresh answer", columns, rows, note)


async def held(reader: Reader) -> None:
    """Return when the edge serves the page from memory, so that there is something to go stale."""
    for _ in range(100):
        async with reader.session.get(reader.url, params=reader.variables) as response:
            await response.read()
            if "; hit" in response.headers.get("Cache-Status", ""):
                return
        await asyncio.sleep(0.01)
    raise BenchError("The edge does not keep the page.")


async def sign_in(running: Stand, session: aiohttp.ClientSession) -> tuple[str, dict[str, Any]]:
    """Sign a demo account in; return its token and a public project of its organization."""
    variables = {"input": {"email": _OWNER, "password": PASSWORD}}
    answer = await ask(running, session, _SIGN_IN, variables, {})
    token: str = answer["signIn"]["accessToken"]
    answer = await ask(running, session, _PROJECTS, {}, {"Authorization": f"Bearer {token}"})
    for membership in answer["viewer"]["memberships"]["edges"]:
        for edge in membership["node"]["organization"]["projects"]["edges"]:
            project = edge["node"]
            shown = (project["visibility"], project["status"]) == ("PUBLIC", "ACTIVE")
            if shown and "EDIT" in project["viewerPermissions"]:
                return token, project
    raise BenchError("The demo account has no public project.")


async def rename(running: Stand, session: aiohttp.ClientSession, token: str, project: str, title: str) -> None:
    """Rename a project through the edge's address."""
    variables = {"input": {"id": project, "title": title}}
    answer = await ask(running, session, _RENAME, variables, {"Authorization": f"Bearer {token}"})
    if answer["updateProject"]["__typename"] != "Project":
        raise BenchError(f"The project was not renamed: {answer}")


async def ask(
    running: Stand, session: aiohttp.ClientSession, query: str, variables: dict[str, Any], headers: dict[str, str]
) -> dict[str, Any]:
    """Ask with POST and return the data."""
    body = {"query": query, "variables": variables}
    async with session.post(f"{running.settings.public_url}/graphql", json=body, headers=headers) as response:
        answer: dict[str, Any] = await response.json()
    if "errors" in answer:
        raise BenchError(str(answer["errors"]))
    data: dict[str, Any] = answer["data"]
    return data


if __name__ == "__main__":
    asyncio.run(main())

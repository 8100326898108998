"""Catching up with RxDB's own replication (the npm package `rxdb`), over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.platform import Json, Platform, User, added
from tests.replication import SECONDS, new_id
from tests.web.node import installed

_PROGRAM = Path(__file__).parent / "rxdb"


@dataclass
class RxDevice:
    """A device of RxDB's, in a process of its own."""

    process: asyncio.subprocess.Process

    async def do(self, doing: str, **given: Any) -> Any:
        """Have it do something, and return its answer; fails with its failure."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"doing": doing, **given}).encode() + b"\n")
        async with asyncio.timeout(SECONDS):
            answer: Json = json.loads(await self.process.stdout.readline())
        assert "failure" not in answer, answer["failure"]
        return answer["answer"]

    async def until(self, collection: str, condition: Callable[[dict[str, Json]], object]) -> dict[str, Json]:
        """Wait until its copies are as they should be."""
        async with asyncio.timeout(2 * SECONDS):
            while True:
                copies = {copy["id"]: copy for copy in await self.do("copies", collection=collection)}
                if condition(copies):
                    return copies
                await asyncio.sleep(0.05)


@asynccontextmanager
async def device(platform: Platform, user: User) -> AsyncIterator[RxDevice]:
    """Start a device of somebody's, which replicates through the edge."""
    node, folder = installed(_PROGRAM)
    http = f"{platform.edge}/graphql"
    process = await asyncio.create_subprocess_exec(
        node,
        str(folder / "device.mjs"),
        http,
        http.replace("http", "ws", 1),
        user.token,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 22,
    )
    try:
        found = RxDevice(process)
        await found.do("start")
        yield found
    finally:
        process.kill()
        await process.communicate()


async def test_a_device_of_rxdb_has_what_there_is_and_hears_of_what_changes(platform: Platform) -> None:
    """Given documents before and after it starts, then it has them all, through pulls and streams, and no failure."""
    ana = await platform.user()
    studio = await ana.organization()
    old = [await ana.project(studio, title=f"Casa {number}", rooms=2) for number in range(7)]
    design = await ana.design(old[0])
    async with device(platform, ana) as phone:
        copies = await phone.until("projects", lambda copies: copies.keys() == {*old})
        assert copies[old[0]]["address"] == {"street": "", "postalCode": "", "city": "Madrid", "country": "ES"}
        new = await ana.project(studio, title="Nueva")
        remark = (await ana.do("addComment", "Comment", {"designId": design, "body": "Más luz"}))["id"]
        await phone.until("projects", lambda copies: copies.keys() == {*old, new})
        await phone.until("comments", lambda copies: copies.get(remark, {}).get("body") == "Más luz")
        await ana.edit(design, added("sofa"))
        await phone.until("designs", lambda copies: copies[design]["seq"] == 1)
        await ana.by_id("deleteProject", "Deleted", old[0])
        await phone.until("projects", lambda copies: copies.keys() == {*old[1:], new})
        await phone.until("designs", lambda copies: not copies)
        await phone.until("comments", lambda copies: not copies)
        assert await phone.do("failures") == []


async def test_a_device_of_rxdb_that_was_away_loses_nothing(platform: Platform) -> None:
    """Given changes on both sides while it was away, then what both changed is the server's, and all else is there."""
    ana = await platform.user()
    studio = await ana.organization()
    shared, own, doomed = [await ana.project(studio, title=title) for title in ("Una", "Otra", "Fuera")]
    async with device(platform, ana) as phone:
        await phone.until("projects", lambda copies: copies.keys() == {shared, own, doomed})
        await phone.do("stop")
        project, design, remark = (new_id(kind) for kind in ("Project", "Design", "Comment"))
        address = {"street": "Mayor 1", "postalCode": "28013", "city": "Madrid", "country": "ES"}
        made = {"organizationId": studio, "title": "Del tren", "kind": "LOFT", "address": address}
        drawn = {"organizationId": studio, "projectId": project, "title": "Sala", "room": "STUDY", "style": "BOHO"}
        said = {"organizationId": studio, "designId": design, "body": "Desde el tren"}
        await phone.do("insert", collection="projects", document={"id": project, **made})
        await phone.do("insert", collection="designs", document={"id": design, **drawn})
        await phone.do("insert", collection="comments", document={"id": remark, **said})
        await phone.do("patch", collection="projects", id=shared, values={"title": "Del móvil"})
        await phone.do("patch", collection="projects", id=own, values={"title": "Renombrada", "rooms": 5})
        await phone.do("remove", collection="projects", id=doomed)
        await ana.do("updateProject", "Project", {"id": shared, "title": "De la web"})
        late = await ana.project(studio, title="Mientras tanto")
        await phone.do("start")
        await phone.until("projects", lambda copies: late in copies and copies[shared]["title"] == "De la web")
        query = """query ($project: ID!, $own: ID!, $design: ID!, $comment: ID!, $doomed: ID!) {
            project(id: $project) { title address { street } owner { id } } own: project(id: $own) { title rooms }
            design(id: $design) { title project { id } } comment(id: $comment) { body }
            doomed: project(id: $doomed) { id } }"""
        variables = {"project": project, "own": own, "design": design, "comment": remark, "doomed": doomed}
        wanted = {
            "project": {"title": "Del tren", "address": {"street": "Mayor 1"}, "owner": {"id": ana.id}},
            "own": {"title": "Renombrada", "rooms": 5},
            "design": {"title": "Sala", "project": {"id": project}},
            "comment": {"body": "Desde el tren"},
            "doomed": None,
        }
        async with asyncio.timeout(2 * SECONDS):
            while await ana.ask(query, variables) != wanted:  # noqa: ASYNC110 - the device pushes when it likes
                await asyncio.sleep(0.05)
        await phone.do("settle")
        copies = await phone.until("comments", lambda copies: copies.get(remark, {}).get("authorId") == ana.id)
        assert copies.keys() == {remark}
        copies = await phone.until("projects", lambda copies: copies.get(project, {}).get("ownerId") == ana.id)
        assert copies.keys() == {shared, own, project, late}
        assert all("not there yet" in failure for failure in await phone.do("failures"))


async def test_access_comes_and_goes_on_a_device_of_rxdb(platform: Platform) -> None:
    """Given somebody who is removed while connected, then their device forgets, and has all when they are back."""
    ana = await platform.user()
    studio = await ana.organization()
    projects = {await ana.project(studio) for _ in range(4)}
    bo = await ana.member(studio, "VIEWER")
    async with device(platform, bo) as phone:
        await phone.until("projects", lambda copies: copies.keys() == projects)
        query = "mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }"
        await ana.ask(query, {"id": bo.made[0]})
        await phone.until("projects", lambda copies: not copies)
        await bo.join(studio, "VIEWER")
        await phone.until("projects", lambda copies: copies.keys() == projects)
        assert await phone.do("failures") == []

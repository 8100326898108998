"""The whole way, through real processes: a query, the edge, a write, a picture, a subscription; and killing them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.embedded import EmbeddedMongoDB
from app.seed import PASSWORD
from edge import plans
from tests.app.processes import Running, environment, left_over, running

OWNER = "lucia@estudio-norte.example"
_PLANS = {plan.name: plan.id for plan in plans.load().values()}


@dataclass
class Walk:
    """A running platform of separate processes, and a client at its front door."""

    url: str
    run: Running
    session: aiohttp.ClientSession

    async def get(self, operation: str, variables: dict[str, Any], **headers: str) -> tuple[str, dict[str, Any]]:
        """Ask a registered operation by its path: (Cache-Status, data)."""
        url = f"{self.url}/graphql/{_PLANS[operation]}"
        async with self.session.get(url, params={"variables": json.dumps(variables)}, headers=headers) as response:
            assert response.status == 200, await response.text()
            return response.headers["Cache-Status"], (await response.json())["data"]

    async def post(self, query: str, variables: dict[str, Any], token: str = "") -> tuple[Any, dict[str, Any]]:
        """Ask with POST: (headers, data)."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        async with self.session.post(f"{self.url}/graphql", json=body, headers=headers) as response:
            answer = await response.json()
            assert response.status == 200, answer
            assert "errors" not in answer, answer
            return response.headers, answer["data"]

    async def sign_in(self, email: str = OWNER) -> str:
        """Sign one of the demo's people in."""
        query = "mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken } } }"
        _, data = await self.post(query, {"input": {"email": email, "password": PASSWORD}})
        return str(data["signIn"]["accessToken"])

    async def gallery(self) -> dict[str, Any]:
        """Return the gallery's first project."""
        _, data = await self.get("Gallery", {"first": 1})
        first: dict[str, Any] = data["gallery"]["edges"][0]["node"]
        return first


async def _seed(environ: dict[str, str], data_dir: Path) -> None:
    """Load the demo with small photographs, which are quickly drawn."""
    async with (
        EmbeddedMongoDB(data_dir, int(environ["MONGODB_PORT"])) as mongodb,
        running({**environ, "MONGODB_URL": mongodb.url}, "-m", "app", "seed", "--scale", "2", "--width", "160") as seed,
        asyncio.timeout(120),
    ):
        await seed.process.communicate()
        assert seed.process.returncode == 0


@pytest.fixture(scope="module")
async def walk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    """Give a platform started as a newcomer starts it, with the demo data."""
    data_dir = tmp_path_factory.mktemp("walk")
    environ = environment(data_dir)
    await _seed(environ, data_dir)
    async with running(environ, "-m", "app", "run") as run, aiohttp.ClientSession() as session:
        await run.until("Ctrl-C stops everything")
        yield Walk(f"http://localhost:{environ['EDGE_PORT']}", run, session)
        children = run.descendants()
        run.process.send_signal(signal.SIGTERM)
        assert await run.ended() == 0
        assert await left_over(children) == []


async def test_the_whole_way(walk: Walk) -> None:
    """A query misses, then hits; after a mutation the next read is fresh; a picture is AVIF; an edit is heard."""
    token = await walk.sign_in()
    status, before = await walk.get("Listings", {"city": "Ávila"})
    assert "fwd" in status
    assert before["listings"]["edges"] == []
    status, _ = await walk.get("Listings", {"city": "Ávila", "first": 20})
    assert "hit" in status

    organizations = "{ viewer { memberships { edges { node { organization { id name } } } } } }"
    _, viewer = await walk.post(organizations, {}, token)
    organization = viewer["viewer"]["memberships"]["edges"][0]["node"]["organization"]["id"]
    create = """mutation ($input: CreateProjectInput!) { createProject(input: $input) { ... on Project { id slug }
        ... on UserError { message } } }"""
    fields = {"title": "Casa", "kind": "HOUSE", "address": {"city": "Ávila", "country": "ES"}}
    _, created = await walk.post(create, {"input": {"organizationId": organization, **fields}}, token)
    project = created["createProject"]
    show = """mutation ($id: ID!) { showProject(input: {id: $id, visibility: PUBLIC, status: ACTIVE}) {
        ... on Project { id } } }"""
    headers, _ = await walk.post(show, {"id": project["id"]}, token)
    status, after = await walk.get("Listings", {"city": "Ávila"}, **{"Edge-As-Of": headers["Edge-As-Of"]})
    assert [edge["node"]["slug"] for edge in after["listings"]["edges"]] == [project["slug"]]

    picture = (await walk.gallery())["cover"]["image"]["url"]
    async with walk.session.get(picture, headers={"Accept": "image/avif,image/webp"}) as response:
        assert response.status == 200
        assert response.content_type == "image/avif"
        assert (await response.read())[4:12] == b"ftypavif"

    design = await _design(walk, project["id"], token)
    async with walk.session.ws_connect(f"{walk.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        follow = """subscription ($id: ID!) { designEvents(designId: $id, afterSeq: 0) {
            __typename ... on EditsCommitted { seq edits { ... on ElementAdded { key } } } } }"""
        payload = {"query": follow, "variables": {"id": design}}
        await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
        await _edit(walk, design, "sofa", token)
        event = (await socket.receive_json(timeout=10))["payload"]["data"]["designEvents"]
    assert event == {"__typename": "EditsCommitted", "seq": 1, "edits": [{"key": "sofa"}]}


async def test_a_scaled_seed_has_accounts_and_pictures_of_its_own(walk: Walk) -> None:
    """Given the demo twice over, then the second copy's people sign in, and their covers are there."""
    token = await walk.sign_in(OWNER.replace("@", "-1@"))
    query = """{ viewer { memberships(first: 1) { edges { node { organization { assets(first: 1) { edges { node {
        image(width: 64) { url } } } } } } } } } }"""
    _, data = await walk.post(query, {}, token)
    organization = data["viewer"]["memberships"]["edges"][0]["node"]["organization"]
    picture = organization["assets"]["edges"][0]["node"]["image"]["url"]
    async with walk.session.get(picture) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")


async def test_nothing_acknowledged_is_lost_when_processes_are_killed(walk: Walk) -> None:
    """With every child killed by SIGKILL in turn, what was acknowledged is there, and all are started again."""
    token = await walk.sign_in()
    node = (await walk.gallery())["id"]
    _, found = await walk.post(
        "query ($id: ID!) { viewer { memberships { edges { node { organization { projects(first: 1) { edges { node "
        "{ id } } } } } } } } node(id: $id) { id } }",
        {"id": node},
        token,
    )
    own = found["viewer"]["memberships"]["edges"][0]["node"]["organization"]["projects"]["edges"][0]["node"]["id"]
    design = await _design(walk, own, token)
    keys: list[str] = []
    for number, name in enumerate(("relay", "edge", "api", "images", "mongod", "redis-server")):
        keys.append(f"e{number}")
        await _edit(walk, design, keys[-1], token)
        child = next(p for p in walk.run.descendants() if _called(p.cmdline(), name))
        os.kill(child.pid, signal.SIGKILL)
        await walk.run.until("is restarted")
        await _answering(walk)
    canvas = "query ($id: ID!) { design(id: $id) { canvas { seq elements { key } } } }"
    _, after = await walk.post(canvas, {"id": design}, token)
    assert after["design"]["canvas"] == {"seq": len(keys), "elements": [{"key": key} for key in keys]}


def _called(command: list[str], name: str) -> bool:
    """Whether a command line is that of a process of ours, or of an embedded service."""
    return command[-1:] == [name] or name in Path(" ".join(command[:1])).name


async def _answering(walk: Walk) -> None:
    """Wait until the front door answers again, from the origin and from a working cache."""
    async with asyncio.timeout(30):
        while True:
            try:
                await walk.post("{ viewer { id } }", {})  # the edge alone would answer for a while
                for _ in range(2):
                    status, _ = await walk.get("Gallery", {"first": 1})
                if "hit" in status:
                    return
            except (aiohttp.ClientError, AssertionError):
                pass
            await asyncio.sleep(0.1)


async def _design(walk: Walk, project: str, token: str) -> str:
    create = """mutation ($input: CreateDesignInput!) { createDesign(input: $input) { ... on Design { id }
        ... on UserError { message } } }"""
    fields = {"title": "Salón", "room": "LIVING_ROOM", "style": "JAPANDI"}
    _, created = await walk.post(create, {"input": {"projectId": project, **fields}}, token)
    return str(created["createDesign"]["id"])


async def _edit(walk: Walk, design: str, key: str, token: str) -> None:
    shape = {"kind": "FURNITURE", "x": 0, "y": 0, "width": 200, "height": 90}
    edit = """mutation ($design: ID!, $batch: ID!, $edits: [DesignEditInput!]!) {
        applyDesignEdits(designId: $design, batchId: $batch, baseSeq: 0, edits: $edits) {
        ... on EditsApplied { seq } ... on UserError { message } } }"""
    variables = {"design": design, "batch": key, "edits": [{"addElement": {"key": key, **shape}}]}
    _, applied = await walk.post(edit, variables, token)
    assert "seq" in applied["applyDesignEdits"], applied

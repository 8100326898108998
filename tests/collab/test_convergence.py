"""Everybody sees the same room, whatever fails: real clients, two processes of the API, a replica set, Redis.

COLLAB_BATCHES is how many batches are made at least; a thousand where it is not set.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from app.settings import Settings
from auth.keyring import Keyring
from auth.tokens import Claims
from models.canvas import Canvas, replay
from models.database import Database
from models.element import STATE
from schema import ids
from tests.app.processes import environment, running
from tests.collab.crowd import Crowd, crowd
from tests.faults.child import Child
from tests.faults.replica_set import ReplicaSet, replica_set
from tests.faults.world import DATABASE, World
from tests.web.node import NodeClients

BATCHES = int(os.environ.get("COLLAB_BATCHES", "1000"))
CLIENTS = 20
SEED = int(os.environ.get("COLLAB_SEED", "1"))
PAUSE, TROUBLE = 500, 4000  # milliseconds between two batches of a client, and between two failures of its network
PATIENCE = 60.0  # seconds in which batches must go on, whatever has failed

Row = dict[str, Any]


@dataclass
class Room:
    """What can be made to fail, and a design to draw on."""

    world: World
    mongodb: ReplicaSet
    redis: EmbeddedRedis
    apis: list[Child]
    urls: list[str]
    design: ObjectId

    async def kill_one_api(self) -> None:
        """Kill a process of the API, and start it again, which takes seconds: the other goes on without it."""
        await self.apis[0].kill()
        await self.apis[0].start()

    async def kill_every_api(self) -> None:
        """Kill both at once, and start them again."""
        for api in self.apis:
            await api.kill()
        await asyncio.gather(*(api.start() for api in self.apis))

    async def kill_primary(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Kill MongoDB's primary, and start it again when another member has taken over."""
        primary = await self.mongodb.primary()
        primary.kill()
        await primary.wait()
        await meanwhile()
        await primary.start()

    async def kill_redis(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Kill Redis, and start it again when everybody has gone on without it."""
        self.redis.kill()
        await self.redis.wait()
        await meanwhile()
        await self.redis.start()

    async def log(self) -> list[Row]:
        """Return the design's log."""
        return await self.world.rows.design_edits.find({"design": self.design}).sort("seq").to_list(None)  # type: ignore[no-any-return]  # untyped rows

    async def elements(self) -> dict[str, Row]:
        """Return what the read model shows of the canvas, by key."""
        found = self.world.rows.elements.find({"design": self.design, "removed": False})
        return {row["key"]: {name: row[name] for name in STATE} async for row in found}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """Start a replica set of three, Redis and two processes of the API, and begin a design."""
    async with AsyncExitStack() as stack:
        mongodb = await stack.enter_async_context(replica_set(tmp_path))
        redis = await stack.enter_async_context(EmbeddedRedis(tmp_path, free_port()))
        environ = environment(tmp_path, MONGODB_URL=mongodb.url, REDIS_URL=redis.url, MONGODB_DATABASE=DATABASE)
        environ.pop("COVERAGE_PROCESS_CONFIG", None)  # what is killed has no time to say what it covered; it is slow
        async with running(environ, "-m", "app", "migrate") as migrating:
            assert await migrating.ended() == 0
        ports = [int(environ["API_PORT"]), free_port()]
        admin = [int(environ["ADMIN_PORT"]), free_port()]
        apis = [
            Child("api", {**environ, "API_PORT": str(port), "ADMIN_PORT": str(other)})
            for port, other in zip(ports, admin, strict=True)
        ]
        for api in apis:
            stack.push_async_callback(api.kill)
        await asyncio.gather(*(api.start() for api in apis))
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client: AsyncMongoClient[Row] = await stack.enter_async_context(
            AsyncMongoClient(mongodb.url, tz_aware=True, readConcernLevel="majority")
        )
        settings = Settings.from_environment(environ)
        keys = Keyring(settings.secret_key, settings.public_url, Database(client, DATABASE))
        await keys.load()
        world = World(client, session, keys, urls[0], urls[0], environ)
        await world.sign_in()
        project = await world.project()
        try:
            yield Room(world, mongodb, redis, apis, [f"{url}/graphql" for url in urls], world.designs[project])
        finally:
            for api in apis:
                sys.stdout.write("\n  ".join((api.name, *api.lines[-15:], "")))  # for a failure's report


async def test_everybody_ends_with_the_same_canvas(room: Room, client_core: NodeClients) -> None:
    """Given twenty clients who edit at random while everything fails, then nothing is lost, twice, or different."""
    config = {
        "clients": CLIENTS,
        "urls": room.urls,
        "designId": ids.encode("Design", room.design),
        "seed": SEED,
        "batches": BATCHES,
        "pause": PAUSE,
        "trouble": TROUBLE,
    }
    began = time.monotonic()
    async with crowd(client_core, config) as clients, signed_in(room.world, clients):
        await clients.tell({"do": "start"})
        await everything_fails(room, clients)
        await clients.tell({"do": "enough"})
        (made,) = await clients.says("made", BATCHES * PAUSE / 1000 / CLIENTS * 3 + PATIENCE)
        await clients.tell({"do": "drain"})
        (drained,) = await clients.says("drained", PATIENCE)
        log = await room.log()
        await clients.tell({"do": "settle", "seq": len(log)})
        canvases = await clients.says("canvas", PATIENCE, CLIENTS)
    report(clients, drained["drained"], time.monotonic() - began)
    assert clients.refused == []
    assert made["made"] >= BATCHES
    assert [entry["seq"] for entry in log] == list(range(1, made["made"] + 1))
    assert {entry["batch"]: entry["seq"] for entry in log} == clients.acknowledged
    elements = await room.elements()
    assert elements
    assert replayed(log) == elements
    for canvas in canvases:
        assert (canvas["seq"], canvas["pending"]) == (len(log), 0)
        assert canvas["canvas"] == elements


@asynccontextmanager
async def signed_in(world: World, clients: Crowd) -> AsyncIterator[None]:
    """Give each client a new token every minute, as one is good for five."""
    signed = await devices(world)

    async def renew() -> None:
        while True:
            await clients.tell({"do": "tokens", "tokens": [*map(world.keys.access_token, signed)]})
            await asyncio.sleep(60)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def devices(world: World) -> list[Claims]:
    """Sign the user in on as many devices as there are clients, since each may send so many batches a second."""
    own = world.keys.claims(world.token)
    row = await world.rows.sessions.find_one({"_id": own.session})
    made = [{**row, "_id": ObjectId()} for _ in range(CLIENTS)]
    await world.rows.sessions.insert_many(made)
    return [Claims(own.user, each["_id"]) for each in made]


async def everything_fails(room: Room, clients: Crowd) -> None:
    """Have one thing after another fail, again every thousand batches; the clients go on without it."""
    rounds = max(1, BATCHES // 1000)

    async def some_more(part: float = 0.03) -> None:
        more = max(1, int(BATCHES / rounds * part))
        await clients.acknowledges(len(clients.acknowledged) + more, PATIENCE)

    for _ in range(rounds):
        for fault in (
            room.kill_one_api,
            partial(room.kill_redis, some_more),
            room.mongodb.step_down,
            partial(room.kill_primary, some_more),
            room.kill_every_api,
        ):
            await some_more()
            before = len(clients.acknowledged)
            await fault()
            name = getattr(fault, "func", fault).__name__
            sys.stdout.write(f"{name}: {len(clients.acknowledged) - before} batches were acknowledged meanwhile\n")


def replayed(log: list[Row]) -> dict[str, Row]:
    """Return the canvas that a log leads to."""
    canvas = Canvas({})
    for entry in log:
        replay(canvas, entry["edits"])
    return {key: element for key, element in canvas.elements.items() if not element["removed"]}


def report(clients: Crowd, counts: list[dict[str, int]], seconds: float) -> None:
    """Say how much happened; pytest shows it with -s, or when the test fails."""
    totals = {name: sum(count[name] for count in counts) for name in counts[0]}
    sys.stdout.write(f"\n{len(clients.acknowledged)} batches in {seconds:.1f} s; {totals}\n")

"""The real processes that the faults happen to, on services of their own; shared by the whole folder."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from app.embedded.service import EmbeddedService, poll
from app.programs import NAMES
from app.services import open_redis
from app.settings import Settings
from auth.keyring import Keyring
from edge import stream
from edge.stream import EntryId
from models.database import Database
from tests.app.processes import environment, running
from tests.faults.child import Child
from tests.faults.replica_set import ReplicaSet, replica_set
from tests.faults.traffic import Traffic
from tests.faults.wire import Wire
from tests.faults.world import DATABASE, World


@dataclass
class Stand:
    """Everything that can be made to fail. `to_redis` and `to_api` are the edge's wires."""

    world: World
    traffic: Traffic
    mongodb: ReplicaSet
    redis_server: EmbeddedRedis
    redis: Redis
    to_redis: Wire
    to_api: Wire
    edge: Child
    api: Child
    relay: Child
    second_relay: Child

    async def mend(self) -> None:
        """Start what a test that failed has left dead, so that the next one begins with everything."""
        await self.second_relay.kill()
        services: list[EmbeddedService] = [*self.mongodb.members, self.redis_server]
        for service in services:
            if not service.running:
                await service.start()
        for child in (self.api, self.relay, self.edge):
            if not child.running:
                await child.start()

    async def ids(self) -> set[EntryId]:
        """Return the ids of all entries of the stream."""
        return {entry.id for entry in await stream.history(self.redis, 1_000_000)}

    async def written(self) -> None:
        """Wait until the stream has the newest write with the driver, and something behind it."""

        async def arrived() -> bool:
            tail = await stream.tail(self.redis)
            return tail is not None and tail.id > self.world.moment

        await asyncio.wait_for(poll(arrived), 10)

    async def applied(self) -> None:
        """Wait until the edge has applied the newest write with the driver."""

        async def arrived() -> bool:
            return await self.position() >= self.world.moment

        await asyncio.wait_for(poll(arrived), 10)

    async def position(self) -> EntryId:
        """Return the id up to which the edge has applied the stream."""
        url = f"http://127.0.0.1:{int(self.world.environ['ADMIN_PORT']) + NAMES.index('edge')}/stats"
        async with self.world.session.get(url) as response:
            return EntryId.parse((await response.json())["stream"]["position"])


@pytest.fixture(scope="package")
async def stand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """Start a replica set of three, Redis, API, relay and edge, and begin what is written to."""
    folder: Path = tmp_path_factory.mktemp("faults")
    async with AsyncExitStack() as stack:
        mongodb = await stack.enter_async_context(replica_set(folder))
        redis_server = await stack.enter_async_context(EmbeddedRedis(folder, free_port()))
        environ = environment(folder, MONGODB_URL=mongodb.url, REDIS_URL=redis_server.url, MONGODB_DATABASE=DATABASE)
        environ["PUBLIC_URL"] = f"http://127.0.0.1:{environ['EDGE_PORT']}"
        to_redis = await stack.enter_async_context(Wire(redis_server.port).listening())
        to_api = await stack.enter_async_context(Wire(int(environ["API_PORT"])).listening())
        async with running(environ, "-m", "app", "migrate") as migrating:
            assert await migrating.ended() == 0
        own = {
            "edge": {"REDIS_URL": f"redis://127.0.0.1:{to_redis.port}/0", "API_URL": f"http://127.0.0.1:{to_api.port}"}
        }
        children: dict[str, Child] = {}
        for key, name in (("relay", "relay"), ("second_relay", "relay"), ("api", "api"), ("edge", "edge")):
            port = free_port() if key == "second_relay" else int(environ["ADMIN_PORT"]) + NAMES.index(name)
            child = children[key] = Child(name, {**environ, **own.get(name, {}), "ADMIN_PORT": str(port)})
            stack.push_async_callback(child.kill)
            if key != "second_relay":
                await child.start()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client: AsyncMongoClient[dict[str, Any]] = await stack.enter_async_context(
            AsyncMongoClient(mongodb.url, tz_aware=True, w="majority")
        )
        settings = Settings.from_environment(environ)
        redis = await stack.enter_async_context(open_redis(settings))
        keys = Keyring(settings.secret_key, settings.public_url, Database(client, DATABASE))
        await keys.load()
        world = World(client, session, keys, settings.public_url, settings.api_url, environ)
        await world.sign_in()
        for _ in range(3):
            await world.project()
        traffic = Traffic(world)
        yield Stand(world, traffic, mongodb, redis_server, redis, to_redis, to_api, **children)


@pytest.fixture
async def traffic(stand: Stand) -> AsyncIterator[Traffic]:
    """Give people who write and read during the whole test."""
    try:
        async with stand.traffic.going_on() as going_on:
            yield going_on
    finally:
        for child in (stand.edge, stand.api, stand.relay, stand.second_relay):
            state = "runs" if child.running else "is dead"
            sys.stdout.write("\n  ".join((f"{child.name} {state}", *child.lines[-10:], "")))  # for a failure's report
        await stand.mend()

"""The real processes of the property test, in a thread's own event loop, since Hypothesis calls plain functions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from pymongo import AsyncMongoClient

from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.embedded.ports import free_port
from app.programs import NAMES, admin_url
from app.settings import Settings
from auth.keyring import Keyring
from models.database import Database
from tests.app.processes import environment, running
from tests.coherence.checks import Checks
from tests.coherence.journal import Journal
from tests.coherence.world import DATABASE, World

Result = TypeVar("Result")


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _bring_up(stack: AsyncExitStack, folder: Path) -> World:
    mongodb = await stack.enter_async_context(EmbeddedMongoDB(folder, free_port(), durable=False))
    redis = await stack.enter_async_context(EmbeddedRedis(folder, free_port()))
    environ = environment(folder, MONGODB_URL=mongodb.url, REDIS_URL=redis.url, MONGODB_DATABASE=DATABASE)
    environ["EDGE_ADMIN_URLS"] = admin_url(Settings.from_environment(environ), "edge")
    environ["RATE_LIMITS"] = "off"  # answers are compared to the byte, and private ones tell what is left of a budget
    environ["PUBLIC_URL"] = f"http://127.0.0.1:{environ['EDGE_PORT']}"
    async with running(environ, "-m", "app", "migrate") as migrating:
        await migrating.ended()
    for name in ("relay", "api", "edge"):
        admin = {"ADMIN_PORT": str(int(environ["ADMIN_PORT"]) + NAMES.index(name))}
        process = await stack.enter_async_context(running({**environ, **admin}, "-m", "app", name))
        await process.until("is up")
        await stack.enter_async_context(process.heard())
    patience = aiohttp.ClientTimeout(total=30)  # an edge that hangs is found as well
    session = await stack.enter_async_context(aiohttp.ClientSession(timeout=patience))
    client: AsyncMongoClient[dict[str, Any]] = await stack.enter_async_context(
        AsyncMongoClient(mongodb.url, tz_aware=True)
    )
    settings = Settings.from_environment(environ)
    keys = Keyring(settings.secret_key, settings.public_url, Database(client, DATABASE))
    await keys.load()
    world = World(client, session, keys, settings.public_url, settings.api_url, environ)
    for _ in range(2):
        await world.sign_in()
    await world.partner()
    return world


async def _follow(stack: AsyncExitStack, world: World) -> Checks:
    """Give checks whose journal follows the database from now on."""
    journal = Journal(world.client, DATABASE)
    opened = asyncio.Event()
    following = asyncio.create_task(journal.run(opened))

    async def end() -> None:
        following.cancel()
        await following

    stack.push_async_callback(end)
    await opened.wait()
    return Checks(world, journal)


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """Give an event loop that runs beside the test."""
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture(scope="module")
def world(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a platform of separate processes, and the world on it."""
    stack = AsyncExitStack()
    try:
        yield loop.run(_bring_up(stack, tmp_path_factory.mktemp("coherence")))
    finally:
        loop.run(stack.aclose())


@pytest.fixture
def checks(world: World, loop: Loop) -> Iterator[Checks]:
    """Give what holds the edge's answers against the origin's."""
    stack = AsyncExitStack()
    try:
        yield loop.run(_follow(stack, world))
    finally:
        loop.run(stack.aclose())

"""`python -m app relay`: from the database's changes to invalidations; and the snapshots of likes."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable

from app.process import Process, serve
from app.services import open_database, open_redis
from app.settings import Settings
from models.database import Database
from workers.likes import LikeCounts
from workers.relay.relay import Relay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def process(settings: Settings, database: Database | None = None) -> Process:
    """Open what the relay stands on; a database that is given stays open at the end."""
    closing: list[Callable[[], Awaitable[None]]] = []
    if database is None:
        database = await open_database(settings)
        closing.append(database.close)
    redis = open_redis(settings)
    relay, likes = Relay(database, redis), LikeCounts(database)

    async def redis_answers() -> None:
        await redis.ping()

    return Process(
        name="relay",
        checks={"mongodb": database.ping, "redis": redis_answers, "change stream": relay.ready},
        background=(relay.run, relay.pulse, likes.run),
        close=(redis.aclose, *closing),
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Relay until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="relay")

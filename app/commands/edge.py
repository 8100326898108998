"""`python -m app edge`: the edge cache."""

from __future__ import annotations

import argparse
from typing import Any, Final

from aiohttp import web
from redis.asyncio import Redis

from app import edge_stats
from app.process import Process, serve
from app.services import open_redis, own_write
from app.settings import Settings
from auth.tokens import Keys
from edge import plans
from edge.admin import statistics
from edge.fast import FastRunner
from edge.server import EDGE, EdgeConfig, create_edge_app

_IMPATIENT: Final[dict[str, Any]] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}  # a miss can ask the API


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `stats`; all else comes from the environment."""
    parser.add_argument("action", nargs="?", choices=("serve", "stats"), default="serve", help="stats: what it counted")
    parser.add_argument("--json", action="store_true", help="with stats: as JSON")


async def process(settings: Settings) -> Process:
    """Assemble the edge."""
    redis, keys = open_redis(settings), Keys(settings.secret_key)
    second = Redis.from_url(settings.cache_redis_url, **_IMPATIENT) if settings.cache_redis_url else None
    config = EdgeConfig(
        api=settings.api_url,
        images=settings.images_url,
        plans=plans.load(),
        own_write=lambda header: own_write(keys, header),
    )
    app = create_edge_app(config, redis, second)

    async def coherent() -> None:
        await app[EDGE].ready()

    async def stats(_: web.Request) -> web.Response:
        return web.json_response(statistics(app[EDGE]), headers={"Cache-Control": "no-store"})

    return Process(
        name="edge",
        application=app,
        port=settings.edge_port,
        port_setting="EDGE_PORT",
        checks={"invalidations": coherent},
        close=(redis.aclose, *((second.aclose,) if second else ())),
        admin={"/stats": stats},
        runner=FastRunner,
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal, or tell what a running edge has counted."""
    if arguments.action == "stats":
        return edge_stats.show(settings, as_json=arguments.json)
    return serve(lambda: process(settings), settings, name="edge")

"""`python -m app edge`: the edge cache."""

from __future__ import annotations

import argparse

from app.process import Process, serve
from app.services import open_redis, own_write
from app.settings import Settings
from auth.tokens import Keys
from edge import plans
from edge.fast import FastRunner
from edge.server import EDGE, EdgeConfig, create_edge_app


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def process(settings: Settings) -> Process:
    """Assemble the edge."""
    redis, keys = open_redis(settings), Keys(settings.secret_key)
    config = EdgeConfig(
        api=settings.api_url,
        images=settings.images_url,
        plans=plans.load(),
        own_write=lambda header: own_write(keys, header),
    )
    app = create_edge_app(config, redis)

    async def coherent() -> None:
        await app[EDGE].ready()

    return Process(
        name="edge",
        application=app,
        port=settings.edge_port,
        port_setting="EDGE_PORT",
        checks={"invalidations": coherent},
        close=(redis.aclose,),
        runner=FastRunner,
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="edge")

"""`python -m app images`: the image worker."""

from __future__ import annotations

import argparse

from app.process import Process, serve
from app.services import asset_store
from app.settings import Settings
from workers.images.server import create_images_app


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def process(settings: Settings) -> Process:
    """Assemble the image worker."""
    store = asset_store(settings)
    pair = (bytes.fromhex(settings.imgproxy_key), bytes.fromhex(settings.imgproxy_salt))
    return Process(
        name="images",
        application=create_images_app(store, [pair]),
        port=settings.images_port,
        port_setting="IMAGES_PORT",
        checks={"assets": store.check},
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="images")

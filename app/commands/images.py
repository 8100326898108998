"""`python -m app images`: the image worker, and what it makes ahead."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from redis.exceptions import RedisError
from rich.console import Console

from app.process import Process, serve
from app.services import connected, open_asset_store, open_redis
from app.settings import Settings, SettingsError
from storage.assets import AssetStore
from storage.pictures import PictureError, probe
from workers.images.grammar import parse_presets
from workers.images.server import PREPARE, ImagesConfig, create_images_app
from workers.images.sources import LARGEST_BYTES, Sources
from workers.images.warming import do_jobs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what else than to serve can be done."""
    actions = ("serve", "backfill", "dead")
    told = "backfill: have the variants of all pictures made; dead: list the jobs that have failed for good"
    parser.add_argument("action", nargs="?", choices=actions, default="serve", help=told)
    parser.add_argument("--retry", action="store_true", help="with dead: give them another try")


def sources(settings: Settings, store: AssetStore) -> Sources:
    """Return where the worker reads originals; raises SettingsError."""
    previews = f"{settings.api_url}/previews"
    try:
        return Sources(store, previews_url=previews, origins=settings.images_origins, largest_bytes=LARGEST_BYTES)
    except ValueError as error:
        raise SettingsError(f"IMAGES_ORIGINS: {error}") from error


def config(settings: Settings) -> ImagesConfig:
    """Return what the worker answers; raises SettingsError."""
    _check_watermark(settings.images_watermark)
    try:
        presets = parse_presets(settings.imgproxy_presets)
    except ValueError as error:
        raise SettingsError(f"IMGPROXY_PRESETS: {error}") from error
    return ImagesConfig(
        keys=[(bytes.fromhex(key), bytes.fromhex(salt)) for key, salt in settings.imgproxy_pairs],
        presets=presets,
        watermark=settings.images_watermark,
        variants=settings.data_dir / "variants" if settings.images_cache_bytes else None,
        capacity=settings.images_cache_bytes,
    )


def _check_watermark(path: str) -> None:
    try:
        if path:
            probe(Path(path).read_bytes())
    except OSError as error:
        raise SettingsError(f"IMAGES_WATERMARK names no file that can be read: {path}") from error
    except PictureError as error:
        raise SettingsError(f"IMAGES_WATERMARK is no picture that can be used: {error}") from error


async def process(settings: Settings) -> Process:
    """Assemble the image worker; without a Redis it makes nothing ahead. Raises SettingsError."""
    answering, store = config(settings), await open_asset_store(settings)
    app = create_images_app(sources(settings, store), answering)
    redis = open_redis(settings) if settings.redis_url else None

    async def jobs() -> None:
        if redis is not None:
            await do_jobs(redis, app[PREPARE])

    return Process(
        name="images",
        application=app,
        port=settings.images_port,
        port_setting="IMAGES_PORT",
        checks={"assets": store.check},
        background=(jobs,),
        close=(*((redis.aclose,) if redis else ()), store.close),
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal, or see to what is made ahead."""
    if arguments.action == "serve":
        return serve(lambda: process(settings), settings, name="images")
    from app.made_ahead import backfill, dead_letters  # noqa: PLC0415 - loads the schema, which a worker does without

    settings = connected(settings)
    try:
        if arguments.action == "backfill":
            asyncio.run(backfill(settings, Console()))
            return 0
        return asyncio.run(dead_letters(settings, Console(), retry=arguments.retry))
    except RedisError as error:
        sys.stderr.write(f"Redis does not answer: {error}\n")
        return 1

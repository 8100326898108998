"""`python -m app seed`: the demo data."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from contextlib import AsyncExitStack

from app.seed import MOST_DESIGNS, SeedError, grow, load
from app.services import open_asset_store, open_database
from app.settings import Settings
from storage.assets import AssetStoreError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--scale`, `--designs` and `--width`."""
    parser.add_argument("--scale", type=_positive, default=1, metavar="N", help="how many times over, for load tests")
    parser.add_argument(
        "--designs",
        type=_designs,
        default=0,
        metavar="N",
        help="then add large data, almost without canvases and pictures, until there are so many designs",
    )
    parser.add_argument("--width", type=_positive, default=1600, help="the photographs' width in pixels")


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


def _designs(text: str) -> int:
    value = _positive(text)
    if value > MOST_DESIGNS:
        raise argparse.ArgumentTypeError(f"{value} is too many; at most {MOST_DESIGNS} designs are made")
    return value


async def _load(settings: Settings, scale: int, designs: int, width: int) -> None:
    async with AsyncExitStack() as stack:
        database = await open_database(settings, patience=None)
        stack.push_async_callback(database.close)
        store = await open_asset_store(settings)
        stack.push_async_callback(store.close)
        await database.prepare()
        await load(database, store, scale=scale, width=width)
        if designs:
            await grow(database, designs)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Load what is missing of the demo data."""
    gc.disable()  # documents do not refer in circles, and looking for these takes a quarter of the time
    try:
        asyncio.run(_load(settings, arguments.scale, arguments.designs, arguments.width))
    except (SeedError, AssetStoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0

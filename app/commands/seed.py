"""`python -m app seed`: the demo data."""

from __future__ import annotations

import argparse
import asyncio
import sys

from app.seed import SeedError, load
from app.services import asset_store, open_database
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--scale` and `--width`."""
    parser.add_argument("--scale", type=_positive, default=1, metavar="N", help="how many times over, for load tests")
    parser.add_argument("--width", type=_positive, default=1600, help="the photographs' width in pixels")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a positive number")
    return value


async def _load(settings: Settings, scale: int, width: int) -> int:
    database = await open_database(settings, patience=None)
    try:
        await database.prepare()
        return await load(database, asset_store(settings), scale=scale, width=width)
    finally:
        await database.close()


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Load what is missing of the demo data."""
    try:
        asyncio.run(_load(settings, arguments.scale, arguments.width))
    except SeedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0

"""`python -m app migrate`: bring the data to the form this version expects."""

from __future__ import annotations

import argparse
import asyncio

from app.migrations import migrate
from app.services import open_database
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def _migrate(settings: Settings) -> int:
    database = await open_database(settings, patience=None)
    try:
        return await migrate(database)
    finally:
        await database.close()


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Create what is missing and run what has not run yet."""
    del arguments
    asyncio.run(_migrate(settings))
    return 0

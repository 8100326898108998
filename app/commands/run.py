"""`python -m app run`: everything on one machine."""

from __future__ import annotations

import argparse
import asyncio

from app.settings import Settings
from app.supervisor import Supervisor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`run` has no options; settings come from the environment."""
    del parser


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run until a signal; 0 after it, 1 when something did not become ready, 2 for a setting to change."""
    del arguments
    # Each run of asyncio's own loop watches its children from the thread that started them, which the leash needs.
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    return await Supervisor(settings).run()

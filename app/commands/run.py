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
    # Not uvloop: the children are started from the main thread, whose life the leash is tied to.
    return asyncio.run(Supervisor(settings).run())

"""The commands of `python -m app`: a register, and one module for each command.

A command's module has `add_arguments(parser)` and `run(settings, arguments) -> exit code`. It is imported only when
its command is asked for, so that listing the commands does not load the whole platform.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Protocol, cast

from app.settings import Settings

COMMANDS = {
    "run": "Start everything, with an embedded MongoDB and Redis where no address is set.",
    "api": "Serve the GraphQL API.",
    "edge": "Serve the edge cache, the front door of the platform.",
    "images": "Serve and transform pictures.",
    "relay": "Turn the database's changes into invalidations.",
    "seed": "Load the demo data; --designs N adds large data, --scale N copies of it, for load tests.",
    "schema": "Print the GraphQL schema, or write schema.graphql.",
    "operations": "Check the registered operations and write their manifest.",
    "purger": "Tell other caches (Varnish, Fastly, Cloudflare) what has changed.",
    "explain": "Say what an operation depends on, and why its answers may be cached or not.",
    "purge": "Drop cached answers everywhere, by tag or operation.",
    "keys": "List the keys that sign access tokens; rotate: bring in a new one.",
    "migrate": "Bring the data to the form this version expects.",
    "audit": "Verify that nobody has bent the audit log, or take an anchor of it.",
    "backup": "Write everything as it is now into a folder.",
    "restore": "Put back what a backup has.",
    "doctor": "Say what is missing on this machine and how to mend it.",
}


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options."""

    def run(self, settings: Settings, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code."""


def load(name: str) -> Command:
    """Import the module of a command in the register."""
    return cast("Command", importlib.import_module(f"app.commands.{name}"))

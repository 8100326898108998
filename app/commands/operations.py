"""`python -m app operations`: register the operations in `edge/operations/`."""

from __future__ import annotations

import argparse
import sys

from app.operations import OperationError, compile_operations
from app.settings import Settings
from edge.plans import OPERATIONS
from resolvers.api import build


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--check`."""
    parser.add_argument("--check", action="store_true", help="fail if manifest.json or plans.json is out of date")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Write or check what is made from the operations' files."""
    del settings
    try:
        made = compile_operations(build(production=True)[1])
    except OperationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, content in made.items():
        path = OPERATIONS / name
        if not arguments.check:
            path.write_bytes(content)
        elif not path.exists() or path.read_bytes() != content:
            sys.stderr.write(f"edge/operations/{name} is out of date; run `python -m app operations`.\n")
            return 1
    return 0

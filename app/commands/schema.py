"""`python -m app schema`: print the schema, write it, or check the committed one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.settings import Settings
from resolvers.api import api

SNAPSHOT = Path(__file__).resolve().parents[2] / "schema.graphql"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--write` and `--check`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--write", action="store_true", help="write schema.graphql")
    group.add_argument("--check", action="store_true", help="fail if schema.graphql differs from the code")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print, write or check."""
    del settings
    text = api.as_str() + "\n"
    if arguments.write:
        SNAPSHOT.write_text(text, encoding="utf-8")
    elif arguments.check:
        if not SNAPSHOT.exists() or SNAPSHOT.read_text(encoding="utf-8") != text:
            sys.stderr.write("schema.graphql differs from the code; run `python -m app schema --write`.\n")
            return 1
    else:
        sys.stdout.write(text)
    return 0

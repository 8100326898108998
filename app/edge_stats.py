"""`python -m app edge stats`: asks a running edge's admin site and prints tables."""

from __future__ import annotations

import json
import sys
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table

from app.programs import admin_url
from app.settings import Settings

_SECONDS = 3


def show(settings: Settings, *, as_json: bool) -> int:
    """Print what the edge that `run` started has counted; exit code 1 where none answers."""
    url = f"{admin_url(settings, 'edge')}/stats"
    try:
        with urlopen(url, timeout=_SECONDS) as response:  # noqa: S310 - an http address of our own
            found: dict[str, Any] = json.load(response)
    except (OSError, HTTPException, ValueError) as error:
        sys.stderr.write(f"No edge answers at {url} ({error}); is it running, and is ADMIN_PORT the same?\n")
        return 1
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return 0
    console = Console()
    console.print(_operations(found["operations"]))
    if found["invalidations"]:
        console.print(_invalidations(found["invalidations"]))
    store, stream = found["store"], found["stream"]
    console.print(f"Answers: {store['entries']:,}, {store['bytes']:,} of {store['capacity']:,} bytes.", highlight=False)
    learned = found["learned"]
    console.print(f"Plans learned: {learned['plans']:,}, {learned['bytes']:,} bytes.", highlight=False)
    state = "answers from memory" if stream["vouches"] else "passes everything on: it does not know what has changed"
    console.print(f"Newest pulse {stream['heard_seconds']} s ago, {_behind(stream)}: {state}.", highlight=False)
    return 0


def _behind(stream: dict[str, Any]) -> str:
    """Say where in the stream the edge is."""
    lag = stream["lag"]
    if lag is None:
        return f"at {stream['position']}, and Redis does not say where the stream ends"
    return f"at {stream['position']}, {lag['entries']:,} entries and {lag['seconds']} s behind the stream's tail"


def _operations(operations: dict[str, dict[str, Any]]) -> Table:
    results = sorted({name for counts in operations.values() for name in counts} - {"bytes", "hit_rate"})
    table = Table("operation", *results, "hit rate", "bytes", title="Look-ups", title_justify="left")
    for name, counts in operations.items():
        numbers = [f"{counts.get(result, 0):,}" for result in results]
        table.add_row(name, *numbers, f"{counts['hit_rate']:.1%}", f"{counts['bytes']:,}")
    return table


def _invalidations(dropped: dict[str, int]) -> Table:
    table = Table("because of", "answers dropped", title="Invalidations", title_justify="left")
    for tag, count in dropped.items():
        table.add_row(tag, f"{count:,}")
    return table

"""A child for the supervisor: `child.py steady|stubborn|silent|broken`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

from app.process import Process, serve
from app.settings import Settings


def steady() -> int:
    """Serve the admin site until SIGTERM."""

    async def process() -> Process:
        return Process("steady")

    return serve(process, Settings.from_environment())


def stubborn() -> int:
    """Serve like `steady`, and never finish to close: only SIGKILL ends it."""

    async def never() -> None:
        await asyncio.Event().wait()

    async def process() -> Process:
        return Process("stubborn", close=[never])

    return serve(process, Settings.from_environment())


def silent() -> int:
    """Run without ever listening."""
    signal.pause()
    return 0


def broken() -> int:
    """End at once."""
    sys.stdout.write("the reason\n")
    return 3


MODES: dict[str, Callable[[], int]] = {mode.__name__: mode for mode in (steady, stubborn, silent, broken)}

if __name__ == "__main__":
    sys.exit(MODES[sys.argv[1]]())

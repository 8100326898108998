"""Keeps what the supervisor started running: restarts it when it ends, with a growing delay, and says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from app.embedded.errors import EmbeddedServiceError

_STEADY_SECONDS = 60.0
_STYLE = "bold yellow"
Say = Callable[[str, str], None]
"""Prints a message in a style of rich."""


class Supervised(Protocol):
    """What the supervisor keeps running: an embedded service or a child."""

    @property
    def name(self) -> str:
        """What messages call it."""

    async def start(self) -> object:
        """Start it again after it ended."""

    async def wait(self) -> int:
        """Return the exit code once it has ended."""

    def kill(self) -> None:
        """End it at once."""


class Backoff:
    """How long to wait before a restart: 1 s, doubled up to 30 s, and 1 s again after a minute's steady run."""

    def __init__(self, least: float = 1.0, most: float = 30.0) -> None:
        self.least = least
        self.most = most
        self.delay = least

    def next(self, ran_for: float) -> float:
        """Return the seconds to wait after a run of `ran_for` seconds."""
        if ran_for >= _STEADY_SECONDS:
            self.delay = self.least
        delay, self.delay = self.delay, min(self.delay * 2, self.most)
        return delay


async def keep_running(supervised: Supervised, say: Say, backoff: Backoff | None = None) -> None:
    """Restart one whenever it ends; never returns."""
    backoff = backoff or Backoff()
    while True:
        started = time.monotonic()
        code = await supervised.wait()
        ran_for = time.monotonic() - started
        say(f"{supervised.name} ended with code {code}.", _STYLE)
        while not await _restart(supervised, say, backoff.next(ran_for)):
            ran_for = 0.0


async def _restart(supervised: Supervised, say: Say, delay: float) -> bool:
    """Wait, start it again, and return whether that went well; otherwise the reason was said."""
    say(f"{supervised.name} is restarted in {delay:g} s.", _STYLE)
    await asyncio.sleep(delay)
    try:
        await supervised.start()
    except (EmbeddedServiceError, OSError) as error:
        say(str(error), "bold red")
        return False
    return True

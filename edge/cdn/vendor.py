"""What the caches that are purged have in common: how they are asked, and how they refuse."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Protocol

import aiohttp

_LONGEST_PAUSE = 300.0  # whatever a vendor asks for: what was kept has aged by then, and is asked for anew


class PurgeRefusedError(Exception):
    """A cache did not take a purge; `wait` is how many seconds it wants to be left alone, None if it said nothing."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Cdn(Protocol):
    """A cache that is purged by surrogate keys.

    `most_keys` is what one request can name, `interval` the least time between requests (s), `most_waiting` how many
    keys may wait before forgetting everything is sooner done, or cheaper.
    """

    name: str
    most_keys: int
    interval: float
    most_waiting: int

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Have these keys forgotten; raises PurgeRefusedError, or what aiohttp raises."""

    async def purge_everything(self, session: aiohttp.ClientSession) -> None:
        """Have everything forgotten; raises the same."""


async def acknowledged(response: aiohttp.ClientResponse) -> None:
    """Raise PurgeRefusedError unless a purge was taken (2xx); being sent elsewhere (3xx) is no acknowledgement."""
    if response.status // 100 == 2:  # noqa: PLR2004 - the class of what succeeded
        return
    said = (await response.text(errors="replace"))[:200]
    raise PurgeRefusedError(f"{response.status}: {said}", pause(response.headers.get("Retry-After", "")))


def pause(retry_after: str, now: float | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110 §10.2.3: a number or a date); None if it says nothing.

    `now` is the time since the epoch (s), the present by default.
    """
    if retry_after.isascii() and retry_after.isdecimal():
        return min(float(retry_after), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(retry_after).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, until - (time.time() if now is None else now)), _LONGEST_PAUSE)

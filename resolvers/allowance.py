"""How much one device may ask of live collaboration, and how many may be at one design."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_LEAST_WAIT_SECONDS: Final = 1.0  # what comes in meanwhile lets a long queue go on for a while


@dataclass(frozen=True)
class Limits:
    """What one device, and one design, may have of live collaboration; each process counts devices by itself.

    `batches`: how many a device may send in a second, in the long run. `burst`: how many at once, since whoever was
    offline returns with a queue. `openings`, `opened_at_once`: the same of the sockets that it signs in on, and of the
    subscriptions that it begins. `people`: who may follow one design at a time, over all processes. `followings`: by
    how many subscriptions each of them, in one process.
    """

    batches: float = 30.0
    burst: int = 150
    openings: float = 2.0
    opened_at_once: int = 20
    people: int = 100
    followings: int = 20


class Rate:
    """How often each of many may do something: a token bucket, kept as the moment at which it is full again.

    Those whose bucket is full are forgotten, so it holds no more than whoever did something within the time that it
    takes to fill one.
    """

    def __init__(self, a_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / a_second
        self._depth = burst / a_second
        self._clock = clock
        self._full_at: dict[Hashable, float] = {}

    def take(self, who: Hashable) -> float:
        """Take a token: 0, or where there is none, the seconds after which to come again, a second at least."""
        now = self._clock()
        self._forget(now)
        full_at = max(self._full_at.get(who, now), now) + self._interval
        if (missing := full_at - now - self._depth) > 0:
            return max(missing, _LEAST_WAIT_SECONDS)
        self._full_at.pop(who, None)  # to the end, where those are who came last
        self._full_at[who] = full_at
        return 0.0

    async def turn(self, who: Hashable) -> None:
        """Take a token as soon as there is one."""
        while seconds := self.take(who):  # noqa: ASYNC110 - it is time that is waited for
            await asyncio.sleep(seconds)

    def _forget(self, now: float) -> None:
        """Forget the longest idle, up to one whose bucket is not full."""
        while self._full_at and self._full_at[first := next(iter(self._full_at))] <= now:
            del self._full_at[first]


class Allowance:
    """What the devices that use one process have left: batches to send, sockets and subscriptions to open."""

    def __init__(self, limits: Limits) -> None:
        self.batches = Rate(limits.batches, limits.burst)
        self.sockets = Rate(limits.openings, limits.opened_at_once)
        self.subscriptions = Rate(limits.openings, limits.opened_at_once)

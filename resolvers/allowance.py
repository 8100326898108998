"""How much one device may send, and how many people may be at one design."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_LEAST_WAIT_SECONDS: Final = 1.0  # what comes in meanwhile lets a long queue go on for a while


@dataclass(frozen=True)
class Limits:
    """What one client, and one design, may have of live collaboration.

    `batches`: how many a device may send in a second to each process, in the long run. `burst`: how many at once, since
    whoever was offline returns with a queue. `people`: who may follow one design at a time, over all processes.
    """

    batches: float = 30.0
    burst: int = 150
    people: int = 100


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

    def _forget(self, now: float) -> None:
        """Forget the longest idle, up to one whose bucket is not full."""
        while self._full_at and self._full_at[first := next(iter(self._full_at))] <= now:
            del self._full_at[first]

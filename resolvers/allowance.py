"""How much one device may ask of live collaboration, and how many may be at one design."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_ROUNDING_SECONDS: Final = 1e-6  # of a clock that has run for long
_LEAST_WAIT_SECONDS: Final = 1.0  # what comes in meanwhile lets a long queue go on for a while


@dataclass(frozen=True)
class Limits:
    """What one device, and one design, may have of live collaboration; each process counts devices by itself.

    `batches`: how many a device may send in a second, in the long run. `burst`: how many at once, since whoever was
    offline returns with a queue. `openings`, `opened_at_once`: the same of the sockets that all devices sign in on, and
    of the subscriptions that they begin. `people`: who may follow one design at a time, over all processes.
    `followings`: by how many subscriptions each of them, in one process; beyond `promptly`, they are told last.
    """

    batches: float = 30.0
    burst: int = 150
    openings: float = 100.0
    opened_at_once: int = 100
    people: int = 100
    followings: int = 2000
    promptly: int = 20


class Rate:
    """How often each of many may do something: a token bucket, kept as the moment at which it is full again.

    Those whose bucket is full are forgotten, so it holds no more than whoever did something within the time that it
    takes to fill one.
    """

    def __init__(
        self,
        a_second: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        least_wait: float = _LEAST_WAIT_SECONDS,
    ) -> None:
        self._interval = 1 / a_second
        self._depth = burst / a_second
        self._clock = clock
        self._least_wait = least_wait
        self._full_at: dict[Hashable, float] = {}

    def take(self, who: Hashable) -> float:
        """Take a token: 0, or where there is none, the seconds after which to come again, `least_wait` at least."""
        now = self._clock()
        self._forget(now)
        full_at = max(self._full_at.get(who, now), now) + self._interval
        if (missing := full_at - now - self._depth) > _ROUNDING_SECONDS:
            return max(missing, self._least_wait)
        self._full_at.pop(who, None)  # to the end, where those are who came last
        self._full_at[who] = full_at
        return 0.0

    def _forget(self, now: float) -> None:
        """Forget the longest idle, up to one whose bucket is not full."""
        while self._full_at and self._full_at[first := next(iter(self._full_at))] <= now:
            del self._full_at[first]


class Turns:
    """Lets beginnings through at a bounded rate, for all devices together; of those that wait, each in turn.

    So a device that begins much keeps the others waiting for no more than one beginning each.
    """

    def __init__(self, a_second: float, at_once: int) -> None:
        self._rate = Rate(a_second, at_once, least_wait=1 / a_second)
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._letting: asyncio.Task[None] | None = None

    async def turn(self, who: Hashable) -> None:
        """Wait until it is this device's turn."""
        if not self._waiting and not self._rate.take(None):
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(place)
        if self._letting is None or self._letting.done():
            self._letting = asyncio.create_task(self._let())
        await place

    async def _let(self) -> None:
        """Let through who waits, until nobody does."""
        while self._waiting:
            who, places = self._waiting.popitem(last=False)
            place = places.popleft()
            if places:
                self._waiting[who] = places  # behind the others
            while not place.done() and (seconds := self._rate.take(None)):  # noqa: ASYNC110 - it is time that is awaited
                await asyncio.sleep(seconds)
            if not place.done():  # else they have left
                place.set_result(None)


class Allowance:
    """What the devices that use one process have left: batches to send, sockets and subscriptions to open."""

    def __init__(self, limits: Limits) -> None:
        self.batches = Rate(limits.batches, limits.burst)
        self.sockets = Turns(limits.openings, limits.opened_at_once)
        self.subscriptions = Turns(limits.openings, limits.opened_at_once)

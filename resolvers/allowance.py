"""How much one device may ask of live collaboration, and how many may be at one design."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_ROUNDING_SECONDS: Final = 1e-6  # of a clock that has run for long
_LOOK_SECONDS: Final = 0.002
_LEAST_WAIT_SECONDS: Final = 1.0  # what comes in meanwhile lets a long queue go on for a while


@dataclass(frozen=True)
class Limits:
    """What one device, and one design, may have of live collaboration; each process counts devices by itself.

    `batches`: how many a device may send in a second, in the long run. `burst`: how many at once, since whoever was
    offline returns with a queue. `busy`: the share of a core up to which sockets are opened, signed in on and
    subscriptions begun; `slowest`: the seconds after which one is in any case. `people`: who may follow one design at a
    time, over all processes. `followings`: by how many subscriptions each of them, in one process; beyond `promptly`,
    they are told last.
    """

    batches: float = 30.0
    burst: int = 150
    busy: float = 0.4
    slowest: float = 0.2
    people: int = 100
    followings: int = 2000
    promptly: int = 20


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
        if (missing := full_at - now - self._depth) > _ROUNDING_SECONDS:
            return max(missing, _LEAST_WAIT_SECONDS)
        self._full_at.pop(who, None)  # to the end, where those are who came last
        self._full_at[who] = full_at
        return 0.0

    def _forget(self, now: float) -> None:
        """Forget the longest idle, up to one whose bucket is not full."""
        while self._full_at and self._full_at[first := next(iter(self._full_at))] <= now:
            del self._full_at[first]


class Turns:
    """Lets something begin while the process has time for it: what goes on already is not to wait for that.

    One begins when the process has been idle for long enough since the last did, by its CPU time, or when that was
    `slowest` seconds ago. Of devices that wait each has its turn, so one that begins much keeps another waiting for no
    more than one beginning.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.process_time,
    ) -> None:
        self._busy, self._slowest = limits.busy, limits.slowest
        self._clock, self._worked = clock, worked
        self._last = (clock(), worked())
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._letting: asyncio.Task[None] | None = None

    async def turn(self, who: Hashable) -> None:
        """Wait until it is this device's turn."""
        if not self._waiting and self.room():
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(place)
        if self._letting is None or self._letting.done():
            self._letting = asyncio.create_task(self._let())
        await place

    def room(self) -> bool:
        """Whether one may begin now; if so, it counts as having begun."""
        now, worked = self._clock(), self._worked()
        passed, used = now - self._last[0], worked - self._last[1]
        if passed < self._slowest and used > passed * self._busy:
            return False
        self._last = (now, worked)
        return True

    async def _let(self) -> None:
        """Let through who waits, until nobody does."""
        while self._waiting:
            who, places = self._waiting.popitem(last=False)
            place = places.popleft()
            if places:
                self._waiting[who] = places  # behind the others
            while not place.done() and not self.room():  # noqa: ASYNC110 - it is time that is awaited
                await asyncio.sleep(_LOOK_SECONDS)
            if not place.done():  # else they have left
                place.set_result(None)


class Allowance:
    """What the devices that use one process have left: to send, to open sockets, to sign in on them, to subscribe."""

    def __init__(self, limits: Limits) -> None:
        self.batches = Rate(limits.batches, limits.burst)
        self.handshakes = Turns(limits)
        self.sockets = Turns(limits)
        self.subscriptions = Turns(limits)

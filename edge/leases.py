"""Budgets of a minute that many processes spend from, leased in slices, so that a request needs no round trip.

All of them count in one Redis, in the windows of the `limits` library: who takes a slice has it counted there before
spending it here, so what is spent in one window never exceeds the budget, however many spend. What of a slice is not
spent when its window ends lapses; it is the price of not asking each time, and at most 1.5 slices for each process.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from limits import RateLimitItemPerMinute
from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge.eviction import S3Fifo

log = logging.getLogger(__name__)

NAMESPACE: Final = "budget"
WINDOW_SECONDS: Final = 60

_PREFIX: Final = "LIMITS:"  # the library's own
_SLICES: Final = 20  # a minute's budget has so many
_REDIS_SECONDS: Final = 1.0  # less would open a process that is merely busy
_OPEN_SECONDS: Final = 5.0  # how long a Redis that did not answer is left alone
_DRY_SECONDS: Final = 1.0  # how long a budget that is spent is not asked for again
_APART: Final = 2.0  # ends of windows that are further apart than an answer takes are two
_CAPACITY: Final = 16 * 1024 * 1024
_ENTRY_BYTES: Final = 500

_TAKE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local taken = math.max(0, math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - used))
if taken > 0 then used = redis.call('INCRBY', KEYS[1], taken) end
local left = redis.call('PTTL', KEYS[1])
if left < 0 and taken > 0 then
  left = tonumber(ARGV[3]) * 1000
  redis.call('PEXPIRE', KEYS[1], left)
end
return {taken, used, left}
"""


class Verdict(NamedTuple):
    """Whether a request may be answered; `limit` and `remaining` in cost, `reset` in seconds to the window's end.

    `remaining` is what this process knows: others may have spent since.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: float


class _Lease:
    """What is left of one window's slices: below `low`, more is asked for.

    `elsewhere` was left in Redis, which is not asked again before `dry`.
    """

    __slots__ = ("amount", "dry", "elsewhere", "left", "low", "refilling", "until")

    def __init__(self, amount: int, low: float) -> None:
        self.amount = amount
        self.low = low
        self.left = 0
        self.elsewhere = amount
        self.until = float("-inf")
        self.dry = float("-inf")
        self.refilling = False

    def verdict(self, now: float, *, allowed: bool) -> Verdict:
        """Say what came of a request."""
        return Verdict(allowed, self.amount, self.left + self.elsewhere, self.until - now)


class Leases:
    """The slices that one process holds, by subject: `key:<hex id>`, `user:<hex id>`, `address:<ip>`.

    `clock` is monotonic seconds. Where Redis does not answer everything is allowed, which the log says once.
    """

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic, capacity: int = _CAPACITY) -> None:
        self._redis = redis
        self._clock = clock
        self._held: S3Fifo[str, _Lease] = S3Fifo(capacity)
        self._asking: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._open_until = float("-inf")
        self._told = False

    def spend(self, subject: str, amount_a_minute: int, cost: int, now: float) -> Verdict | None:
        """Spend from what is held; None where it must be asked for (`obtain`). `now` is of the clock."""
        lease = self._held.get(subject)
        if lease is None or now >= lease.until or lease.amount != amount_a_minute:
            return _open(amount_a_minute) if now < self._open_until else None
        left = lease.left - cost
        if left >= 0:
            lease.left = left
            if left < lease.low and not lease.refilling and now >= lease.dry:
                self._ask(subject, lease.amount, 1)
            return Verdict(True, amount_a_minute, left + lease.elsewhere, lease.until - now)
        if now < self._open_until:
            return _open(amount_a_minute)
        if now < lease.dry or cost > lease.amount:
            return lease.verdict(now, allowed=False)
        return None

    async def obtain(self, subject: str, amount_a_minute: int, cost: int) -> Verdict:
        """Spend, asking Redis for a slice as often as it takes; all who wait for one subject ask together."""
        while (verdict := self.spend(subject, amount_a_minute, cost, self._clock())) is None:
            await asyncio.shield(self._ask(subject, amount_a_minute, cost))
        return verdict

    def give_back(self, subject: str, cost: int, now: float) -> None:
        """Have what was spent for nothing be there again, if its window still is."""
        lease = self._held.peek(subject)
        if lease is not None and now < lease.until:
            lease.left += cost

    async def close(self) -> None:
        """End what is being asked; slices lapse."""
        asking = [*self._asking.values()]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    @staticmethod
    def _slice(amount: int) -> int:
        return max(1, amount // _SLICES)

    def _ask(self, subject: str, amount: int, cost: int) -> asyncio.Task[None]:
        """Begin to ask for a slice, or join who does."""
        task = self._asking.get((subject, amount))
        if task is None:
            task = asyncio.ensure_future(self._take(subject, amount, max(cost, self._slice(amount))))
            self._asking[subject, amount] = task
            if (lease := self._held.peek(subject)) is not None:
                lease.refilling = True
            task.add_done_callback(lambda _: self._asking.pop((subject, amount), None))
        return task

    async def _take(self, subject: str, amount: int, wanted: int) -> None:
        asked = self._clock()  # the window ends no earlier than what is left of it from here on
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                answer: Any = self._redis.eval(_TAKE, 1, redis_key(subject, amount), wanted, amount, WINDOW_SECONDS)
                taken, used, left = await answer
        except (RedisError, OSError) as error:
            self._fail(error, subject)
            return
        if self._told:
            self._told = False
            log.warning("Redis counts budgets again.")
        until = asked + (left if left > 0 else WINDOW_SECONDS * 1000) / 1000
        lease = self._held.peek(subject)
        if lease is None or lease.amount != amount or until - lease.until > _APART:
            lease = _Lease(amount, self._slice(amount) / 2)
            self._held.put(subject, lease, _ENTRY_BYTES + len(subject))
        lease.left += taken
        lease.elsewhere = max(0, amount - used)
        lease.until = max(lease.until, until)
        lease.refilling = False
        if taken < wanted:
            lease.dry = asked + _DRY_SECONDS

    def _fail(self, error: Exception, subject: str) -> None:
        self._open_until = self._clock() + _OPEN_SECONDS
        if (lease := self._held.peek(subject)) is not None:
            lease.refilling = False
        if not self._told:
            self._told = True
            log.warning("Redis does not count budgets (%r): reads are answered without, until it does.", error)


def redis_key(subject: str, amount_a_minute: int) -> str:
    """Return where Redis counts a subject's budget: as the `limits` library has it."""
    return _PREFIX + RateLimitItemPerMinute(amount_a_minute, namespace=NAMESPACE).key_for(subject)


def rate_headers(verdict: Verdict) -> Mapping[str, str]:
    """Return what a client is told (draft-ietf-httpapi-ratelimit-headers); who is refused, when to come again too."""
    reset = max(1, math.ceil(verdict.reset))
    headers = {
        "RateLimit-Policy": f'"minute";q={verdict.limit};w={WINDOW_SECONDS}',
        "RateLimit": f'"minute";r={max(0, verdict.remaining) if verdict.allowed else 0};t={reset}',
    }
    return headers if verdict.allowed else {**headers, "Retry-After": str(reset)}


def _open(amount: int) -> Verdict:
    return Verdict(allowed=True, limit=amount, remaining=amount, reset=WINDOW_SECONDS)

"""How often something secret may be tried: counts in Redis, kept before the trial, so that parallel ones cannot race.

Nothing is admitted that cannot be counted: where Redis is away, whoever asks is told so by an error.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol, TypeVar

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_PREFIX: Final = "attempts"
_SECONDS: Final = 1.0  # how long anybody waits for a Redis that hangs
_LEAST_WAIT_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 3600  # how long a turn is kept for who does not come

# A turn is due after a delay, and taken once. KEYS: the turn; ARGV: now, delay, how long it is kept. Seconds to wait.
_TURN: Final = """
local due = redis.call('GET', KEYS[1])
if not due then
    redis.call('SET', KEYS[1], ARGV[1] + ARGV[2], 'EX', ARGV[3])
    return tostring(ARGV[2])
end
if tonumber(due) > tonumber(ARGV[1]) then return tostring(due - ARGV[1]) end
redis.call('DEL', KEYS[1])
return '0'
"""

_T = TypeVar("_T")


class AttemptsUnavailableError(Exception):
    """Attempts cannot be counted at the moment, so none is admitted."""


@dataclass(frozen=True)
class Bucket:
    """What is counted together: attempts at one thing of one subject. It overflows with any of its windows.

    The subject (an address, an account, both) is hashed, so that Redis holds nobody's.
    """

    windows: tuple[RateLimitItem, ...]
    key: str


@dataclass(frozen=True)
class Limit:
    """How often something may be tried: a minute, a quarter of an hour, an hour, a day; None for as often as liked."""

    name: str
    a_minute: int | None = None
    a_quarter: int | None = None
    an_hour: int | None = None
    a_day: int | None = None

    def of(self, *subject: object) -> Bucket:
        """Return the bucket of a subject."""
        kinds = (
            (RateLimitItemPerMinute, 1, self.a_minute),
            (RateLimitItemPerMinute, 15, self.a_quarter),
            (RateLimitItemPerHour, 1, self.an_hour),
            (RateLimitItemPerDay, 1, self.a_day),
        )
        windows = tuple(kind(most, times, namespace=self.name) for kind, times, most in kinds if most is not None)
        return Bucket(windows, sha256("\0".join(map(str, (self.name, *subject))).encode()).hexdigest()[:32])


class Attempts(Protocol):
    """Counts attempts. Every method raises AttemptsUnavailableError where it cannot."""

    async def take(self, *buckets: Bucket) -> float:
        """Count an attempt that is about to be made: 0, or the seconds after which to come again.

        A bucket that overflows keeps the attempt from being counted in those behind it.
        """
        ...

    async def turn(self, bucket: Bucket, delay: float) -> float:
        """Have somebody wait for so many seconds before each attempt: 0 when they have, else the seconds left."""
        ...

    async def forgive(self, *buckets: Bucket) -> None:
        """Forget what was counted."""
        ...


class RedisAttempts:
    """Attempts in fixed windows, each of which begins with its first attempt, by the `limits` library."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        pool: Any = redis.connection_pool  # the library's options are typed as plain values
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=_PREFIX, connection_pool=pool
        )
        self._windows = FixedWindowRateLimiter(self._storage)
        self._redis = redis
        self._clock = clock
        self._away = False

    async def take(self, *buckets: Bucket) -> float:
        """Count in one bucket after the other, up to the first that overflows."""
        return await self._asked(self._take(buckets))

    async def turn(self, bucket: Bucket, delay: float) -> float:
        """Note when somebody may try, if they do not wait for that already."""
        key = f"{_PREFIX}:turn:{bucket.key}"
        asked: Any = self._redis.eval(
            _TURN, 1, key, str(self._clock()), str(delay), str(math.ceil(delay) + _PATIENCE_SECONDS)
        )
        return float(await self._asked(asked))

    async def forgive(self, *buckets: Bucket) -> None:
        """Clear every window."""
        await self._asked(self._forgive(buckets))

    async def _take(self, buckets: tuple[Bucket, ...]) -> float:
        for bucket in buckets:
            for window in bucket.windows:
                if not await self._windows.hit(window, bucket.key):
                    over = await self._storage.get_expiry(window.key_for(bucket.key))
                    return max(over - time.time(), _LEAST_WAIT_SECONDS)
        return 0.0

    async def _forgive(self, buckets: tuple[Bucket, ...]) -> None:
        for bucket in buckets:
            for window in bucket.windows:
                await self._windows.clear(window, bucket.key)

    async def _asked(self, asking: Awaitable[_T]) -> _T:
        """Ask Redis; the log tells when it stops to answer."""
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await asking
        except (RedisError, OSError, TimeoutError) as error:
            if not self._away:
                log.error("Attempts at secrets cannot be counted, so none is admitted: Redis: %r", error)  # noqa: TRY400 - its cause is no mistake of ours
            self._away = True
            raise AttemptsUnavailableError from error
        if self._away:
            log.warning("Attempts at secrets are counted again.")
        self._away = False
        return answer

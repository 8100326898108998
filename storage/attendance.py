"""Who follows which design, counted over all processes: in Redis, by leases that a process which dies lets run out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

LEASE_SECONDS = 60.0
"""How long somebody counts whose process says nothing more."""

_PREFIX = "attendance:"
_SECONDS = 2.0  # how late a subscription may begin because of a Redis that hangs
_PATIENCE = 15.0  # seconds, where nobody waits
_ENTER = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local there, count = {}, 0
for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local user = string.match(entry, '^%S+')
  if not there[user] then there[user], count = true, count + 1 end
end
if not there[ARGV[1]] and count >= tonumber(ARGV[5]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1] .. ' ' .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
"""


class Entry(NamedTuple):
    """One stay of one person at one design, in one process; `name` is that of the stay."""

    design: str
    user: str
    name: str


class Register(Protocol):
    """Knows who is where; nothing of it raises. While it cannot be asked, everybody is let in."""

    async def enter(self, entry: Entry, most: int) -> bool:
        """Note a stay; False, and it is not noted, where there are as many others as may be."""
        ...

    async def stay(self, entries: Iterable[Entry]) -> None:
        """Have stays go on for a minute from now."""
        ...

    async def leave(self, entry: Entry) -> None:
        """Note the end of a stay."""
        ...


class RedisRegister:
    """The register in one sorted set for each design: stays by the moments at which they run out."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def enter(self, entry: Entry, most: int) -> bool:
        """Note a stay unless so many others are there; True where Redis is away."""
        now = self._clock()
        arguments = (entry.user, entry.name, now, now + LEASE_SECONDS, most, int(LEASE_SECONDS * 2))
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                entered: Any = self._redis.eval(_ENTER, 1, _PREFIX + entry.design, *map(str, arguments))
                return bool(await entered)
        return True

    async def stay(self, entries: Iterable[Entry]) -> None:
        """Renew the leases, also of those that a Redis which began anew knows nothing of."""
        ends = self._clock() + LEASE_SECONDS
        with suppress(RedisError, OSError, TimeoutError):
            async with self._redis.pipeline(transaction=False) as pipeline:
                for entry in entries:
                    pipeline.zadd(_PREFIX + entry.design, {f"{entry.user} {entry.name}": ends})
                    pipeline.expire(_PREFIX + entry.design, int(LEASE_SECONDS * 2))
                async with asyncio.timeout(_PATIENCE):
                    await pipeline.execute()

    async def leave(self, entry: Entry) -> None:
        """Forget a stay."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._redis.zrem(_PREFIX + entry.design, f"{entry.user} {entry.name}")

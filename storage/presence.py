"""Who is at a design right now, and where: in Redis, where it may be lost, and never in the database."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

KEPT_SECONDS = 30.0
"""How long somebody who says nothing more is still shown."""

MOST_PEOPLE = 100
"""How many are shown at one design."""

_PREFIX = "presence:"
_SECONDS = 0.25  # how long anybody waits for a Redis that hangs
_PUT = """
local there = redis.call('HEXISTS', KEYS[1], ARGV[1])
if there == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class Presence(Protocol):
    """Knows who is where; nothing of it raises, since it may be lost."""

    async def put(self, design: str, device: str, state: Mapping[str, Any]) -> bool:
        """Show a device's state until it says something else, or nothing for 30 s; False where it is not shown."""
        ...

    async def leave(self, design: str, device: str) -> None:
        """Show a device no more."""
        ...

    async def everyone(self, design: str) -> dict[str, dict[str, Any]]:
        """Return the state of every device that is shown."""
        ...


class RedisPresence:
    """Presence in one hash for each design."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def put(self, design: str, device: str, state: Mapping[str, Any]) -> bool:
        """Show a device's state; False where there are a hundred already, or Redis is away."""
        told = json.dumps({**state, "at": self._clock()})
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                put: Any = self._redis.eval(
                    _PUT, 1, _PREFIX + design, device, told, str(MOST_PEOPLE), str(int(KEPT_SECONDS * 2))
                )
                return bool(await put)
        return False

    async def leave(self, design: str, device: str) -> None:
        """Forget a device."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                left: Any = self._redis.hdel(_PREFIX + design, device)
                await left

    async def everyone(self, design: str) -> dict[str, dict[str, Any]]:
        """Return those who have said something within 30 s, and forget the others."""
        found: dict[str, dict[str, Any]] = {}
        late: list[str] = []
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                asked: Any = self._redis.hgetall(_PREFIX + design)
                for device, told in (await asked).items():
                    state = json.loads(told)
                    if self._clock() - state.pop("at") < KEPT_SECONDS:
                        found[device.decode()] = state
                    else:
                        late.append(device.decode())
                if late:
                    gone: Any = self._redis.hdel(_PREFIX + design, *late)
                    await gone
        return found

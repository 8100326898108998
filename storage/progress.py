"""How far uploads have come, for whoever asks another process: numbers in Redis that may be lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

_PREFIX = "upload:"
_KEPT_SECONDS = 30  # an upload that says no more has broken off
_TOLD_SECONDS = 0.25
_ASK_SECONDS = 0.25


class UploadProgress:
    """Tells and knows how many bytes of an upload have come in; without Redis nothing is known, and nothing waits."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._telling: set[asyncio.Task[None]] = set()

    async def told(self, upload: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass the chunks on, and tell of their number now and then, while they come."""
        received, last, telling = 0, float("-inf"), None
        async for chunk in chunks:
            received += len(chunk)
            if time.monotonic() - last >= _TOLD_SECONDS and (telling is None or telling.done()):
                telling = self._tell(upload, received)
                last = time.monotonic()
            yield chunk

    async def received(self, upload: str) -> int | None:
        """Return how many bytes of an upload under way have come in; None where that is not known."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                found = await self._redis.get(_PREFIX + upload)
        except (RedisError, OSError, TimeoutError):
            return None
        return None if found is None else int(found)

    async def ended(self, upload: str) -> None:
        """Forget an upload, whose bytes have all come in."""
        await asyncio.gather(*self._telling, return_exceptions=True)
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_ASK_SECONDS):
                await self._redis.delete(_PREFIX + upload)

    def _tell(self, upload: str, received: int) -> asyncio.Task[None]:
        async def tell() -> None:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(_ASK_SECONDS):
                    await self._redis.set(_PREFIX + upload, received, ex=_KEPT_SECONDS)

        task = asyncio.create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return task

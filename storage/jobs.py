"""Work that is done later: a queue in Redis, by saq. What cannot be queued is logged, and can be made up for later.

A job that fails is tried again with longer and longer pauses; one that fails for good stays as a dead letter, with its
error, for a month.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq import Job, Status
from saq.queue.redis import RedisQueue
from saq.types import WorkerInfo

WARM_UP = "warm_up"
"""The job that makes variants of a picture; its argument `paths` are signed paths of the image worker."""

MOST_WAITING = 100_000
"""Jobs that may wait; beyond, nobody is doing them, and Redis is not to be filled."""

_NAME = "disenopro"
_AWAY_SECONDS = 1.0
_SETTLED_SECONDS = 5.0
_POLICY: dict[str, Any] = {
    "retries": 5,
    "retry_delay": 1.0,
    "retry_backoff": 60.0,
    "timeout": 120,
    "ttl": 30 * 86_400,
}

log = logging.getLogger(__name__)


class JobQueue(RedisQueue):
    """The queue, as a worker takes it: one that waits while Redis is away, where saq's would try without a pause."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, name=_NAME)
        self._away = self._swept = False

    async def dequeue(self, timeout: float = 0.0, poll_interval: float = 0.0) -> Job | None:  # noqa: ASYNC109 - saq's
        """Return a job, None where there is none within so many seconds."""
        try:
            job = await super().dequeue(timeout, poll_interval)
        except (RedisError, OSError) as error:
            if not self._away:
                log.warning("Jobs are not done while Redis is away: %s", error)
            self._away = True
            await asyncio.sleep(_AWAY_SECONDS)
            return None
        self._away = False
        return job

    async def schedule(self, lock: int = 1) -> list[str]:
        """Put what is due back in the queue."""
        return [] if self._away else await super().schedule(lock)

    async def sweep(self, lock: int = 60, abort: float = 5.0) -> list[str]:
        """Put what a worker began and did not end back in the queue.

        A job that was taken this moment looks as if its worker had ended; so a worker that starts, and takes what waits
        for it, does not look at once.
        """
        if not self._swept:
            await asyncio.sleep(_SETTLED_SECONDS)
        self._swept = True
        return [] if self._away else await super().sweep(lock, abort)

    async def write_worker_info(self, worker_id: str, info: WorkerInfo, ttl: int) -> None:
        """Say nothing of workers: metrics do."""


class Jobs:
    """Takes jobs."""

    def __init__(self, redis: Redis) -> None:
        self._queue = JobQueue(redis)

    async def add(self, function: str, key: str, **arguments: Any) -> bool:
        """Have `function` called later with these arguments (JSON), once for jobs of equal keys that wait.

        Returns False where it cannot be queued, which the log says.
        """
        try:
            if await self._queue.count("queued") >= MOST_WAITING:
                log.warning("Over %s jobs wait; %s %s was not queued.", MOST_WAITING, function, key)
                return False
            await self._queue.enqueue(function, key=key, **_POLICY, **arguments)
        except (RedisError, OSError) as error:
            log.warning("%s %s was not queued: %s", function, key, error)
            return False
        return True

    async def dead(self) -> AsyncIterator[Job]:
        """Yield the dead letters: jobs that have failed for good."""
        async for job in self._queue.iter_jobs(statuses=[Status.FAILED, Status.ABORTED]):
            yield job

    async def retry(self, job: Job) -> None:
        """Give a dead letter another five tries."""
        await self._queue.enqueue(Job(job.function, job.kwargs, key=job.key, **_POLICY))

    async def waiting(self) -> int:
        """Return how many jobs are not done."""
        return await self._queue.count("incomplete")

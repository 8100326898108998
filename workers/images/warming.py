"""Makes variants before anyone asks for them: takes the jobs that uploads leave in Redis, one at a time.

So of two or more rendering processes, all but one stay free for who waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from saq import Job, Status, Worker

from storage.jobs import WARM_UP, JobQueue
from workers.images.errors import BusyError, NotFoundError
from workers.images.metrics import WARMED

ACCEPTED = ("image/avif,image/webp", "image/webp")
"""What clients accept for whom variants are made ahead."""

_KEPT_SECONDS = 60  # what is done is of no interest
_POLL_SECONDS = 2.0  # less than the client of Redis waits for an answer
_BUSY_SECONDS = 1.0

Prepare = Callable[[str, str], Awaitable[object]]
"""Makes the variant at a path for an `Accept` header; raises ImageError."""

log = logging.getLogger(__name__)
logging.getLogger("saq").setLevel(logging.ERROR)  # it warns at each stop that it stops


async def do_jobs(redis: Redis, prepare: Prepare) -> None:
    """Do jobs until cancelled; one that is under way then is done again later."""

    async def warm_up(context: dict[str, Any], *, paths: Sequence[str]) -> None:
        for path in paths:
            for accept in ACCEPTED:
                await _made(prepare, path, accept)
        context["job"].ttl = _KEPT_SECONDS

    async def count(context: dict[str, Any]) -> None:
        job: Job = context["job"]
        WARMED.labels("retried" if job.status is Status.QUEUED else str(job.status)).inc()

    functions = [(WARM_UP, warm_up)]
    worker: Worker[Any] = Worker(
        JobQueue(redis), functions, concurrency=1, after_process=count, dequeue_timeout=_POLL_SECONDS
    )
    worker.SIGNALS = []  # the process has its own way to end
    await worker.start()


async def _made(prepare: Prepare, path: str, accept: str) -> None:
    """Make one variant, as soon as there is room for it; what is gone meanwhile needs none."""
    while True:
        try:
            await prepare(path, accept)
        except BusyError:
            await asyncio.sleep(_BUSY_SECONDS)
        except NotFoundError as error:
            log.info("A picture was not made ahead: %s", error)
            return
        else:
            return

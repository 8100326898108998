"""Variants of pictures that are made ahead: for all pictures that are there, and what has failed for good."""

from __future__ import annotations

import asyncio
import time

from rich.console import Console
from rich.progress import Progress

from app.acting import warming
from app.http import registry
from app.seed.progress import bars
from app.services import open_database, open_redis
from app.settings import Settings
from models.asset import Asset
from resolvers.api import build
from resolvers.warming import Warming
from storage.jobs import Jobs

_MOST_AHEAD = 200  # jobs that wait while more are added, so that a stop leaves little behind
_LOOK_SECONDS = 0.2
_HINT_SECONDS = 20.0


async def backfill(settings: Settings, console: Console) -> None:
    """Have the variants of every picture made, and show how far that is; what is there already takes no time.

    Raises:
        RedisError: Redis does not answer.

    """
    database, redis = await open_database(settings), open_redis(settings)
    try:
        api, _ = build(production=settings.production)
        ahead = warming(settings, redis, api, registry.load().values())
        with bars() as progress:
            count = await Asset.count()
            await _all(ahead, _Done(progress, count, ahead.jobs))
        console.print(f"The variants of {count} pictures are there; `python -m app images dead` tells of failures.")
    finally:
        await redis.aclose()
        await database.close()


class _Done:
    """How many pictures are done: those that were added less the jobs that wait."""

    def __init__(self, progress: Progress, total: int, jobs: Jobs) -> None:
        self._progress, self._jobs = progress, jobs
        self._bar = progress.add_task("Pictures", total=total)
        self._moved, self._last = time.monotonic(), -1

    async def until(self, added: int, most_waiting: int) -> None:
        """Wait until so few jobs wait, and say so if nobody does them."""
        while True:
            waiting = await self._jobs.waiting()
            self._progress.update(self._bar, completed=max(0, added - waiting))
            if waiting <= most_waiting:
                return
            if waiting != self._last:
                self._moved, self._last = time.monotonic(), waiting
            elif time.monotonic() - self._moved > _HINT_SECONDS:
                self._progress.console.print("Nothing moves: is `python -m app images` (or `run`) running?")
                self._moved = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)


async def _all(ahead: Warming, done: _Done) -> None:
    added = 0
    async for asset in Asset.find_all():
        await done.until(added, _MOST_AHEAD)
        if not await ahead.add(asset):
            continue
        added += 1
    await done.until(added, 0)


async def dead_letters(settings: Settings, console: Console, *, retry: bool) -> int:
    """List the jobs that have failed for good, or give them another try; return 1 if there are any that stay.

    Raises:
        RedisError: Redis does not answer.

    """
    redis = open_redis(settings)
    try:
        jobs, found = Jobs(redis), 0
        async for job in jobs.dead():
            found += 1
            reason = (job.error or "").strip().rpartition("\n")[2]
            console.print(f"{job.key}: {reason}", markup=False, highlight=False)
            if retry:
                await jobs.retry(job)
        console.print(f"{found} dead letters" + (", each with another try." if retry else "."))
        return int(found > 0 and not retry)
    finally:
        await redis.aclose()

"""What backups stand on: the services that settings name, those of a running `run`, or embedded ones for as long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.embedded.errors import StillRunningError
from app.run_lock import RunLock
from app.services import connected
from app.settings import Settings


@asynccontextmanager
async def standing(settings: Settings, *, alone: bool) -> AsyncIterator[Settings]:
    """Give settings with the addresses of services that answer.

    Raises:
        StillRunningError: with `alone`, a `run` works on the folder of these settings.
        EmbeddedServiceError: an embedded service cannot be started.

    """
    async with AsyncExitStack() as stack:
        if settings.mongodb_url is None or settings.redis_url is None:
            if not alone and _run(settings):
                settings = connected(settings)
            else:
                stack.enter_context(RunLock(settings.data_dir))
            if settings.mongodb_url is None:
                mongodb = await stack.enter_async_context(EmbeddedMongoDB(settings.data_dir, settings.mongodb_port))
                settings = replace(settings, mongodb_url=mongodb.url)
            if settings.redis_url is None:
                redis = await stack.enter_async_context(EmbeddedRedis(settings.data_dir, settings.redis_port))
                settings = replace(settings, redis_url=redis.url)
        yield settings


def _run(settings: Settings) -> bool:
    """Whether a `run` works on the folder of these settings."""
    try:
        with RunLock(settings.data_dir):
            return False
    except StillRunningError:
        return True

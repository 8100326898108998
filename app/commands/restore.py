"""`python -m app restore DIR`: put back what a backup has, into an empty database."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from redis.exceptions import RedisError

from app.backup import BackupError, Manifest, restore
from app.backup.restoring import examine
from app.backup.standing import standing
from app.commands.backup import progressing
from app.embedded import EmbeddedServiceError
from app.services import open_asset_store, open_database, open_redis
from app.settings import Settings
from edge.stream import STREAM
from storage.assets import AssetError

_STREAM_KEPT = """\
Redis does not answer ({error}). Before the platform starts, empty it, or delete the key {key}: the stream in it is that
of other data, and caches would trust it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to restore."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a backup")
    parser.add_argument("--check", action="store_true", help="only say whether the backup is whole")
    parser.add_argument("--force", action="store_true", help="delete what the database has first")


async def _restore(settings: Settings, folder: Path, *, force: bool) -> Manifest:
    async with AsyncExitStack() as stack:
        settings = await stack.enter_async_context(standing(settings, alone=True))
        database = await open_database(settings, patience=None)
        stack.push_async_callback(database.close)
        store = await open_asset_store(settings)
        stack.push_async_callback(store.close)
        with progressing() as tell:
            restored = await restore(database, store, folder, force=force, tell=tell)
        await forget_stream(settings)
        return restored


async def forget_stream(settings: Settings) -> None:
    """Delete the stream of invalidations, so that every cache drops what it holds; say so where that cannot be done."""
    redis = open_redis(settings)
    try:
        await redis.delete(STREAM)
    except (RedisError, OSError) as error:
        sys.stderr.write(_STREAM_KEPT.format(error=error, key=STREAM))
    finally:
        await redis.aclose()


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Restore a backup, or only look whether it is whole."""
    try:
        if arguments.check:
            found = examine(arguments.folder)
            sys.stdout.write(f"{arguments.folder} is whole: {len(found.files)} files, as of {found.made_at}.\n")
            return 0
        restored = asyncio.run(_restore(settings, arguments.folder, force=arguments.force))
    except (BackupError, AssetError, EmbeddedServiceError, OSError) as error:
        sys.stderr.write(f"Nothing is restored: {error}\n")
        return 1
    documents = sum(kept.documents for kept in restored.files.values())
    sys.stdout.write(f"Restored {documents} documents as of {restored.made_at}; the platform can be started.\n")
    if restored.missing:
        sys.stdout.write(f"{len(restored.missing)} originals were deleted while the backup was taken.\n")
    return 0

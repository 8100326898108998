"""`python -m app backup DIR`: everything as it is at one moment, also while the platform runs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.backup import BackupError, Manifest, take
from app.backup.standing import standing
from app.backup.taking import Tell
from app.embedded import EmbeddedServiceError
from app.services import open_asset_store, open_database
from app.settings import Settings
from storage.assets import AssetError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to write it."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that does not exist yet")
    parser.add_argument("--without-assets", action="store_true", help="the database alone, without pictures' originals")


async def _take(settings: Settings, folder: Path, *, assets: bool) -> Manifest:
    async with AsyncExitStack() as stack:
        settings = await stack.enter_async_context(standing(settings, alone=False))
        database = await open_database(settings, patience=None)
        stack.push_async_callback(database.close)
        store = await open_asset_store(settings)
        stack.push_async_callback(store.close)
        return await take(database, store, folder, assets=assets, tell=stack.enter_context(progressing()))


@contextmanager
def progressing() -> Iterator[Tell]:
    """Show what is being worked on, how many are done, and for how long; how many there are, nobody knows before."""
    columns = (SpinnerColumn(), TextColumn("{task.description:<48}"), TimeElapsedColumn())
    with Progress(*columns, transient=True, disable=not sys.stdout.isatty()) as progress:
        task, done = progress.add_task("", total=None), Counter[str]()

        def tell(what: str, count: int) -> None:
            done[what] += count
            progress.update(task, description=f"{what}: {done[what]}")

        yield tell


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Take a backup, and say what is in it."""
    try:
        made = asyncio.run(_take(settings, arguments.folder, assets=not arguments.without_assets))
    except (BackupError, AssetError, EmbeddedServiceError, OSError) as error:
        sys.stderr.write(f"There is no backup: {error}\n")
        return 1
    documents, size = sum(kept.documents for kept in made.files.values()), sum(k.bytes for k in made.files.values())
    pictures = sum(path.startswith("assets/") for path in made.files)
    sys.stdout.write(
        f"{arguments.folder}: {documents} documents, {pictures} originals, {size} bytes ({made.made_at}).\n"
    )
    return 0

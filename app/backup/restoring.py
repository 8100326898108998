"""Restoring a backup into an empty database: nothing is written before all of it was found to be as it was written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from app.backup.bson_files import batches
from app.backup.manifest import ASSETS, COLLECTIONS, BackupError, DamagedError, Manifest, OccupiedError
from app.backup.taking import LEFT_OUT, Tell
from app.migrations import migrate
from app.migrations.migrate import MIGRATIONS
from models.database import PULSES, Database
from models.entity import now
from storage.assets import AssetStore

_DOCUMENTS_AT_ONCE: Final = 1000
_BYTES_AT_ONCE: Final = 8 << 20
_ALIVE: Final = timedelta(seconds=5)  # a relay writes a pulse every quarter of a second
_RAW: Final[CodecOptions[Any]] = CodecOptions(document_class=RawBSONDocument)


async def restore(
    database: Database,
    store: AssetStore,
    folder: Path,
    *,
    force: bool = False,
    tell: Tell = lambda _what, _count: None,
) -> Manifest:
    """Put back what is in a backup; with `force` in the place of what the database has.

    Raises:
        DamagedError: names the file of the backup that is not as it was written; nothing was touched.
        OccupiedError: the database has documents, or a platform is running on it.
        BackupError: it was made by a newer release.

    """
    manifest = await asyncio.to_thread(examine, folder, tell)
    await _refuse_while_running(database)
    await _clear(database, force=force)
    for path, kept in manifest.files.items():
        kind, _, name = path.partition("/")
        if kind == COLLECTIONS:
            await _collection(database, name.removesuffix(".bson"), folder / path)
        else:
            await store.write(name, _bytes(folder / path), limit=kept.bytes)
        tell(name if kind == COLLECTIONS else ASSETS, kept.documents or 1)
    await migrate(database)
    return manifest


def examine(folder: Path, tell: Tell = lambda _what, _count: None) -> Manifest:
    """Read all of a backup, and return what is in it.

    Raises:
        DamagedError, BackupError: as `restore`.

    """
    manifest = Manifest.read(folder)
    unknown = {*manifest.migrations} - {migration.version for migration in MIGRATIONS}
    if unknown:
        raise BackupError(f"This backup was made by a newer release: it knows the migrations {sorted(unknown)}.")
    for path in manifest.check(folder):
        if path.partition("/")[0] not in {COLLECTIONS, ASSETS}:
            raise DamagedError(f"{path} is no part of a backup.")
        tell("checked", 1)
    return manifest


async def _refuse_while_running(database: Database) -> None:
    pulse = await database.handle[PULSES].find_one({"_id": "relay"})
    if pulse is not None and now() - pulse["at"] < _ALIVE:
        raise OccupiedError("A platform runs on this database, or did a moment ago: stop all its processes first.")


async def _clear(database: Database, *, force: bool) -> None:
    """Drop what the database has; raises OccupiedError unless that is wanted, or it has no documents."""
    handle = database.handle
    names = [name for name in await handle.list_collection_names() if not name.startswith("system.")]
    for name in sorted({*names} - LEFT_OUT):
        if not force and await handle[name].find_one({}, {"_id": 1}) is not None:
            message = f"The database {handle.name!r} has documents ({name}); restore into an empty one, or say --force"
            raise OccupiedError(f"{message} to lose what it has.")
    for name in names:
        await handle.drop_collection(name)


async def _collection(database: Database, name: str, path: Path) -> None:
    rows = database.handle.get_collection(name, codec_options=_RAW)
    reading = batches(path, _DOCUMENTS_AT_ONCE, _BYTES_AT_ONCE)
    while (batch := await asyncio.to_thread(next, reading, None)) is not None:
        try:
            await rows.insert_many([RawBSONDocument(document) for document in batch])
        except (BulkWriteError, DuplicateKeyError) as error:
            raise OccupiedError(f"{name}: somebody else writes to this database ({error}).") from error


async def _bytes(path: Path) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(path.read_bytes)

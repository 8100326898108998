"""Taking a backup, also while people write: every collection is read as of one moment.

The folder is written under a hidden name and renamed at its end, so that what has its name is whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from app.backup.bson_files import Writer
from app.backup.manifest import ASSETS, COLLECTIONS, BackupError, Kept, Manifest, OccupiedError
from models.asset import original_key
from models.database import PULSES, Database
from models.entity import now
from models.purge import PURGES
from storage import durable_files
from storage.assets import AssetMissingError, AssetStore
from workers.relay.recorder import STATE

LEFT_OUT: Final = frozenset({PULSES, PURGES, STATE})
"""Collections that tell of the running platform alone: signs of life, purges, how far a change stream was read."""

Tell = Callable[[str, int], None]
"""Hears of each part that is done: the name of what is written, and how many of it."""

_ASSETS_AT_ONCE: Final = 8
_BATCH: Final = 1000
_SNAPSHOT_GONE: Final = frozenset({239, 246})  # SnapshotTooOld, SnapshotUnavailable (mongo/base/error_codes.yml)


async def take(
    database: Database, store: AssetStore, target: Path, *, assets: bool = True, tell: Tell = lambda _what, _count: None
) -> Manifest:
    """Write a backup of everything that was acknowledged before, and return what is in it.

    Raises:
        OccupiedError: there is something under this name.
        BackupError: reading took longer than MongoDB keeps a moment.

    """
    partial = await asyncio.to_thread(_begin, target)
    try:
        manifest = await _Taking(database, store, partial, tell).run(assets=assets)
        await asyncio.to_thread(_finish, partial, target)
    except OperationFailure as error:
        if error.code not in _SNAPSHOT_GONE:
            raise
        message = "Reading took longer than MongoDB keeps a moment (minSnapshotHistoryWindowInSeconds, 300 s): raise "
        raise BackupError(f"{message}that, or use mongodump; see docs/backup.md. ({error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


class _Taking:
    """One backup on its way."""

    def __init__(self, database: Database, store: AssetStore, folder: Path, tell: Tell) -> None:
        self._database, self._store, self._folder, self._tell = database, store, folder, tell
        self._files: dict[str, Kept] = {}

    async def run(self, *, assets: bool) -> Manifest:
        """Read the database, then the originals that it names."""
        moment = now()
        await self._database.pulse("backup")  # acknowledged by a majority: no snapshot from here on is older
        names = [name for name in await self._database.handle.list_collection_names() if not name.startswith("system.")]
        (self._folder / COLLECTIONS).mkdir()
        async with self._database.client.start_session(snapshot=True) as session:
            for name in sorted({*names} - LEFT_OUT):
                await self._collection(name, session)
            migrations = await self._rows("migrations", {"complete": True}, {"_id": 1}, session)
            keys = await self._keys(session) if assets else []
        missing = await self._originals(keys)
        manifest = Manifest(
            made_at=moment.isoformat(),
            database=self._database.handle.name,
            migrations=sorted(row["_id"] for row in migrations),
            assets=assets,
            files=self._files,
            missing=sorted(missing),
        )
        await asyncio.to_thread(manifest.write, self._folder)
        return manifest

    async def _collection(self, name: str, session: AsyncClientSession) -> None:
        path = f"{COLLECTIONS}/{name}.bson"
        writer = await asyncio.to_thread(Writer, self._folder / path)
        try:
            batches: Any = self._database.handle[name].find_raw_batches(session=session, batch_size=_BATCH)
            async for batch in batches:  # bytes, which the library types as documents
                await asyncio.to_thread(writer.write, batch)
        finally:
            self._files[path] = await asyncio.to_thread(writer.close)
        self._tell(name, self._files[path].documents)

    async def _keys(self, session: AsyncClientSession) -> list[str]:
        """Return where the originals of pictures lie."""
        rows = await self._rows("assets", {}, {"organization": 1, "content_hash": 1}, session)
        return [original_key(row["organization"], row["content_hash"]) for row in rows]

    async def _rows(self, name: str, query: Any, fields: Any, session: AsyncClientSession) -> list[dict[str, Any]]:
        return await self._database.handle[name].find(query, fields, session=session).to_list()

    async def _originals(self, keys: Sequence[str]) -> list[str]:
        """Copy originals; return the keys of those that are gone meanwhile."""
        missing: list[str] = []
        for first in range(0, len(keys), _ASSETS_AT_ONCE):
            some = keys[first : first + _ASSETS_AT_ONCE]
            results = await asyncio.gather(*map(self._copy, some), return_exceptions=True)
            for key, copied in zip(some, results, strict=True):
                if isinstance(copied, AssetMissingError):
                    missing.append(key)
                elif isinstance(copied, BaseException):
                    raise copied
        return missing

    async def _copy(self, key: str) -> None:
        data = await self._store.read(key)
        await asyncio.to_thread(_write, self._folder / ASSETS / key, data)
        self._files[f"{ASSETS}/{key}"] = Kept(len(data), hashlib.sha256(data).hexdigest())
        self._tell(ASSETS, 1)


def _begin(target: Path) -> Path:
    """Return a hidden folder to write into, instead of what one that was killed has left."""
    if target.exists():
        raise OccupiedError(f"{target} exists; a backup is written into a folder of its own.")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    return partial


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _finish(partial: Path, target: Path) -> None:
    """Flush everything, and give the folder its name."""
    for path in sorted(partial.rglob("*"), reverse=True):
        if path.is_dir():
            durable_files.sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    durable_files.sync_folder(partial)
    partial.rename(target)
    durable_files.sync_folder(target.parent)

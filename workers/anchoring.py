"""Taking anchors of the audit log: once an hour, and whenever this process has sealed a thousand entries.

They are appended to a file beside the database, and with a bucket for pictures each is put there as well, where a lock
on objects (S3 Object Lock) keeps them from whoever can write to the database.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from pymongo.errors import PyMongoError

from auth.anchors import Anchor, AnchorError, Known, follow, take
from auth.chain import Head, chain_name, head_of
from models.audit import AuditChain
from models.database import Database, cancelled
from models.entity import now
from storage.assets import AssetStore, AssetStoreError
from storage.durable_files import make_folder

log = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=1)
ENTRIES: Final = 1000
LOOK_SECONDS: Final = 10.0

_LARGEST: Final = 64 << 20


def anchors_file(data_dir: Path) -> Path:
    """Return where a process with this `DATA_DIR` keeps its anchors."""
    return data_dir / "audit" / "anchors.jsonl"


class Anchoring:
    """Anchors the chains of one database in a file, and in a store besides, if there is one."""

    def __init__(
        self,
        database: Database,
        key: bytes,
        file: Path,
        store: AssetStore | None = None,
        sealed: Callable[[], int] = lambda: 0,
    ) -> None:
        self._database, self._key, self._file, self._store = database, key, file, store
        self._sealed = sealed

    async def run(self) -> None:
        """Anchor until cancelled."""
        mark, due = self._sealed(), now()
        while not cancelled():
            if now() >= due or self._sealed() - mark >= ENTRIES:
                try:
                    await self.anchor(now())
                    mark, due = self._sealed(), now() + EVERY
                except (PyMongoError, AssetStoreError, AnchorError, OSError) as error:
                    log.error("No anchor of the audit log could be taken: %s", error)  # noqa: TRY400 - told in words
            await asyncio.sleep(LOOK_SECONDS)

    async def anchor(self, at: datetime) -> Anchor | None:
        """Take an anchor, durably; None where nothing has moved since the last one.

        Raises:
            AnchorError: the file was altered: nothing is added to it.
            OSError, AssetStoreError, PyMongoError: as they come.

        """
        await asyncio.to_thread(make_folder, self._file.parent)
        with _locked(self._file) as file:
            known = await asyncio.to_thread(_known, self._key, file)
            anchor = take(self._key, known, await self._heads(), at)
            if anchor is None:
                return None
            for chain, head in anchor.moved.items():
                if chain in known.heads and head.seq <= known.heads[chain].seq:
                    log.error("The audit log's chain %s ended at entry %s before.", chain, known.heads[chain].seq)
            await asyncio.to_thread(_append, file, anchor.line())
        if self._store is not None:
            await self._store.write(_key(anchor), _chunks(anchor.line()), limit=_LARGEST)
        return anchor

    async def _heads(self) -> dict[str, Head]:
        """Return the ends of all chains, as a majority has them."""
        rows = self._database.handle[AuditChain.stored_in()].find({}, batch_size=10_000)
        return {chain_name(row["organization"]): head async for row in rows if (head := head_of(row)) is not None}


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be read and appended to by nobody else meanwhile; raises BlockingIOError where another does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def _known(key: bytes, file: BinaryIO) -> Known:
    """Return what a file says; a line that was not written to its end (the power went) is removed from it."""
    known, end = Known(), 0
    for line in file:
        if line.endswith(b"\n"):
            follow(key, known, line)
            end += len(line)
    if file.seek(0, os.SEEK_END) > end:
        log.warning("The last anchor of the audit log was never finished; it is taken anew.")
        file.truncate(end)
    return known


def _append(file: BinaryIO, line: bytes) -> None:
    file.write(line)
    file.flush()
    os.fsync(file.fileno())


def _key(anchor: Anchor) -> str:
    """Return where a store keeps an anchor: in the order of their times for each machine."""
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()) or "host"
    return f"audit/anchors/h{host[:100]}/{anchor.at:%Y%m%dT%H%M%S.%fZ}.json"


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data

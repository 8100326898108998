"""Variants that were made already, in a folder: a cold edge or a restarted worker does not have all made again.

Each is one file, named by its ETag: a line with its type and size, a checksum, the bytes. Several workers may share the
folder. There is no index to keep right: what has not been asked for longest is found by the files' times.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import zlib
from contextlib import suppress
from pathlib import Path

from storage import durable_files
from workers.images.render import Variant

_SLACK = 10
"""Old files are looked for when a tenth of the folder's capacity has been written."""

_USED_SECONDS = 3600.0
"""How exactly it is known when a variant was last asked for; so most answers write nothing."""

_FORGOTTEN_SECONDS = 3600.0
"""How old a file that was never finished is when it is taken away."""

log = logging.getLogger(__name__)


class VariantFolder:
    """Keeps variants up to so many bytes; beyond, those go that were not asked for longest."""

    def __init__(self, root: Path, capacity: int) -> None:
        self._root, self._capacity = root, capacity
        self._unseen = capacity  # bytes written since the last look; the first write looks
        self._failing = False

    async def find(self, tag: str) -> Variant | None:
        """Return a variant that was kept, None where there is none or its file is damaged."""
        return await asyncio.to_thread(self._find, tag)

    async def keep(self, tag: str, variant: Variant) -> None:
        """Keep a variant. A folder that cannot be written to is said once in the log, and no error: it can be made."""
        try:
            await asyncio.to_thread(self._keep, tag, variant)
        except OSError as error:
            if not self._failing:
                log.warning("Variants of pictures are not kept: %s", error.strerror or error)
            self._failing = True
        else:
            self._failing = False

    def _find(self, tag: str) -> Variant | None:
        path = self._path(tag)
        try:
            with path.open("rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                data = file.read()
        except OSError:
            return None
        if time.time() - found.st_mtime > _USED_SECONDS:
            with suppress(OSError):
                os.utime(path)
        return _unpacked(data)

    def _keep(self, tag: str, variant: Variant) -> None:
        data = _packed(variant)
        if self._unseen * _SLACK >= self._capacity:
            self._make_room()
        partial, file = durable_files.open_partial(self._path(tag))
        try:
            durable_files.append(file, data)
            partial.replace(self._path(tag))  # not flushed: a file that a power cut damages is seen by its checksum
        finally:
            durable_files.discard(file, partial)
        self._unseen += len(data)

    def _make_room(self) -> None:
        """Delete what was not asked for longest, so that another tenth of the capacity has room."""
        self._unseen = 0
        files = sorted(self._files())
        excess = sum(size for _, size, _ in files) - self._capacity + self._capacity // _SLACK
        for used, size, path in files:
            unfinished = path.name.startswith(".")
            if time.time() - used > _FORGOTTEN_SECONDS if unfinished else excess > 0:
                with suppress(OSError):
                    path.unlink()
                    excess -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """List every file: when it was last asked for, its size, where it is."""
        found = []
        for path in self._root.glob("*/*"):
            with suppress(OSError):
                told = path.stat()
                found.append((told.st_mtime, told.st_size, path))
        return found

    def _path(self, tag: str) -> Path:
        return self._root / tag[:2] / tag


def _packed(variant: Variant) -> bytes:
    told = f"{variant.media_type} {variant.width} {variant.height}".encode()
    return b"%b %d\n%b" % (told, _checksum(told, variant.body), variant.body)


def _unpacked(data: bytes) -> Variant | None:
    head, _, body = data.partition(b"\n")
    told, _, checksum = head.rpartition(b" ")
    if checksum != str(_checksum(told, body)).encode():
        return None
    media_type, width, height = told.decode().split(" ")
    return Variant(body, media_type, int(width), int(height))


def _checksum(told: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(told))

"""The asset store: originals by key, as a Protocol, and the implementation that keeps them in a folder.

`storage.s3` has the one that keeps them in a bucket.

Keys are relative POSIX paths of safe segments, such as `<organization>/<sha256>` or `staging/<token>`.

    AssetError
    ├── AssetKeyError         the key is malformed; it never reaches the file system
    ├── AssetMissingError     nothing is stored under the key
    ├── AssetTooLargeError    more bytes than the limit were sent; nothing was kept
    └── AssetStoreError       the store itself is in trouble: full, not writable, unreachable
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from storage import durable_files
from storage.cancellation import to_its_end

_T = TypeVar("_T")

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST_SEGMENTS = 8
_BUFFER_BYTES = 1 << 20  # chunks are gathered to this size, so that small ones do not each cost a thread switch
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class AssetError(Exception):
    """Any failure of an asset store. The message names the problem and never a path of the server."""


class AssetKeyError(AssetError, ValueError):
    """The key is not made of one to eight safe segments."""


class AssetMissingError(AssetError):
    """Nothing is stored under the key."""


class AssetTooLargeError(AssetError):
    """More bytes than the limit were sent."""


class AssetStoreError(AssetError):
    """The store cannot do its work: the disk is full, not writable or failing."""


@dataclass(frozen=True)
class StoredAsset:
    """What was written: its key, its size in bytes, and the SHA-256 of its content in lowercase hex."""

    key: str
    size: int
    sha256: str


class AssetStore(Protocol):
    """Where originals are kept. Every write is durable when it returns, and visible whole or not at all."""

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> StoredAsset:
        """Store `chunks` under `key`, replacing what was there; over `limit` bytes raises AssetTooLargeError."""
        ...

    async def read(self, key: str) -> bytes:
        """Return the content, or raise AssetMissingError."""
        ...

    async def size(self, key: str) -> int:
        """Return the content's size in bytes without reading it, or raise AssetMissingError."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Make `target` hold what `source` holds now; AssetMissingError if there is no source."""
        ...

    async def delete(self, key: str) -> None:
        """Forget `key`; a key that holds nothing is no error."""
        ...

    async def check(self) -> None:
        """Raise AssetStoreError unless the store can be written to."""
        ...

    async def close(self) -> None:
        """Let go of what the store holds open; it is of no use afterwards."""
        ...


@runtime_checkable
class PresignedUploads(Protocol):
    """What an asset store has besides, if browsers can upload to it without the API between."""

    async def presigned_put(self, key: str, *, seconds: int) -> str:
        """Return an address that takes PUTs of `key`'s content for so long, from anyone and again and again.

        So nothing is known of what lies there: it must be checked, and copied to where it is to stay.

        Raises:
            AssetKeyError: the key is not below `staging/`.
            AssetStoreError: there are no credentials to sign with.

        """
        ...


def check_key(key: str) -> tuple[str, ...]:
    """Split a key into its segments.

    Raises:
        AssetKeyError: a segment is empty, starts with a dot, or has characters other than letters, digits, `._-`.

    """
    segments = tuple(key.split("/"))
    if len(segments) > _MOST_SEGMENTS or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise AssetKeyError("An asset's key is one to eight segments of letters, digits, '.', '_' and '-'.")
    return segments


def explain(error: OSError) -> str:
    """Say what an operating-system error means to whoever operates the store."""
    if error.errno in _DISK_FULL:
        return "The asset store's disk is full; free some space or move DATA_DIR."
    return f"The asset store failed: {error.strerror or type(error).__name__}."


class FolderAssetStore:
    """Originals as files under one folder.

    A file is written beside its final place under a hidden name, flushed to disk, and renamed; so a reader sees the
    old content or the new, never a part, and a process killed half-way leaves at most a hidden file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> StoredAsset:
        """Store `chunks` under `key`; see `AssetStore.write`."""
        target = self._path(key)
        digest, size, buffer = hashlib.sha256(), 0, bytearray()
        partial, file = await _in_thread(durable_files.open_partial, target)
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise AssetTooLargeError(f"The file has more than {limit} bytes.")
                digest.update(chunk)
                buffer += chunk
                if len(buffer) >= _BUFFER_BYTES:
                    await _in_thread(durable_files.append, file, bytes(buffer))
                    buffer.clear()
            await _in_thread(durable_files.finish, file, bytes(buffer), partial, target)
        finally:
            durable_files.discard(file, partial)
        return StoredAsset(key, size, digest.hexdigest())

    async def read(self, key: str) -> bytes:
        """Return the content; see `AssetStore.read`."""
        return await _in_thread(_present, self._path(key).read_bytes)

    async def size(self, key: str) -> int:
        """Return the size in bytes; see `AssetStore.size`."""
        return await _in_thread(_present, _size, self._path(key))

    async def copy(self, source: str, target: str) -> None:
        """Copy durably; a hard link where the file system has them, since stored files are never changed in place."""
        await _in_thread(_present, durable_files.copy, self._path(source), self._path(target))

    async def delete(self, key: str) -> None:
        """Remove the file; see `AssetStore.delete`."""
        await _in_thread(durable_files.delete, self._path(key))

    async def sweep(self, folder: str, seconds: float) -> int:
        """Remove what has lain below a folder for so long; return how many files that were."""
        return await _in_thread(durable_files.sweep, self._path(folder), seconds)

    async def check(self) -> None:
        """Write and remove a small file; see `AssetStore.check`."""
        await _in_thread(durable_files.probe, self._root)

    async def close(self) -> None:
        """Do nothing: no file is held open."""

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*check_key(key))


async def _in_thread(function: Callable[..., _T], *arguments: object) -> _T:
    """Run blocking work in a thread; when cancelled, wait for it first, so that no file is closed under its feet."""
    try:
        return await to_its_end(asyncio.to_thread(function, *arguments))
    except OSError as error:
        raise AssetStoreError(explain(error)) from error


def _size(path: Path) -> int:
    return path.stat().st_size


def _present(function: Callable[..., _T], *arguments: object) -> _T:
    try:
        return function(*arguments)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise AssetMissingError("There is no such asset.") from error

"""Files of BSON documents one after the other, as `mongodump` writes them: blocking functions for a thread."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from app.backup.manifest import DamagedError, Kept

_LENGTH: Final = 4  # bytes: a document begins with its length, these included
_LEAST: Final = 5
_MOST: Final = 16_793_600  # MongoDB's 16 MiB, and what it adds itself


def split(data: bytes) -> list[memoryview]:
    """Return the documents in a batch of whole ones; raises ValueError where it is none."""
    view, found = memoryview(data), []
    while view:
        length = int.from_bytes(view[:_LENGTH], "little")
        if not _LEAST <= length <= min(len(view), _MOST) or view[length - 1]:
            raise ValueError("this is no BSON")
        found.append(view[:length])
        view = view[length:]
    return found


class Writer:
    """Writes one file, and knows what the manifest says of it."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("xb")
        self._digest = hashlib.sha256()
        self._bytes = self._documents = 0

    def write(self, batch: bytes) -> None:
        """Append a batch of documents."""
        self._file.write(batch)
        self._digest.update(batch)
        self._bytes += len(batch)
        self._documents += len(split(batch))

    def close(self) -> Kept:
        """Flush the file to disk, and return what was written."""
        with self._file as file:
            file.flush()
        return Kept(self._bytes, self._digest.hexdigest(), self._documents)


def batches(path: Path, most: int, most_bytes: int) -> Iterator[list[bytes]]:
    """Yield a file's documents, at most so many and about so many bytes at once.

    Raises:
        DamagedError: it is not made of whole documents.

    """
    batch: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        while head := file.read(_LENGTH):
            length = int.from_bytes(head, "little")
            body = file.read(length - _LENGTH) if _LEAST <= length <= _MOST else b""
            if len(head) + len(body) != length or body[-1:] != b"\0":
                raise DamagedError(f"{path.name} is not made of whole documents.")
            batch.append(head + body)
            size += length
            if len(batch) >= most or size >= most_bytes:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch

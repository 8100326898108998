"""Files that are either not there or whole and on disk: blocking functions for a thread.

A file is written beside its final place under a hidden name, flushed, and renamed; the folder is flushed after it.
Every function raises OSError as the system gives it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_COPY_BYTES = 1 << 20


def open_partial(target: Path) -> tuple[Path, BinaryIO]:
    """Make the target's folder and open a hidden file in it, to be given to `finish` and then `discard`."""
    make_folder(target.parent)
    partial = _partial_beside(target)
    return partial, partial.open("xb", buffering=0)


def append(file: BinaryIO, data: bytes) -> None:
    """Write all of `data`, however often the system takes only a part."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def finish(file: BinaryIO, rest: bytes, partial: Path, target: Path) -> None:
    """Append `rest`, flush the file, and give it its final name, durably."""
    append(file, rest)
    os.fsync(file.fileno())
    partial.replace(target)
    sync_folder(target.parent)


def discard(file: BinaryIO, partial: Path) -> None:
    """Close the file and remove its hidden name; nothing is left to remove after `finish`."""
    file.close()
    with suppress(OSError):
        partial.unlink()


def copy(source: Path, target: Path) -> None:
    """Make `target` hold what `source` holds: by a hard link where the file system has them, else by a copy."""
    make_folder(target.parent)
    partial = _partial_beside(target)
    try:
        _link_or_copy(source, partial)
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)  # renaming a link onto its own file keeps both names


def copy_bytes(source: Path, target: Path) -> None:
    """Copy a file's bytes into a new file and flush them."""
    with source.open("rb") as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer, _COPY_BYTES)
        writer.flush()
        os.fsync(writer.fileno())


def delete(path: Path) -> None:
    """Remove a file durably; one that is not there is no error."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def sweep(folder: Path, seconds: float) -> int:
    """Remove the files in a folder that were written so long ago; return how many."""
    oldest, removed = time.time() - seconds, 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def probe(folder: Path) -> None:
    """Make the folder if need be, and write and remove a small file in it."""
    make_folder(folder)
    file = _partial_beside(folder / "probe")
    try:
        file.write_bytes(b"writable")
    finally:
        file.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, and flush each parent that got a new entry."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _partial_beside(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(8)}.partial")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:  # no hard links here, or too many of this file
        copy_bytes(source, target)

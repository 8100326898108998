"""What a backup says of itself: `manifest.json`, with the length and the SHA-256 of every file, and of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import orjson

FORMAT: Final = "disenopro-backup"
VERSION: Final = 1
NAME: Final = "manifest.json"
COLLECTIONS: Final = "collections"
ASSETS: Final = "assets"
_READ_BYTES: Final = 1 << 20


class BackupError(Exception):
    """It cannot be done. The message is for the operator."""


class DamagedError(BackupError):
    """A file of the backup is missing, altered or cut short; the message names it."""


class OccupiedError(BackupError):
    """There is something where something is to be written."""


@dataclass(frozen=True)
class Kept:
    """What is known of a file: how long it is, its SHA-256 in hex, and how many documents are in it."""

    bytes: int
    sha256: str
    documents: int = 0


@dataclass(frozen=True)
class Manifest:
    """What is in a backup.

    Every write that was acknowledged before `made_at` is in it; all of it is as it was at one moment. `files` are its
    files by their paths, `migrations` the versions of those that had run, `missing` the keys of originals that were
    deleted between that moment and their copying. `assets` says whether originals are part of it.
    """

    made_at: str
    database: str
    migrations: list[int]
    assets: bool
    files: dict[str, Kept] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write it into the backup's folder."""
        body = {"format": FORMAT, "version": VERSION, **asdict(self)}
        (folder / NAME).write_bytes(_encoded({**body, "sha256": _digest(body)}))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it.

        Raises:
            BackupError: there is none, or it is of a newer form.
            DamagedError: it is not as it was written.

        """
        try:
            text = (folder / NAME).read_bytes()
        except OSError as error:
            raise BackupError(f"{folder} is no backup: it has no {NAME} that can be read.") from error
        try:
            body: dict[str, Any] = orjson.loads(text)
            given = body.pop("sha256")
            form, version = body.pop("format"), body.pop("version")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise DamagedError(f"{NAME} is damaged.") from error
        if form != FORMAT or not isinstance(version, int) or version > VERSION:
            raise BackupError(f"{NAME}: this is no backup that this release can read ({form} {version}).")
        if given != _digest({"format": form, "version": version, **body}):
            raise DamagedError(f"{NAME} is damaged.")
        files = {path: Kept(**kept) for path, kept in body.pop("files").items()}
        return cls(**body, files=files)

    def check(self, folder: Path) -> Iterator[str]:
        """Yield each file once it was read and found as it was written.

        Raises:
            DamagedError: names the first that is missing, altered, cut short, or not part of the backup.

        """
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {NAME}
        for stray in sorted(there - self.files.keys()):
            raise DamagedError(f"{stray} is no part of this backup.")
        for path, kept in self.files.items():
            if path not in there:
                raise DamagedError(f"{path} is missing.")
            size, digest = measure(folder / path)
            if size != kept.bytes:
                raise DamagedError(f"{path} has {size} bytes; {kept.bytes} were written.")
            if digest != kept.sha256:
                raise DamagedError(f"{path} was altered.")
            yield path


def measure(path: Path) -> tuple[int, str]:
    """Return a file's length and its SHA-256 in hex."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            digest.update(part)
            size += len(part)
    return size, digest.hexdigest()


def _encoded(body: dict[str, Any]) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(_encoded(body)).hexdigest()

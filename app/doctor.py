"""`python -m app doctor`: what this machine has, what it lacks, and how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from app.embedded import EmbeddedMongoDB, EmbeddedRedis, NoBinaryError
from app.embedded.binaries import Binary, find_mongod, find_redis_server
from app.embedded.ports import Listener, problem_of
from app.interpreter import optimised, supported
from app.programs import listeners
from app.settings import Settings

LEAST_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` says what to do when it is not ok, and an optional one is a warning."""

    what: str
    ok: bool
    found: str
    mend: str = ""
    required: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Look at everything `run` needs on this machine; nothing is started and nothing changed but DATA_DIR made."""
    return [
        python_version(sys.version_info[:2]),
        python_build(optimised=optimised()),
        Finding("platform", ok=True, found=f"{platform.system()} {platform.machine()}"),
        mongodb(settings),
        redis(settings),
        pictures(),
        *(port(listener) for listener in all_listeners(settings)),
        data_folder(settings.data_dir),
        disk_space(settings.data_dir, LEAST_DISK_BYTES),
    ]


def python_version(version: tuple[int, int]) -> Finding:
    """Check the interpreter's version."""
    return Finding(
        "Python",
        ok=supported(version),
        found=".".join(map(str, version)),
        mend="Install Python 3.11 or 3.12, remove .venv and run make again.",
    )


def python_build(*, optimised: bool) -> Finding:
    """Check how the interpreter was built; one that is slow is a warning."""
    return Finding(
        "Python's build",
        ok=optimised,
        found="with a profile" if optimised else "without a profile, so it takes a quarter longer",
        mend="Take a distribution's Python, or build it with --enable-optimizations; remove .venv and run make again.",
        required=False,
    )


def mongodb(settings: Settings) -> Finding:
    """Check that MONGODB_URL is set or a mongod runs here."""
    return _service("MongoDB", "MONGODB_URL", settings.mongodb_url, lambda: find_mongod(settings.data_dir))


def redis(settings: Settings) -> Finding:
    """Check that REDIS_URL is set or a redis-server runs here."""
    return _service("Redis", "REDIS_URL", settings.redis_url, lambda: find_redis_server(settings.data_dir))


def _service(name: str, setting: str, url: str | None, find: Callable[[], Binary]) -> Finding:
    if url is not None:
        return Finding(name, ok=True, found=f"{setting} is set")  # the URL may hold a password
    try:
        binary = find()
    except NoBinaryError as error:
        return Finding(name, ok=False, found="no program that runs here", mend=str(error))
    libraries = ", with libraries from the pycurl wheel" if binary.environment else ""
    return Finding(name, ok=True, found=f"{binary.version_text} at {binary.path}{libraries}")


def pictures() -> Finding:
    """Check that libvips loads and writes AVIF and WebP."""
    mend = "Install the dependencies again (make), or libvips with libheif and libwebp (Debian: libvips42)."
    try:
        import pyvips  # noqa: PLC0415 - a library that does not load is a finding, not a crash
    except (ImportError, OSError) as error:
        return Finding("pictures", ok=False, found=f"libvips does not load: {error}", mend=mend)
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    lacking = []
    for suffix in (".avif", ".webp"):
        try:
            pyvips.Image.black(16, 16, bands=3).write_to_buffer(suffix)
        except pyvips.Error:
            lacking.append(suffix[1:].upper())
    found = f"libvips {version}" + (f" cannot write {' and '.join(lacking)}" if lacking else " with AVIF and WebP")
    return Finding("pictures", ok=not lacking, found=found, mend=mend)


def all_listeners(settings: Settings) -> list[Listener]:
    """Return every port `run` would listen on."""
    embedded = []
    if settings.mongodb_url is None:
        embedded.append(EmbeddedMongoDB(settings.data_dir, settings.mongodb_port).listener)
    if settings.redis_url is None:
        embedded.append(EmbeddedRedis(settings.data_dir, settings.redis_port).listener)
    return [*listeners(settings), *embedded]


def port(listener: Listener) -> Finding:
    """Check that a port is free; a running platform takes its own, so this is a warning."""
    problem = problem_of(listener)
    found = "taken" if problem else "free"
    return Finding(f"port {listener.port}", ok=problem is None, found=found, mend=problem or "", required=False)


def data_folder(data_dir: Path) -> Finding:
    """Check that the data folder can be made and written to."""
    mend = "Set DATA_DIR to a folder this user can write to."
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("data folder", ok=False, found=str(error), mend=mend)
    writable = os.access(data_dir, os.W_OK | os.X_OK)
    return Finding("data folder", ok=writable, found=str(data_dir.resolve()), mend=mend)


def disk_space(data_dir: Path, least: int) -> Finding:
    """Check that at least `least` bytes are free where the data goes."""
    existing = next(folder for folder in (data_dir.resolve(), *data_dir.resolve().parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    return Finding(
        "disk space",
        ok=free >= least,
        found=f"{free / 1024**3:.1f} GiB free",
        mend=f"Free {least / 1024**3:.0f} GiB, or set DATA_DIR to a larger disk.",
    )


def report(findings: list[Finding]) -> Table:
    """Return the table of findings, with how to mend what is not ok."""
    table = Table(title="What this machine has", title_justify="left")
    for column in ("", "what", "found", "how to mend it"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = "[green]✓[/]" if finding.ok else "[red]✗[/]" if finding.required else "[yellow]![/]"
        table.add_row(mark, finding.what, finding.found, "" if finding.ok else finding.mend)
    return table


def healthy(findings: list[Finding]) -> bool:
    """Return whether everything required is ok."""
    return all(finding.ok for finding in findings if finding.required)

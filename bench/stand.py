"""What the programs of this folder stand on: the platform's own processes, seeded, in a temporary folder, on loopback.

Nothing is read from the environment's `MONGODB_URL` or `REDIS_URL`, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import psutil  # type: ignore[import-untyped]  # published without types
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.embedded.leash import leashed
from app.embedded.ports import free_port
from app.settings import Settings
from edge import plans

ROOT = Path(__file__).parents[1]
_READY_SECONDS = 30.0
_COMPARED_A_SECOND = 1_000  # designs, at least, by a relay that begins and writes its log of changes meanwhile
_LARGE_OPLOG = 16_000.0  # MB
_PICTURE_WIDTH = "96"  # the pictures are not measured, and large ones take a minute to draw
_PORTS = ("EDGE_PORT", "API_PORT", "IMAGES_PORT")
_LIBRARIES = ("strawberry-graphql", "graphql-core", "aiohttp", "pymongo", "beanie", "uvloop", "orjson")
_NANOSECONDS = 1e9


class BenchError(Exception):
    """A measurement cannot be made; the message says why."""


@dataclass(frozen=True)
class Stand:
    """A running platform: its settings, the process ids of what runs, and the addresses of all processes of the API."""

    settings: Settings
    pids: Mapping[str, int]
    apis: Sequence[str]

    def cpu(self, name: str) -> float:
        """Return the CPU seconds that a process has used so far, all its threads together."""
        return cpu(self.pids[name])


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used so far, all its threads together."""
    try:  # nanoseconds, where Linux counts them; psutil counts hundredths of a second
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / _NANOSECONDS
    except (OSError, ValueError):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def stand(*names: str, designs: int = 0) -> AsyncIterator[Stand]:
    """Start an embedded MongoDB and Redis, load the demo data, and start these of the platform's processes.

    With `designs`, large data is added to the demo until there are so many. A name with something behind a colon
    (`api:2`) is one more process of that kind, on a port of its own.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="disenopro-bench-")))
        mongodb = await stack.enter_async_context(EmbeddedMongoDB(folder, free_port()))
        redis = await stack.enter_async_context(EmbeddedRedis(folder, free_port()))
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
        environment = {
            **inherited,
            **{name: str(free_port()) for name in _PORTS},
            "DATA_DIR": str(folder),
            "MONGODB_URL": mongodb.url,
            "REDIS_URL": redis.url,
            "RATE_LIMITS": "off",  # all load comes from one address
        }
        environment["PUBLIC_URL"] = f"http://127.0.0.1:{environment['EDGE_PORT']}"
        more = ["--designs", str(designs)] if designs else []
        seeding = await _start(["seed", "--width", _PICTURE_WIDTH, *more], environment, folder / "seed.log")
        if await seeding.wait():
            raise BenchError(f"The demo data could not be loaded:\n{(folder / 'seed.log').read_text()}")
        if designs:  # the relay logs all of it at first, and goes on from where MongoDB's own log was before that
            async with AsyncMongoClient[dict[str, Any]](mongodb.url) as client:
                await client.admin.command("replSetResizeOplog", 1, size=_LARGE_OPLOG)
        apis: list[str] = []
        pids = {"mongodb": mongodb.pid or 0, "redis": redis.pid or 0}
        for name in names:
            admin = free_port()
            log = folder / f"{name}.log"
            kind, _, another = name.partition(":")
            port = str(free_port()) if another else environment["API_PORT"]
            if kind == "api":
                apis.append(f"http://127.0.0.1:{port}")
            process = await _start([kind], {**environment, "ADMIN_PORT": str(admin), "API_PORT": port}, log)
            stack.push_async_callback(_stop, process)
            pids[name] = process.pid
            seconds = _READY_SECONDS + designs / _COMPARED_A_SECOND
            await _ready(name, f"http://127.0.0.1:{admin}/health/ready", log, seconds)
        yield Stand(Settings.from_environment(environment), pids, apis)


async def _start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    command = leashed(signal.SIGKILL, sys.executable, "-m", "app", *arguments)
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=output, stderr=output)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def _ready(name: str, url: str, log: Path, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds), aiohttp.ClientSession() as session:
            while not await _answers(session, url):  # noqa: ASYNC110 - another process starts; there is no event
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        said = await asyncio.to_thread(log.read_text)
        raise BenchError(f"{name} is not ready after {seconds:.0f} s:\n{said}") from error


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.ok
    except aiohttp.ClientError:
        return False


def operation(name: str) -> str:
    """Return the path of a registered operation."""
    return next(f"/graphql/{plan.id}" for plan in plans.load().values() if plan.name == name)


async def versions(settings: Settings) -> str:
    """Return what was measured on, in one paragraph."""
    async with AsyncMongoClient[dict[str, Any]](settings.mongodb_url) as client:
        mongod = (await client.server_info())["version"]
    async with Redis.from_url(settings.redis_url or "") as redis:
        server = (await redis.info("server"))["redis_version"]
    return f"{local_versions()}; mongod {mongod}, redis-server {server}"


def local_versions() -> str:
    """Return the machine, Python and the libraries."""
    model = next((line for line in _cpuinfo() if line.startswith("model name")), platform.processor())
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    processor = model.partition(":")[2].strip() or platform.machine()
    return f"{processor}, {cores} cores; Python {platform.python_version()}; {libraries}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def percentile(values: Sequence[float], hundredth: int) -> float:
    """Return a percentile (1 to 99) of two or more values."""
    return quantiles(values, n=100, method="inclusive")[hundredth - 1]


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> None:
    """Print a table and a note below it."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=number > 0)
    for row in rows:
        table.add_row(*row)
    console = Console(width=160)
    console.print(table)
    console.print(note, highlight=False, markup=False)

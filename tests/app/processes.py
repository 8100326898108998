"""Starts real processes and waits for what they say; every wait has a limit."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # published without types

from app.embedded.ports import port_is_free

PROGRAMS = Path(__file__).with_name("programs")
ROOT = Path(__file__).parents[2]
SECONDS = 30.0


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Return an environment in which every port is free and the data lies in `data_dir`."""
    names = ("EDGE_PORT", "API_PORT", "IMAGES_PORT", "MONGODB_PORT", "REDIS_PORT", "ADMIN_PORT")  # the last has 4
    first = _free_row(len(names) + 3)
    ports = {name: str(first + number) for number, name in enumerate(names)}
    return {**os.environ, "PYTHONPATH": str(ROOT), "DATA_DIR": str(data_dir), **ports, **more}


def _free_row(count: int) -> int:
    """Return the first of `count` free ports in a row, below those that outgoing connections use."""
    while True:
        first = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        if all(port_is_free("127.0.0.1", port) for port in range(first, first + count)):
            return first


class Running:
    """A started program and the lines it has written so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        """Everything read so far, unwrapped."""
        return "\n".join(self.lines)

    async def until(self, words: str) -> str:
        """Read until a line contains `words`, and return it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if words in line:
                    return line
        raise AssertionError(f"{words!r} was never said:\n{self.text}")

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Read what it says meanwhile, since a process whose words nobody reads stands still before long."""
        reading = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        while line := (await self.process.stdout.readline()).decode():
            self.lines.append(line.rstrip())

    async def ended(self) -> int:
        """Read to the end and return the exit code."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            self.lines += (await self.process.stdout.read()).decode().splitlines()
            return await self.process.wait()

    def descendants(self) -> list[psutil.Process]:
        """Return the processes it has started, and those they have started."""
        return list(psutil.Process(self.process.pid).children(recursive=True))


@asynccontextmanager
async def running(environ: Mapping[str, str], *arguments: str) -> AsyncIterator[Running]:
    """Start Python with `arguments`, stdout and stderr in one stream; kill what is left at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=dict(environ),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        assert process.stdout is not None
        await process.stdout.read()
        await process.wait()


async def left_over(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return which of the processes still run after the time limit; returns as soon as none does."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, SECONDS)
    return list(alive)

"""Programs that are measured: started, waited for, and what they cost with all their children."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # published without types

from app.embedded.leash import leashed
from bench.stand import ROOT, BenchError

_READY_SECONDS = 60.0
_STOP_SECONDS = 5.0
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_PROCESS_CLOCK = 2  # see clock_getcpuclockid(3)


@asynccontextmanager
async def running(command: Sequence[str], port: int, environment: Mapping[str, str], log: Path) -> AsyncIterator[int]:
    """Start a server, wait until it accepts connections, and yield its process id."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed(signal.SIGKILL, *command),
            env={**inherited, **environment},
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    try:
        await _accepting(port, log)
        yield process.pid
    finally:
        await _stop(process)


async def _accepting(port: int, log: Path) -> None:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
    except TimeoutError as error:
        said = await asyncio.to_thread(log.read_text)
        raise BenchError(f"Nothing answers after {_READY_SECONDS:.0f} s:\n{said}") from error


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End a server, whatever it is at: nobody waits for what it has not answered."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def family(pid: int) -> list[int]:
    """Return a process and all that it has started, and that these have."""
    whole = psutil.Process(pid)
    return [whole.pid, *(child.pid for child in whole.children(recursive=True))]


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time of processes so far, with that of their threads that have ended."""
    return sum(map(_cpu_seconds, pids))


def _cpu_seconds(pid: int) -> float:
    if sys.platform == "linux":  # nanoseconds; psutil counts hundredths of a second
        return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)

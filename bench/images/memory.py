"""What memory a worker and its rendering processes hold: amid pictures, and when there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.images.processes import family
from bench.images.setting import CONNECTIONS, ENCODINGS
from bench.images.subjects import Server

PICTURES = 60
IDLE_SECONDS = 5.0
_SAMPLE_SECONDS = 0.02
_MIB = 1024  # of what the kernel tells, in KiB


@dataclass(frozen=True)
class Memory:
    """MiB of all processes together: resident (each page once for each that has it), and in proportion (PSS)."""

    resident: float
    proportional: float

    def __str__(self) -> str:
        return f"{self.resident:.0f} MiB ({self.proportional:.0f} in proportion)"


@dataclass(frozen=True)
class Found:
    """Before, the most of all samples amid pictures, the sum of each process's own most, and afterwards."""

    before: Memory
    peak: Memory
    high_water: float
    after: Memory


async def measure(worker: Server) -> Found:
    """Have pictures made, of both formats in turn, over several connections, and sample as fast as is sensible."""
    pids = family(worker.pid)
    before = _held(pids)
    asking = asyncio.create_task(_pictures(worker))
    samples = [before]
    while not asking.done():
        samples.append(await asyncio.to_thread(_held, pids))
        await asyncio.sleep(_SAMPLE_SECONDS)
    await asking
    peak = Memory(max(one.resident for one in samples), max(one.proportional for one in samples))
    high_water = sum(_told(pid, "status", "VmHWM:") for pid in pids)
    await asyncio.sleep(IDLE_SECONDS)
    return Found(before, peak, high_water, _held(pids))


async def _pictures(worker: Server) -> None:
    async def ask(original: int) -> None:
        for number in range(PICTURES // CONNECTIONS):
            await worker.make(ENCODINGS[(number + original) % len(ENCODINGS)], 0, original)

    await asyncio.gather(*map(ask, range(CONNECTIONS)))


def _held(pids: Sequence[int]) -> Memory:
    return Memory(*(sum(_told(pid, "smaps_rollup", name) for pid in pids) for name in ("Rss:", "Pss:")))


def _told(pid: int, file: str, name: str) -> float:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / _MIB

"""What people on one design notice of others who mean ill: quiet runs beside abused ones, in pairs."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # published without types

from bench.collab.measures import fan_out
from bench.collab.people import People
from bench.stand import ROOT, percentile

_WARM_SECONDS = 5.0
_ABUSERS = 8


@dataclass(frozen=True)
class Run:
    """Milliseconds until a batch was seen by all, median and p99; the API's RSS before and after, in MiB."""

    p50: float
    p99: float
    rss: tuple[float, float]
    cpu: float


@dataclass(frozen=True)
class Pair:
    """A quiet run and an abused one, and how often each kind of abuser began anew in a second."""

    quiet: Run
    abused: Run
    done: dict[str, float]


async def pair(people: People, pid: int, honest: int, rate: float, seconds: float, *, first: bool) -> Pair:
    """Have so many people edit one design, quiet `first` or abused first; whoever has a token beyond them abuses."""
    done: dict[str, float] = {}

    async def abused() -> Run:
        design = await people.design(20)
        async with _abusers(people, design, people.tokens[honest:][:_ABUSERS], done):
            return await _run(people, pid, honest, rate, seconds, design)

    async def quiet() -> Run:
        return await _run(people, pid, honest, rate, seconds, await people.design(20))

    if first:
        one = await quiet()
        return Pair(one, await abused(), done)
    other = await abused()
    await asyncio.sleep(_WARM_SECONDS)
    return Pair(await quiet(), other, done)


async def _run(people: People, pid: int, honest: int, rate: float, seconds: float, design: str) -> Run:
    before = _rss(pid)
    told = await fan_out(people, pid, honest, rate, seconds, design)
    return Run(percentile(told.by_all, 50), percentile(told.by_all, 99), (before, _rss(pid)), told.cpu)


@asynccontextmanager
async def _abusers(people: People, design: str, tokens: Sequence[str], done: dict[str, float]) -> AsyncIterator[None]:
    """Have abusers at work, and note how much they did."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.collab.abusers", cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    counts: list[dict[str, int]] = []
    listening = asyncio.create_task(_listen(process, counts))
    try:
        if process.stdin is not None:
            process.stdin.write(json.dumps({"api": people.api, "tokens": tokens, "design": design}).encode())
            process.stdin.close()
        await asyncio.sleep(_WARM_SECONDS)
        yield
    finally:
        process.kill()
        await process.wait()
        await listening
        done |= {name: count / len(counts) for name, count in counts[-1].items()} if counts else {}


async def _listen(process: Process, counts: list[dict[str, int]]) -> None:
    if process.stdout is not None:
        counts.extend([json.loads(line) async for line in process.stdout])


def _rss(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / (1 << 20)

"""One run of the load against one server, and what all runs come to."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import orjson
import psutil  # type: ignore[import-untyped]  # published without types

from bench.origin.operations import Operation, targets
from bench.origin.servers import Server, pin
from bench.stand import ROOT, BenchError, cpu, percentile

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """What one run came to: CPU ms a request (MongoDB's too), requests a second, times in ms, resident bytes."""

    cost: float
    database: float
    rate: float
    p50: float
    p99: float
    resident: int


async def run(server: Server, operation: Operation, seconds: float, token: str, mongodb: int) -> Run:
    """Let the load ask a server for one operation for so long; `mongodb` is a process id. Raises BenchError."""
    pids = (server.pid, mongodb)
    before = [cpu(pid) for pid in pids]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load", str(server.port), str(seconds), "--times"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    pin(process.pid, 1)
    output, _ = await process.communicate(b"".join(_heads(server, operation, token)))
    if process.returncode:
        raise BenchError(f"{operation.name}: {server.name} could not be measured; the load's message is above.")
    found = orjson.loads(output)
    cost, database = ((cpu(pid) - was) / found["answers"] * 1000 for pid, was in zip(pids, before, strict=True))
    times = found["times"]
    return Run(
        cost=cost,
        database=database,
        rate=found["answers"] / found["seconds"],
        p50=median(times),
        p99=percentile(times, 99),
        resident=psutil.Process(server.pid).memory_info().rss,
    )


def _heads(server: Server, operation: Operation, token: str) -> list[bytes]:
    """Return the requests of an operation."""
    lines = [f"Host: 127.0.0.1:{server.port}", "Accept: application/json"]
    lines += [f"Authorization: Bearer {token}"] if operation.signed else []
    asked = targets(server.address, operation)
    return ["\r\n".join((f"GET {target} HTTP/1.1", *lines, "", "")).encode() for target in asked]


def row(name: str, runs: Sequence[Run], peers: Sequence[Sequence[Run]], commands: int) -> list[str]:
    """Return a server's row: medians, and its cost in the costs of others, which ran in the same rounds."""
    costs = [one.cost for one in runs]
    ratios = [[one.cost / other.cost for one, other in zip(runs, peer, strict=True)] for peer in peers]
    return [
        name,
        f"{median(costs):.2f}",
        f"{min(costs):.2f}–{max(costs):.2f}",
        *(f"{median(those):.2f} ({min(those):.2f}–{max(those):.2f})" for those in ratios),
        f"{median(one.database for one in runs):.2f}",
        f"{median(one.rate for one in runs):,.0f}",
        f"{median(one.p50 for one in runs):.1f}",
        f"{median(one.p99 for one in runs):.1f}",
        f"{median(one.resident for one in runs) / _MIB:.0f}",
        str(commands),
    ]

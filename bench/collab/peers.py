"""People in one room, by the clients of each server: Hocuspocus, and ours."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.embedded.ports import free_port
from bench.collab.people import People
from bench.node import Peers
from bench.stand import BenchError, cpu


@dataclass(frozen=True)
class Room:
    """What one run told: milliseconds until all the others had seen an edit, and the server's share of a core."""

    by_all: Sequence[float]
    cpu: float


@asynccontextmanager
async def hocuspocus(peers: Peers) -> AsyncIterator[tuple[str, int]]:
    """Start Hocuspocus: (its URL, its process id)."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(*peers.command("hocuspocus"), str(port), stdout=PIPE)
    try:
        if process.stdout is None or await process.stdout.readline() != b"ready\n":
            raise BenchError("Hocuspocus did not start.")
        yield f"ws://127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        await process.wait()


async def room(peers: Peers, server: str, url: str, pid: int, people: People, rate: float, seconds: float) -> Room:
    """Have everybody edit in one room of a server."""
    design = await people.design(20) if server == "ours" else ""
    asked = {"url": url, "tokens": people.tokens, "design": design, "rate": rate, "seconds": seconds}
    process = await asyncio.create_subprocess_exec(*peers.command("room"), server, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    before = cpu(pid)
    told, said = await process.communicate(json.dumps(asked).encode())
    if process.returncode:
        raise BenchError(f"The clients of {server} failed:\n{said.decode()}")
    by_all = json.loads(told)["byAll"]
    if None in by_all:
        raise BenchError(f"{by_all.count(None)} edits were not seen exactly once by all, through {server}.")
    return Room(by_all, (cpu(pid) - before) / seconds)

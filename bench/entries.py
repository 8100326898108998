"""What many stored answers cost: the CPU of a hit as their number grows, and the memory of one beyond its body.

    python -m bench.entries

Edges with 1,000, 100,000 and 1,000,000 answers of 1 KB, each answer with five tags of its own and the two that all
share. A hot set of 1,000 is asked for. The edges are measured in turn, five times, on one core; the load has the other.
Needs about 4 GB of memory and four minutes.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode

import orjson
import psutil  # type: ignore[import-untyped]  # published without types
import uvloop
from aiohttp import web
from redis.asyncio import Redis

from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from bench.edge import RUNS, pulses, request, run, start
from bench.stand import BenchError, local_versions, operation, show
from edge import plans, stream
from edge.dependencies import Dependencies
from edge.fast import FastRunner
from edge.keys import lookup
from edge.server import EDGE, EdgeConfig, create_edge_app
from edge.store import Stored
from edge.stream import START, Entry, EntryId
from edge.tags import EVERYTHING, header

SIZES = (1_000, 100_000, 1_000_000)
HOT = 1_000
BODY_BYTES = 1024
TAGS = 5
_UNREACHABLE = "http://127.0.0.1:1"


def query(number: int) -> str:
    """Return the query of one answer, as it stands in a request."""
    return urlencode({"variables": orjson.dumps({"first": number}).decode()})


async def serve(port: int, size: int, redis_url: str, told: str) -> None:
    """Serve an edge that holds so many answers; write the bytes of memory that one takes beyond its body to a file."""
    known = plans.load()
    target = operation("Gallery")
    async with Redis.from_url(redis_url) as redis:
        config = EdgeConfig(
            api=_UNREACHABLE, images=_UNREACHABLE, plans=known, own_write=lambda _: None, sign=str, capacity=8 * 2**30
        )
        app = create_edge_app(config, redis)
        runner = FastRunner(app, access_log=None)
        await runner.setup()
        edge = app[EDGE]
        while edge.coherence.position is None:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)
        reads = edge.reads_of(next(iter(known.values())))
        gc.disable()  # it would walk what is only being filled
        process = psutil.Process()
        before = process.memory_info().rss
        for number in range(size):
            wanted = lookup(target, {"variables": f'{{"first":{number}}}'}, known)
            if wanted is None:
                raise BenchError("The request is not understood.")
            tags = header([EVERYTHING, "Project", *(f"Project:{number}/{tag}" for tag in range(TAGS))])
            answer = Stored(
                plan=wanted.plan,
                variables=wanted.variables,
                bodies={"identity": os.urandom(BODY_BYTES)},
                etag=f"{number:024x}",
                dependencies=Dependencies.parse(tags, "", reads),
                as_of=EntryId(10**9 + number, 0),
                stored_at=time.monotonic(),
                max_age=3600,
            )
            edge.store.put(wanted.key, answer)
        beyond = (process.memory_info().rss - before) / size - BODY_BYTES
        gc.enable()
        gc.collect()
        gc.freeze()
        while not edge.coherence.vouches(edge.clock()):  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.05)
        Path(told).write_text(f"{beyond:.0f}")  # noqa: ASYNC240 - nothing is served yet
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


async def main() -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="disenopro-bench-")))
        embedded = await stack.enter_async_context(EmbeddedRedis(folder, free_port()))
        redis = await stack.enter_async_context(Redis.from_url(embedded.url))
        await stream.append(redis, START, [Entry(EntryId(1, 0), START, "", ())])
        pulsing = asyncio.create_task(pulses(redis, EntryId(1, 0)))
        stack.callback(pulsing.cancel)
        target = operation("Gallery")
        heads = [request(f"{target}?{query(number)}", "identity") for number in range(HOT)]
        servers: dict[int, tuple[int, int]] = {}
        for size in SIZES:
            port = free_port()
            told = str(folder / str(size))
            command = [sys.executable, "-m", "bench.entries", str(port), str(size), embedded.url, told]
            servers[size] = (port, await start(stack, command, port, {}, seconds=300))
            await run(port, servers[size][1], heads, 3)
        found: dict[int, list[float]] = {size: [] for size in SIZES}
        for _ in range(RUNS):
            for size, (port, pid) in servers.items():
                found[size].append((await run(port, pid, heads, 3))[1])
        least = statistics.median(found[SIZES[0]])
        rows = [
            (
                f"{size:,}",
                f"{statistics.median(costs):.1f}",
                f"{min(costs):.1f}–{max(costs):.1f}",
                f"{statistics.median(costs) / least:.2f}",
                (folder / str(size)).read_text(),
            )
            for size, costs in found.items()
        ]
        columns = ("answers of 1 KB", "CPU µs a hit", "least–most", "of the first's", "bytes beyond the body")
        note = f"A hot set of {HOT:,}; {TAGS + 2} tags each; allowed: 1,024 bytes and 64 a tag\n{local_versions()}"
        show("Many answers", columns, rows, note)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
    else:
        asyncio.run(main())

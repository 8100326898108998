"""What a hit costs at the edge, beside Varnish.

    python -m bench.edge

Takes about three minutes. `python -m bench.entries` measures what many stored answers cost.

One body of 29 KB, from one origin made here, is asked for with the 700 bytes of headers that a browser sends: always
the same, or with a trace id that is new each time. The edge (`python -m app edge` on a Redis of its own), the edge
before any origin (`--origin`) and Varnish each have one core, the load the other; they are measured in turn, five
times. Varnish is Debian's package; without it the table has no peer.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import orjson
import psutil  # type: ignore[import-untyped]  # published without types
from aiohttp import web
from redis.asyncio import Redis

from app.embedded import EmbeddedRedis
from app.embedded.leash import leashed
from app.embedded.ports import free_port
from bench.stand import ROOT, BenchError, local_versions, operation, show
from edge import stream
from edge.stream import START, Entry, EntryId
from edge.tags import header
from workers.relay.relay import PULSE_SECONDS

RUNS = 5
TRACES = 20_000
NEW = ", each head new"
SECONDS = 4.0
BODY = orjson.dumps({"data": {"gallery": [{"title": f"Casa {number:05d} " + "x" * 40} for number in range(455)]}})
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    "Accept: */*",
    "Accept-Language: es-ES,es;q=0.9,en;q=0.8",
    "Accept-Encoding: {coding}",
    "Referer: https://www.example.com/galeria/madrid",
    "Origin: https://www.example.com",
    "Connection: keep-alive",
    'sec-ch-ua: "Chromium";v="129", "Not=A?Brand";v="8"',
    "sec-ch-ua-mobile: ?0",
    'sec-ch-ua-platform: "Linux"',
    "Sec-Fetch-Dest: empty",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Site: same-site",
    "DNT: 1",
    "Priority: u=1, i",
    "apollographql-client-name: web",
    "apollographql-client-version: 2026.11.25",
)
_VCL = """vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_recv {{ return (hash); }}
sub vcl_backend_response {{ set beresp.ttl = 1h; }}
"""


def request(path: str, coding: str, *more: str) -> bytes:
    """Return the head of a browser's request."""
    browser = (line.format(coding=coding) for line in BROWSER)
    lines = [f"GET {path} HTTP/1.1", "Host: api.example.com", *browser, *more]
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def origin(as_of: EntryId, record: bytes) -> AsyncIterator[int]:
    """Serve the body with an API's headers, and what is said of every API key; yield the port."""

    async def answer(asked: web.BaseRequest) -> web.StreamResponse:
        if asked.path == "/internal/api-key":
            return web.Response(body=record, headers={"Edge-As-Of-Read": str(as_of)})
        headers = {
            "CDN-Cache-Control": "max-age=3600",
            "Surrogate-Key": header(f"Project:{number}" for number in range(250)),
            "Edge-As-Of-Read": str(as_of),
            "Content-Type": "application/json",
        }
        return web.Response(body=BODY, headers=headers)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield port
    await runner.cleanup()


async def pulses(redis: Redis, tail: EntryId) -> None:
    """Append a pulse as often as a relay does."""
    while True:
        entry = Entry(EntryId(tail.time + 1, 0), tail, "", ())
        await stream.append(redis, tail, [entry])
        tail = entry.id
        await asyncio.sleep(PULSE_SECONDS)


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process and its children have used so far."""
    whole = psutil.Process(pid)
    nanoseconds = 0
    for process in (whole, *whole.children(recursive=True)):
        tasks = Path(f"/proc/{process.pid}/task")
        nanoseconds += sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir())
    return nanoseconds / 1e9


async def run(port: int, pid: int, heads: Sequence[bytes], seconds: float = SECONDS) -> tuple[float, float, float]:
    """Let the load ask once: (answers a second, CPU microseconds an answer, the load's share of its core)."""
    before = cpu(pid)
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", "1", sys.executable, "-m", "bench.load", str(port), str(seconds)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(b"".join(heads))
    if process.returncode:
        raise BenchError("The load could not be made; its message is above.")
    found = orjson.loads(output)
    return found["answers"] / found["seconds"], (cpu(pid) - before) / found["answers"] * 1e6, found["share"]


async def start(
    stack: AsyncExitStack, command: Sequence[str], port: int, environment: dict[str, str], seconds: float = 20
) -> int:
    """Start a server on the first core and wait until it accepts; return its process id."""
    process = await asyncio.create_subprocess_exec(
        *leashed(signal.SIGKILL, shutil.which("taskset") or "taskset", "-c", "0", *command),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    async def stop() -> None:
        process.terminate()
        await process.wait()

    stack.push_async_callback(stop)
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return process.pid


async def stage(stack: AsyncExitStack, record: bytes = b"") -> tuple[Path, int, dict[str, str]]:
    """Start what an edge stands on: a folder, the port of an origin, and what the edge's environment says of them.

    `record` is what the origin says of every API key.
    """
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="disenopro-bench-")))
    embedded = await stack.enter_async_context(EmbeddedRedis(folder, free_port()))
    redis = await stack.enter_async_context(Redis.from_url(embedded.url))
    began = EntryId(1, 0)
    await stream.append(redis, START, [Entry(began, START, "", ())])
    pulsing = asyncio.create_task(pulses(redis, began))
    stack.callback(pulsing.cancel)
    behind = await stack.enter_async_context(origin(EntryId(10**9, 0), record))
    environment = {
        "REDIS_URL": embedded.url,
        "MONGODB_URL": "mongodb://127.0.0.1:1/",
        "API_URL": f"http://127.0.0.1:{behind}",
        "DATA_DIR": str(folder),
    }
    return folder, behind, environment


async def compare() -> None:
    """Measure the edge and Varnish in turn, and print."""
    async with AsyncExitStack() as stack:
        folder, behind, surroundings = await stage(stack)
        ports = {name: free_port() for name in ("edge", "admin", "varnish")}
        environment = {
            "EDGE_PORT": str(ports["edge"]),
            "ADMIN_PORT": str(ports["admin"]),
            **surroundings,
            "RATE_LIMITS": "off",  # all load comes from one address
        }
        servers = {
            "edge": (
                ports["edge"],
                await start(stack, [sys.executable, "-m", "app", "edge"], ports["edge"], environment),
            )
        }
        alone = free_port()
        command = [sys.executable, "-m", "app", "edge", "--origin", f"http://127.0.0.1:{behind}"]
        listening = ["--listen", f"127.0.0.1:{alone}"]
        servers["edge --origin"] = (alone, await start(stack, [*command, *listening], alone, {}))
        if varnish := shutil.which("varnishd", path=f"{os.environ['PATH']}:/usr/sbin"):
            (folder / "bench.vcl").write_text(_VCL.format(port=behind))
            listen = ("-a", f"127.0.0.1:{ports['varnish']}", "-f", str(folder / "bench.vcl"), "-n", str(folder / "v"))
            command = [varnish, "-F", "-j", "none", *listen, "-s", "malloc,256m"]
            servers["varnish"] = (ports["varnish"], await start(stack, command, ports["varnish"], {}))
        path = operation("Gallery")
        plain, brotli = request(path, "identity"), request(path, "gzip, deflate, br")
        traced = [request(path, "identity", f"X-Trace: {number:016x}") for number in range(TRACES)]
        cases = [(name, *server, [plain]) for name, server in servers.items()]
        cases += [(f"{name}{NEW}", *server, traced) for name, server in servers.items()]
        cases.append(("edge, Brotli as a browser takes it", *servers["edge"], [brotli]))
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name, *_ in cases}
        for port, pid in servers.values():
            await run(port, pid, [plain], 2)
        await run(*servers["edge"], [brotli], 2)
        for _ in range(RUNS):
            for name, port, pid, heads in cases:
                found[name].append(await run(port, pid, heads))
        rows = [
            _row(name, runs, found.get(f"varnish{NEW}" if NEW in name else "varnish")) for name, runs in found.items()
        ]
        columns = ("server", "hits a second", "CPU µs a hit", "least–most", "of Varnish's", "load's share of a core")
        note = (
            f"{len(BODY):,} bytes of body, {len(plain)} of request; {RUNS} interleaved runs of {SECONDS:.0f} s, medians"
        )
        show("A hit", columns, rows, f"{note}\n{local_versions()}\n{await _version(varnish)}")


async def _version(varnish: str | None) -> str:
    if varnish is None:
        return "Varnish is not installed."
    asking = await asyncio.create_subprocess_exec(varnish, "-V", stderr=asyncio.subprocess.PIPE)
    return (await asking.communicate())[1].decode().partition("\n")[0]


def _row(name: str, runs: list[tuple[float, float, float]], peer: list[tuple[float, float, float]] | None) -> list[str]:
    rates, costs, shares = zip(*runs, strict=True)
    cost = statistics.median(costs)
    ratio = f"{cost / statistics.median(one[1] for one in peer):.2f}" if peer else "-"
    rate, share = statistics.median(rates), statistics.median(shares)
    return [name, f"{rate:,.0f}", f"{cost:.1f}", f"{min(costs):.1f}–{max(costs):.1f}", ratio, f"{share:.0%}"]


if __name__ == "__main__":
    asyncio.run(compare())

"""What the gallery operation costs at the origin: CPU milliseconds of the API process, time, MongoDB commands.

    python -m bench.gallery

Starts an embedded MongoDB and Redis with the demo data, the relay and the API, and asks the API itself (no edge) for
the registered operation `Gallery`: 20 projects, 5 designs each, with owners, authors and covers. Takes about 45 s.
"""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import Any

import aiohttp
from pymongo import AsyncMongoClient

from bench.stand import Stand, operation, percentile, show, stand, versions

WARM_UP = 20
REQUESTS = 200
SECONDS = 4.0
_READS = ("find", "aggregate", "count", "distinct", "getMore")


async def main() -> None:
    """Measure and print."""
    async with stand("relay", "api") as running, aiohttp.ClientSession() as session:
        url = running.settings.api_url + operation("Gallery")
        for _ in range(WARM_UP):
            body = await ask(session, url)
        times, cpu = await sequentially(running, session, url)
        one, one_cpu = await together(running, session, url, 1)
        many, many_cpu = await together(running, session, url, 16)
        commands = await commands_of(running, session, url)
        rows = [
            ("answer, bytes", f"{len(body):,}"),
            ("CPU of the API process, ms a request", f"{cpu * 1000:.1f}"),
            ("time, ms: median", f"{median(times) * 1000:.1f}"),
            ("time, ms: p99", f"{percentile(times, 99) * 1000:.1f}"),
            ("requests a second, one client (CPU ms each)", f"{one:.0f} ({one_cpu * 1000:.1f})"),
            ("requests a second, 16 clients (CPU ms each)", f"{many:.0f} ({many_cpu * 1000:.1f})"),
            ("MongoDB commands a request", f"{len(commands)}"),
        ]
        note = f"{REQUESTS} requests in sequence.\nCommands: {', '.join(commands)}\n{await versions(running.settings)}"
        show("Gallery at the origin", ("", "measured"), rows, note)


async def ask(session: aiohttp.ClientSession, url: str) -> bytes:
    """Ask once and return the body."""
    async with session.get(url, raise_for_status=True) as response:
        return await response.read()


async def sequentially(running: Stand, session: aiohttp.ClientSession, url: str) -> tuple[list[float], float]:
    """Return the seconds of each request, and the mean CPU seconds of one in the API process."""
    times: list[float] = []
    before = running.cpu("api")
    for _ in range(REQUESTS):
        began = time.perf_counter()
        await ask(session, url)
        times.append(time.perf_counter() - began)
    return times, (running.cpu("api") - before) / REQUESTS


async def together(running: Stand, session: aiohttp.ClientSession, url: str, clients: int) -> tuple[float, float]:
    """Return the requests a second of so many clients, and the mean CPU seconds of one in the API process."""
    end = time.perf_counter() + SECONDS

    async def client() -> int:
        done = 0
        while time.perf_counter() < end:
            await ask(session, url)
            done += 1
        return done

    began, before = time.perf_counter(), running.cpu("api")
    done = sum(await asyncio.gather(*(client() for _ in range(clients))))
    return done / (time.perf_counter() - began), (running.cpu("api") - before) / done


async def commands_of(running: Stand, session: aiohttp.ClientSession, url: str) -> list[str]:
    """Return the reads of one request, in order, each as its name and the collection."""
    return [f"{name} {_target(entry['command'], name)}" for name, entry in await profiled(running, session, url)]


async def profiled(running: Stand, session: aiohttp.ClientSession, url: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, entry) of each read of one request as MongoDB's profiler sees it; the relay's own are left out."""
    async with AsyncMongoClient[dict[str, Any]](running.settings.mongodb_url) as client:
        database = client[running.settings.mongodb_database]
        await database.command("profile", 2)
        await ask(session, url)
        await database.command("profile", 0)
        seen = await database["system.profile"].find({"ns": {"$not": {"$regex": "system.profile"}}}).to_list()
        await database["system.profile"].drop()
    found: list[tuple[str, dict[str, Any]]] = []
    for entry in seen:
        command = entry.get("command", {})
        name = next((name for name in _READS if name in command), None)
        if name is None or entry.get("appName") or "$changeStream" in str(command) or "pulses" in entry["ns"]:
            continue
        if name == "getMore" and "originatingCommand" in entry and "$changeStream" in str(entry["originatingCommand"]):
            continue
        found.append((name, entry))
    return found


def _target(command: dict[str, Any], name: str) -> str:
    """Return what a command reads: the collection, or the one that an aggregation of the database joins."""
    lookup = next((stage["$lookup"] for stage in command.get("pipeline", ()) if "$lookup" in stage), None)
    return str(lookup["from"] if lookup else command[name])


if __name__ == "__main__":
    asyncio.run(main())

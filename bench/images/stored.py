"""What an answer costs that was made before: by the worker from its folder, and by the edge from its memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import aiohttp
from rich.progress import track
from yarl import URL

from bench.edge import request, run
from bench.stand import BenchError

SECONDS = 2.0
_READY_SECONDS = 20.0
COLUMNS = ("", "answers", "a second", "CPU µs an answer", "least–most")


@dataclass(frozen=True)
class Place:
    """A server that has the variant, and the path of it there."""

    name: str
    port: int
    pid: int
    path: str
    status: str
    """How `Cache-Status` begins where the answer was made before."""


async def measure(places: list[Place], rounds: int) -> list[list[str]]:
    """Ask each in turn, in every round; return the rows of a table."""
    found: dict[str, list[tuple[float, float]]] = {place.name: [] for place in places}
    for place in places:
        await _ready(place)
    for _ in track(range(rounds), description="stored", transient=True):
        for place in places:
            rate, cost, _ = await run(place.port, place.pid, [request(place.path, "identity")], SECONDS)
            found[place.name].append((rate, cost))
    return [_row(name, runs) for name, runs in found.items()]


def _row(name: str, runs: Sequence[tuple[float, float]]) -> list[str]:
    rates, costs = zip(*runs, strict=True)
    answers = f"{sum(rates) * SECONDS:,.0f}"
    return [name, answers, f"{median(rates):,.0f}", f"{median(costs):.0f}", f"{min(costs):.0f}–{max(costs):.0f}"]


async def _ready(place: Place) -> None:
    """Ask until the answer is one that was made before; raises BenchError where it never is."""
    url = URL(f"http://127.0.0.1:{place.port}{place.path}", encoded=True)
    try:
        async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession() as session:
            await _status(session, url)  # is made
            while not (await _status(session, url)).startswith(place.status):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise BenchError(f"{place.name} does not keep what it has answered.") from error


async def _status(session: aiohttp.ClientSession, url: URL) -> str:
    async with session.get(url) as response:
        await response.read()
        if not response.ok:
            raise BenchError(f"{url.path} is answered {response.status}.")
        return response.headers.get("Cache-Status", "")

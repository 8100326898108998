"""What the gallery operation costs at the origin as the data grows: with 10,000 designs, and with a million.

    python -m bench.growth [--designs N]

Two stands side by side, each with a MongoDB, a Redis, a relay and an API of its own; the larger one holds N designs.
The first page is asked for at the API itself (no edge): of the whole gallery, and of each city in turn. As large data
grows into the past, both stands answer with the same projects. They are measured in turn, five times. What MongoDB uses
while nobody asks is measured before, and taken off. Exits with 1 if the larger one needs over 1.3 times the smaller
one's CPU or median time. Takes about fifteen minutes, most of them to load a million designs and have them logged.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlencode

import aiohttp
import orjson
from pymongo import AsyncMongoClient

from app.demo.places import CITIES
from bench.gallery import ask, profiled
from bench.stand import Stand, operation, percentile, show, stand, versions
from workers.relay import recorder

SMALL = 10_000
LARGE = 1_000_000
ROUNDS = 5
REQUESTS = 12 * len(CITIES)
ALLOWED = 1.3

API, MONGODB, P50, P99 = "CPU of the API, ms", "CPU of MongoDB, ms", "time, ms: median", "time, ms: p99"
JUDGED = (API, MONGODB, P50)

_FIRST = "first page"
_CITIES = "first page of a city"
_IDLE_SECONDS = 4.0


@dataclass
class Side:
    """One stand: how many designs it holds, and what was measured of it, by what was asked.

    `loading` is how many seconds the data took, `idle` the share of a core that MongoDB uses while nobody asks.
    """

    designs: int
    running: Stand
    session: aiohttp.ClientSession
    loading: float
    idle: float = 0.0
    costs: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    counts: dict[tuple[str, str], float] = field(default_factory=dict)

    def urls(self, asked: str) -> list[str]:
        """Return the addresses that are asked in turn."""
        wanted = [{}] if asked == _FIRST else [{"city": city.name} for city in CITIES]
        path = self.running.settings.api_url + operation("Gallery")
        return [f"{path}?{urlencode({'variables': orjson.dumps(variables).decode()})}" for variables in wanted]

    async def settle(self) -> None:
        """Wait until what was loaded is logged and written down, ask once, see what MongoDB uses while nobody asks."""
        settings = self.running.settings
        async with AsyncMongoClient[dict[str, object]](settings.mongodb_url) as client:
            logged = client[settings.mongodb_database][recorder.STATE]
            while await logged.find_one({"complete": True}) is None:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(1)
            await client.admin.command("fsync")
        for asked in (_FIRST, _CITIES):
            urls = self.urls(asked)
            bodies = [len(await ask(self.session, url)) for url in urls]
            entries = [entry for url in urls for _, entry in await profiled(self.running, self.session, url)]
            self.counts[asked, "answer, bytes"] = sum(bodies) / len(urls)
            for what, name in (("documents", "docsExamined"), ("keys", "keysExamined")):
                self.counts[asked, f"{what} examined"] = sum(entry.get(name, 0) for entry in entries) / len(urls)
        before = self.running.cpu("mongodb")
        await asyncio.sleep(_IDLE_SECONDS)
        self.idle = (self.running.cpu("mongodb") - before) / _IDLE_SECONDS

    async def measure(self, asked: str) -> None:
        """Ask for one round, one request after the other."""
        urls = self.urls(asked)
        times: list[float] = []
        began, api, mongodb = time.perf_counter(), self.running.cpu("api"), self.running.cpu("mongodb")
        for number in range(REQUESTS):
            sent = time.perf_counter()
            await ask(self.session, urls[number % len(urls)])
            times.append(time.perf_counter() - sent)
        idle = self.idle * (time.perf_counter() - began)
        found = {
            API: (self.running.cpu("api") - api) / REQUESTS,
            MONGODB: (self.running.cpu("mongodb") - mongodb - idle) / REQUESTS,
            P50: median(times),
            P99: percentile(times, 99),
        }
        for name, seconds in found.items():
            self.costs.setdefault((asked, name), []).append(seconds * 1000)


async def main(designs: int) -> int:
    """Measure and print; return the exit code."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        sides: list[Side] = []
        for size in (SMALL, designs):
            began = time.perf_counter()
            running = await stack.enter_async_context(stand("relay", "api", designs=size))
            sides.append(Side(size, running, session, time.perf_counter() - began))
        for side in sides:
            await side.settle()
        for _ in range(ROUNDS):
            for asked in (_FIRST, _CITIES):
                for side in sides:
                    await side.measure(asked)
        rows, worst = table(*sides)
        idle = " and ".join(f"{side.idle * 100:.1f} %" for side in sides)
        loading = " and ".join(f"{side.loading:.0f} s" for side in sides)
        note = (
            f"{ROUNDS} rounds of {REQUESTS} requests each: medians, least–most. Loading and starting took {loading}.\n"
            f"Taken off is what MongoDB uses while nobody asks: {idle} of a core.\n"
            f"{await versions(sides[0].running.settings)}"
        )
        columns = ("", *(f"{side.designs:,} designs" for side in sides), "ratio")
        show("Gallery at the origin, as the data grows", columns, rows, note)
    if worst > ALLOWED:
        print(f"Too much: {worst:.2f} times; at most {ALLOWED} is allowed.", file=sys.stderr)
    return int(worst > ALLOWED)


def table(small: Side, large: Side) -> tuple[list[Sequence[str]], float]:
    """Return the rows of the table, and the worst ratio that is judged."""
    rows: list[Sequence[str]] = []
    worst = 0.0
    for key, few in small.costs.items():
        many = large.costs[key]
        ratio = median(many) / median(few)
        rows.append((", ".join(key), spread(few), spread(many), f"{ratio:.2f}"))
        worst = max(worst, ratio) if key[1] in JUDGED else worst
    for key, value in small.counts.items():
        rows.append((", ".join(key), f"{value:,.0f}", f"{large.counts[key]:,.0f}", f"{large.counts[key] / value:.2f}"))
    return sorted(rows, key=lambda row: row[0].startswith(_CITIES)), worst


def spread(values: Sequence[float]) -> str:
    """Return the median of the rounds, and the least and the most."""
    return f"{median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.growth")
    parser.add_argument("--designs", type=int, default=LARGE, metavar="N", help="how many the larger stand holds")
    sys.exit(asyncio.run(main(parser.parse_args().designs)))

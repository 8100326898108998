"""Many people on one design: how soon they see each other's edits, beside Hocuspocus, and what one API process bears.

    python -m bench.collab [room] [fan-out] [acknowledged] [costs] [abuse] [processes] [--rounds 3] [--pairs 5]

All parts, where none is named.

The API's real process, with a MongoDB replica set of one and Redis, on loopback. Hocuspocus keeps its document in
memory; an edit of ours is seen when a majority has it in its journals. In a room everybody edits through the client
that comes with the server, which needs Node 22 with npm. Those who mean ill run in a process of their own, as members
who may see the design. Takes about seven minutes, the first time longer.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import aiohttp
import uvloop

from bench.collab.abuse import Pair, Run, pair
from bench.collab.measures import acknowledged, fan_out, idle, opening, spread, spread_over
from bench.collab.peers import Room, hocuspocus, room
from bench.collab.people import People
from bench.mailbox import Mailbox
from bench.node import install
from bench.stand import Stand, percentile, show, stand, versions

_PEOPLE, _RATE, _SECONDS = 30, 20.0, 12.0
_ALL = 60  # people, on whom a thousand sockets are spread: each device may open so many
_PACKAGES = ("@hocuspocus/server", "@hocuspocus/provider", "yjs", "graphql-ws", "ws")
_FOLLOWERS = ((1000, 20.0), (1000, 25.0))
_SPREAD_RATE = 200.0
_PARTS = ("room", "fan-out", "acknowledged", "costs", "abuse", "processes")


async def main(parts: Sequence[str], rounds: int, pairs: int) -> None:
    """Measure and print."""
    measures: dict[str, Callable[[Stand, People], Awaitable[None]]] = {
        "room": partial(_rooms, rounds=rounds),
        "fan-out": _fan_out,
        "acknowledged": _acknowledged,
        "costs": _costs,
        "abuse": partial(_abuse, pairs=pairs),
        "processes": _processes,
    }
    connector = aiohttp.TCPConnector(limit=0)
    more = ("api:2", "api:3") if "processes" in parts else ()
    async with stand("relay", "api", *more) as started, aiohttp.ClientSession(connector=connector) as session:
        mail = Mailbox(started.settings.data_dir)
        for part in parts:  # with people anew each time, since their tokens are good for five minutes
            people = People(started.settings.api_url, session, mail)
            await people.gather(_ALL)
            await measures[part](started, people)
        print(await versions(started.settings))


async def _costs(started: Stand, people: People) -> None:
    """Have many wait, and a large canvas opened."""
    kib = await idle(people, started.pids["api"], 1000)
    cpu_ms, size = await opening(people, started.pids["api"], 5000, 20)
    rows = [
        ["an idle subscription", f"{kib:.1f} KiB"],
        ["opening 5,000 elements", f"{cpu_ms:.0f} ms CPU, {size:,} bytes"],
    ]
    show("Costs", ["", "of the API"], rows, "")


async def _rooms(started: Stand, people: People, rounds: int) -> None:
    """Have everybody edit, through each server in turn."""
    peers = await asyncio.to_thread(install, Path(__file__).parent)
    found: dict[str, list[Room]] = {"ours": [], "hocuspocus": []}
    url = f"{started.settings.api_url}/graphql".replace("http", "ws", 1)
    async with hocuspocus(peers) as (other, pid):
        for _ in range(rounds):
            in_room = replace(people, tokens=people.tokens[:_PEOPLE])
            found["ours"].append(await room(peers, "ours", url, started.pids["api"], in_room, _RATE, _SECONDS))
            found["hocuspocus"].append(await room(peers, "hocuspocus", other, pid, in_room, _RATE, _SECONDS))
    rows = [
        [
            name,
            *(f"{median(percentile(each.by_all, part) for each in runs):.1f}" for part in (50, 99)),
            f"{median(each.cpu for each in runs):.0%}",
        ]
        for name, runs in found.items()
    ]
    columns = ["server", "seen by all, ms", "p99", "of a core"]
    note = f"{_PEOPLE} people in one room, {_RATE:g} edits/s in all; medians of {rounds} interleaved rounds."
    note = f"{note}\n{peers.versions(_PACKAGES)}"
    show("A room", columns, rows, note)


async def _fan_out(started: Stand, people: People) -> None:
    """Have many follow."""
    rows = []
    for followers, rate in _FOLLOWERS:
        told = await fan_out(people, started.pids["api"], followers, rate, _SECONDS)
        shown = [*spread(told.delays), *spread(told.by_all), f"{told.cpu:.0%}", f"{told.bytes}"]
        rows.append([f"{followers:,}", f"{rate:g}", f"{told.delivered:,.0f}", *shown])
    columns = ["following", "batches/s", "messages/s", "ms", "p99", "seen by all, ms", "p99", "API's core", "bytes"]
    show(
        "Edits on their way", columns, rows, "From sending a batch to its event in a client; one core is the clients'."
    )


async def _acknowledged(_: Stand, people: People) -> None:
    """Have many batches written to one design."""
    rows = []
    for at_once in (16, 64, 128):
        rate, delays = await acknowledged(people, await people.design(20), at_once, 8)
        rows.append([f"{at_once}", f"{rate:,.0f}", *spread(delays)])
    columns = ["clients", "acknowledged/s", "ms", "p99"]
    show("Batches to one design", columns, rows, "Written by a majority, journaled.")


async def _abuse(started: Stand, people: People, pairs: int) -> None:
    """Have people edit in quiet and beside those who mean ill, in turn."""
    pid = started.pids["api"]
    found = [
        await pair(people, pid, _PEOPLE, _RATE, _SECONDS, first=number % 2 == 0) for number in range(pairs)
    ]  # whoever comes first may find the process warmer or colder
    rows = [
        [f"{number}", *_run(each.quiet), *_run(each.abused), f"{each.abused.p99 / each.quiet.p99:.2f}"]
        for number, each in enumerate(found, 1)
    ]
    ratios = [each.abused.p99 / each.quiet.p99 for each in found]
    rows.append(
        [
            "median",
            *_median([each.quiet for each in found]),
            *_median([each.abused for each in found]),
            f"{median(ratios):.2f}",
        ]
    )
    columns = [f"{kind}{name}" for kind in ("quiet: ", "abused: ") for name in ("ms", "p99", "of a core", "MiB")]
    note = f"{_PEOPLE} people, {_RATE:g} batches/s in all, seen by all. The abusers, times a second: {_done(found)}."
    show("Beside people who mean ill", ["pair", *columns, "p99, ratio"], rows, note)


def _run(run: Run) -> list[str]:
    before, after = run.rss
    return [f"{run.p50:.1f}", f"{run.p99:.1f}", f"{run.cpu:.0%}", f"{before:.0f}, {after:.0f}"]


def _median(runs: Sequence[Run]) -> list[str]:
    p50, p99, used = (median(getattr(run, name) for run in runs) for name in ("p50", "p99", "cpu"))
    before, after = (median(run.rss[index] for run in runs) for index in (0, 1))
    return _run(Run(p50, p99, (before, after), used))


def _done(found: Sequence[Pair]) -> str:
    return ", ".join(f"{name} {median(each.done.get(name, 0) for each in found):.1f}" for name in found[0].done)


async def _processes(started: Stand, people: People) -> None:
    """Have batches for one design come to several processes."""
    rows = []
    for apis in (started.apis[:1], started.apis):
        rate, delays = await spread_over(people, apis, _SPREAD_RATE, _SECONDS)
        rows.append([f"{len(apis)}", f"{_SPREAD_RATE:g}", f"{rate:.0f}", *spread(delays)])
    columns = ["processes", "sent/s", "acknowledged/s", "ms", "p99"]
    show("Batches to one design, spread over processes", columns, rows, "Written by a majority, journaled.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.collab", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(_PARTS)}; all where none is named")
    parser.add_argument("--rounds", type=int, default=3, help="of the room, each with every server")
    parser.add_argument("--pairs", type=int, default=5, help="of quiet and abused runs")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(_PARTS):
        parser.error(f"There is no part {', '.join(unknown)}; there are {', '.join(_PARTS)}.")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(given.parts or _PARTS, given.rounds, given.pairs))

"""Many people on one design: how soon they see each other's edits, beside Hocuspocus, and what one API process bears.

    python -m bench.collab [--rounds 3]

The API's real process, with a MongoDB replica set of one and Redis, on loopback. Hocuspocus keeps its document in
memory; an edit of ours is seen when a majority has it in its journals. In a room everybody edits through the client
that comes with the server. Takes about three minutes, the first time longer, and needs Node 22 with npm.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from statistics import median

import aiohttp
import uvloop

from bench.collab.measures import acknowledged, fan_out, idle, opening, spread
from bench.collab.peers import Room, hocuspocus, room
from bench.collab.people import People
from bench.node import Peers, install
from bench.stand import Stand, percentile, show, stand, versions

_PEOPLE, _RATE, _SECONDS = 30, 20.0, 12.0
_PACKAGES = ("@hocuspocus/server", "@hocuspocus/provider", "yjs", "graphql-ws", "ws")
_FOLLOWERS = ((1000, 20.0), (1000, 25.0))


async def main(rounds: int) -> None:
    """Measure and print."""
    peers = await asyncio.to_thread(install, Path(__file__).parent)
    connector = aiohttp.TCPConnector(limit=0)
    async with stand("relay", "api") as started, aiohttp.ClientSession(connector=connector) as session:
        people = People(started.settings.api_url, session)
        await people.gather(_PEOPLE)
        await _rooms(peers, started, people, rounds)
        await _fan_out(started, people)
        await _acknowledged(people)
        kib = await idle(people, started.pids["api"], 1000)
        cpu_ms, size = await opening(people, started.pids["api"], 5000, 20)
        rows = [
            ["an idle subscription", f"{kib:.1f} KiB"],
            ["opening 5,000 elements", f"{cpu_ms:.0f} ms CPU, {size:,} bytes"],
        ]
        note = f"{peers.versions(_PACKAGES)}\n{await versions(started.settings)}"
        show("Costs", ["", "of the API"], rows, note)


async def _rooms(peers: Peers, started: Stand, people: People, rounds: int) -> None:
    """Have everybody edit, through each server in turn."""
    found: dict[str, list[Room]] = {"ours": [], "hocuspocus": []}
    url = f"{started.settings.api_url}/graphql".replace("http", "ws", 1)
    async with hocuspocus(peers) as (other, pid):
        for _ in range(rounds):
            found["ours"].append(await room(peers, "ours", url, started.pids["api"], people, _RATE, _SECONDS))
            found["hocuspocus"].append(await room(peers, "hocuspocus", other, pid, people, _RATE, _SECONDS))
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


async def _acknowledged(people: People) -> None:
    """Have many batches written to one design."""
    rows = []
    for at_once in (16, 64, 128):
        rate, delays = await acknowledged(people, await people.design(20), at_once, 8)
        rows.append([f"{at_once}", f"{rate:,.0f}", *spread(delays)])
    columns = ["clients", "acknowledged/s", "ms", "p99"]
    show("Batches to one design", columns, rows, "Written by a majority, journaled.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.collab", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="of the room, each with every server")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(parser.parse_args().rounds))

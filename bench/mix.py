"""How often the edge answers from memory, and how many of its purges were needless, on a fixed mix.

    python -m bench.mix

Starts an embedded MongoDB and Redis with the demo data, the relay and the API as processes, and the edge in this one,
on a socket like the others. One write comes after every 15 reads, as `bench.traffic` says, in a sequence that one seed
gives. After each write everything rests until the edge has applied it; then each answer that it dropped is asked for at
the API again, with the moment of the write as token. A purge is needless if the body has not changed. Exits with 1 if
a tenth or more of the purges of first pages are. Takes about a minute.

Beside it stand two other ways of tagging, for the answers that this edge held: `tags` alone, as caches know them that
compare neither fields nor places; and `lists` with one tag each, whatever selects and orders them.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import aiohttp
import orjson
from aiohttp import web
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from app.commands import edge as command
from auth.signatures import Keys
from bench.changes import Writers
from bench.partner import partner
from bench.purges import Judge, Purges, title
from bench.stand import BenchError, Stand, show, stand, versions
from bench.traffic import READS_A_WRITE, Readers, Row
from edge import plans
from edge.fast import FastRunner
from edge.follower import Follower
from edge.server import EDGE
from schema import ids

SEED = 3
READS = 6000
WARM = 600  # reads before the first write, which are not counted
MOST_NEEDLESS = 0.1
_IDS = {plan.name: plan.id for plan in plans.load().values()}


async def main() -> int:
    """Measure and print; return the exit code."""
    random = Random(SEED)  # noqa: S311 - a mix, no secret
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(stand("relay", "api"))
        client: AsyncMongoClient[Row] = await stack.enter_async_context(
            AsyncMongoClient(running.settings.mongodb_url, tz_aware=True)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        keys = Keys(running.settings.secret_key)
        judge = await stack.enter_async_context(_judge(running, session, keys))
        writers = Writers(random, client, running.settings.mongodb_database, session, running.settings.api_url, keys)
        await writers.prepare()
        key = await partner(client[running.settings.mongodb_database])
        counted = await _run(writers, _readers(random, writers), judge, running.settings.public_url, key)
        return _report(counted, judge.purges, await versions(running.settings))


@asynccontextmanager
async def _judge(running: Stand, session: aiohttp.ClientSession, keys: Keys) -> AsyncIterator[Judge]:
    """Serve the edge from this process, and watch it."""
    process = await command.process(running.settings)
    if process.application is None:
        raise BenchError("The edge serves nothing.")
    runner = FastRunner(process.application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, running.settings.host, running.settings.edge_port).start()
    judge = Judge(process.application[EDGE], session, keys)
    judge.watch()
    async with Redis.from_url(running.settings.redis_url or "") as redis:
        following = asyncio.create_task(Follower(redis, on_entries=judge.note).run())
        try:
            yield judge
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await runner.cleanup()
            for close in process.close:
                await close()


def _readers(random: Random, writers: Writers) -> Readers:
    """Let readers know of what is public now; what they ask for may be gone later."""
    public = [p for p in writers.projects if (p["visibility"], p["status"]) == ("PUBLIC", "ACTIVE")]
    published = [d for d in writers.designs if d["project_public"] and d["published_at"]]
    for things in (public, published):
        random.shuffle(things)
    cities = [city for city, _ in Counter(p["address"]["city"] for p in public).most_common()]
    return Readers(
        random,
        [p["slug"] for p in public],
        [ids.encode("Design", d["_id"]) for d in published],
        [ids.encode("Organization", o) for o in writers.tokens],
        cities,
    )


async def _run(writers: Writers, readers: Readers, judge: Judge, edge: str, key: str) -> Counter[tuple[str, str]]:
    """Let them read, partners with a key, and write; return how many reads there were by name, and how many hits."""
    counted: Counter[tuple[str, str]] = Counter()
    for number in range(-WARM, READS):
        operation, variables = readers.one()
        asked = {"variables": orjson.dumps(variables).decode()}
        headers = {"Authorization": f"Bearer {key}"} if operation == "PartnerListings" else {}
        url = f"{edge}/graphql/{_IDS[operation]}"
        async with writers.session.get(url, params=asked, headers=headers) as response:
            said = response.headers["Cache-Status"]
            readers.seen(operation, variables, orjson.loads(await response.read())["data"])
        if number < 0:
            continue
        counted[title(operation, variables), "reads"] += 1
        counted[title(operation, variables), "hits"] += "; hit" in said
        if number % READS_A_WRITE == 0:
            counted["", "writes"] += 1
            await judge.judge(writers)
    return counted


def _report(counted: Counter[tuple[str, str]], purges: Purges, note: str) -> int:
    """Print the tables; return 1 if too many purges of first pages were needless."""
    names = sorted({name for name, what in counted if what == "reads"})
    first = {name for name in names if name.endswith("first pages")}
    rows = [(name, {name}) for name in names] + [("all first pages", first), ("all", {*names})]
    table = []
    for shown, group in rows:
        reads, hits = (sum(counted[name, what] for name in group) for what in ("reads", "hits"))
        dropped = sum(n for (name, _, _), n in purges.dropped.items() if name in group)
        shares = [purges.share(group), *(purges.share_otherwise(way, group) for way in ("tags", "lists"))]
        table.append((shown, str(reads), f"{hits / reads:.1%}", str(dropped), *(f"{share:.1%}" for share in shares)))
    columns = ("answers", "reads", "hit rate", "purges", "needless", "with tags alone", "with one tag a list")
    writes = counted["", "writes"]
    show(f"The edge on a mix of {READS} reads and {writes} writes", columns, table, "")
    causes: Counter[tuple[str, str, str]] = Counter()
    for (name, what, why), dropped in purges.dropped.items():
        causes[what, why, "all"] += dropped
        causes[what, why, "needless"] += purges.needless[name, what, why]
        if name in first:
            causes[what, why, "first"] += dropped
            causes[what, why, "needless first"] += purges.needless[name, what, why]
    pairs = sorted({(what, why) for what, why, _ in causes}, key=lambda pair: -causes[(*pair, "all")])
    cells = [
        (f"{what}; {why}", *(str(causes[what, why, one]) for one in ("all", "needless", "first", "needless first")))
        for what, why in pairs
    ]
    show("By the write and what it changed", ("cause", "purges", "needless", "first pages", "needless"), cells, note)
    return int(purges.share(first) >= MOST_NEEDLESS)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

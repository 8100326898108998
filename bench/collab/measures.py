"""What is measured of collaboration: how soon edits are seen, how many are told and written, and what waiting costs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.collab.people import EVENTS, People, moved
from bench.collab.wires import Wire, connect
from bench.stand import BenchError, cpu, percentile

_JOIN_AT_ONCE = 50
_PATIENCE = 60.0  # seconds until all follow
_MARK = b'"batchId":"'


@dataclass
class Seen:
    """When each batch was seen, by how many."""

    sent: dict[str, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)  # of each delivery, in milliseconds
    last: dict[str, float] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    following: int = 0

    def hear(self, payload: bytes, now: float) -> None:
        """Take a message."""
        at = payload.find(_MARK)
        if at < 0:
            return
        start = at + len(_MARK)
        batch = payload[start : payload.index(b'"', start)].decode()
        if batch not in self.sent:  # the one that was there before, which says that this socket follows
            self.following += 1
            return
        self.delays.append((now - self.sent[batch]) * 1000)
        self.last[batch] = now
        self.count[batch] = self.count.get(batch, 0) + 1
        if len(self.sizes) < 1000:
            self.sizes.append(len(payload))

    def by_all(self, people: int) -> list[float]:
        """Return after how many milliseconds each batch was seen by all."""
        wrong = [batch for batch in self.sent if self.count.get(batch) != people]
        if wrong:
            raise BenchError(f"{len(wrong)} batches were not seen exactly once by each of {people}.")
        return [(self.last[batch] - sent) * 1000 for batch, sent in self.sent.items()]


async def follow(people: People, design: str, count: int, seen: Seen) -> list[Wire]:
    """Have a design with one batch followed by so many sockets."""
    begun = seen.following
    wires: list[Wire] = []
    for first in range(0, count, _JOIN_AT_ONCE):
        numbers = range(first, min(first + _JOIN_AT_ONCE, count))
        tokens = [people.tokens[number % len(people.tokens)] for number in numbers]
        wires += await asyncio.gather(*(connect(people.api, token, seen.hear) for token in tokens))
    variables = {"design": design, "after": 0}
    for wire in wires:
        wire.send({"type": "subscribe", "id": "e", "payload": {"query": EVENTS, "variables": variables}})
    async with asyncio.timeout(_PATIENCE):
        while seen.following < begun + count:  # noqa: ASYNC110 - sockets tell of it, a thousand times
            await asyncio.sleep(0.05)
    return wires


@dataclass(frozen=True)
class FanOut:
    """What one run told."""

    delivered: float  # a second
    delays: Sequence[float]
    by_all: Sequence[float]
    cpu: float  # seconds of the API a second
    bytes: int


async def fan_out(
    people: People, pid: int, followers: int, rate: float, seconds: float, design: str | None = None
) -> FanOut:
    """Have so many follow a design, or a new one, while so many batches a second are sent."""
    seen, chance = Seen(), random.Random(1)  # noqa: S311 - the same each time
    if design is None:
        design = await people.design(20)
    editing = min(followers, len(people.tokens))
    wires = await follow(people, design, followers, seen)
    await asyncio.sleep(2)
    clock = asyncio.get_running_loop().time
    pending: set[asyncio.Task[int]] = set()

    async def send(batch: str) -> int:
        seen.sent[batch] = clock()
        edit = moved(f"e{chance.randrange(20)}", chance.randrange(1000))
        return await people.apply(design, [edit], chance.randrange(editing), batch)

    began, cpu_before = clock(), cpu(pid)
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - clock()))
        pending.add(asyncio.create_task(send(people.batch())))
    await asyncio.gather(*pending)
    for _ in range(200):
        if sum(seen.count.values()) >= followers * len(seen.sent):
            break
        await asyncio.sleep(0.05)
    elapsed, used = max(seen.last.values()) - began, cpu(pid) - cpu_before
    for wire in wires:
        wire.close()
    await asyncio.sleep(0.5)
    by_all = seen.by_all(followers)
    return FanOut(len(seen.delays) / elapsed, seen.delays, by_all, used / elapsed, max(seen.sizes))


async def acknowledged(people: People, design: str, at_once: int, seconds: float) -> tuple[float, list[float]]:
    """Return how many batches to one design are acknowledged in a second, and their delays in milliseconds."""
    delays: list[float] = []
    ends = time.monotonic() + seconds
    chance = random.Random(2)  # noqa: S311 - the same each time

    async def write(person: int) -> None:
        while time.monotonic() < ends:
            began = time.monotonic()
            await people.apply(design, [moved(f"e{chance.randrange(20)}", chance.randrange(1000))], person)
            delays.append((time.monotonic() - began) * 1000)

    await asyncio.gather(*(write(number % len(people.tokens)) for number in range(at_once)))
    return len(delays) / seconds, delays


async def spread_over(people: People, apis: Sequence[str], rate: float, seconds: float) -> tuple[float, list[float]]:
    """Send so many batches a second to one design, through each of the processes in turn.

    Return how many are acknowledged in a second, and their delays in milliseconds.
    """
    design, delays = await people.design(20), list[float]()
    doors = [replace(people, api=url) for url in apis]
    chance = random.Random(3)  # noqa: S311 - the same each time
    clock = asyncio.get_running_loop().time
    pending: set[asyncio.Task[None]] = set()

    async def send(number: int) -> None:
        sent = clock()
        edit = moved(f"e{chance.randrange(20)}", chance.randrange(1000))
        await doors[number % len(doors)].apply(design, [edit], number % len(people.tokens))
        delays.append((clock() - sent) * 1000)

    began = clock()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - clock()))
        pending.add(asyncio.create_task(send(number)))
    await asyncio.gather(*pending)
    return len(delays) / (clock() - began), delays


async def idle(people: People, pid: int, count: int) -> float:
    """Return what a socket with one quiet subscription costs an API process, in KiB of its own memory."""
    design, seen = await people.design(1), Seen()
    async with AsyncExitStack() as stack:
        for warm in await follow(people, design, _JOIN_AT_ONCE, seen):
            stack.callback(warm.close)
        await asyncio.sleep(2)
        before = _own_kib(pid)
        for wire in await follow(people, design, count, seen):
            stack.callback(wire.close)
        await asyncio.sleep(4)
        return (_own_kib(pid) - before) / count


def _own_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


async def opening(people: People, pid: int, elements: int, times: int) -> tuple[float, int]:
    """Return the CPU milliseconds of the API for one snapshot of a canvas, and its bytes."""
    design = await people.design(elements)
    query = """query ($id: ID!) { design(id: $id) { canvas { seq elements {
        key kind x y width height rotation parent order props } } } }"""
    for _ in range(3):
        await people.ask(query, {"id": design}, people.tokens[0])
    before = cpu(pid)
    size = 0
    for _ in range(times):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {people.tokens[0]}"}
        body = {"query": query, "variables": {"id": design}}
        async with people.session.post(f"{people.api}/graphql", json=body, headers=headers) as response:
            size = len(await response.read())
    return (cpu(pid) - before) * 1000 / times, size


def spread(values: Sequence[float]) -> tuple[str, str]:
    """Return the median and the 99th percentile, as text."""
    return f"{percentile(values, 50):.0f}", f"{percentile(values, 99):.0f}"

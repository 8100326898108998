"""People who mean ill to one design, in a process of their own: `python -m bench.collab.abusers`.

Reads JSON from standard input, `{"api", "tokens", "design"}`, and goes on until it is killed: each kind of abuser as
fast as it is answered. Says, a JSON value a line, how often each has begun anew. They are members who may see the
design, with devices of their own; nobody else can come as near.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import uvloop

from bench.collab.people import EVENTS
from bench.collab.wires import BINARY, TEXT, Wire, connect, dial

_OF_EACH, _DEVICES = 4, 2  # sockets at once of each kind, and devices
_DEAF_SECONDS = 3.0
_PATIENCE = 20.0
_SUBSCRIPTIONS = 99  # of who does not read: one less than closes the socket
_FLOOD = 1000

FRAMES: tuple[tuple[int, bytes], ...] = (
    (TEXT, b""),
    (TEXT, b"no JSON"),
    (TEXT, b"7"),
    (TEXT, b"null"),
    (TEXT, b"[]"),
    (TEXT, b"{}"),
    (TEXT, b'{"type": 7}'),
    (TEXT, b'{"type": ["ping"]}'),
    (TEXT, b'{"type": "connection_init", "payload": "x"}'),
    (TEXT, b'{"type": "ping", "payload": []}'),
    (TEXT, b'{"type": "complete", "id": [1]}'),
    (TEXT, b'{"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { id } }"}}'),
    (TEXT, b'{"type": "subscribe", "id": "1", "payload": {"query": 1}}'),
    (TEXT, b'{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { id } }", "variables": [1]}}'),
    (TEXT, b'{"type": "ping", "payload": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}"),
    (TEXT, b"[" * 100_000),
    (TEXT, b"\xff\xfe"),
    (TEXT, b'{"type": "ping", "payload": {"a": "' + b"x" * (1 << 20) + b'"}}'),
    (BINARY, b"\x00\x01"),
    (BINARY, b'{"type": "ping"}'),
    (BINARY, b"\x00" * (1 << 20)),
)
"""Frames that are no messages of the protocol."""


@dataclass
class Abuse:
    """What they know, and how often each kind has begun anew."""

    api: str
    tokens: list[str]
    design: str
    counts: Counter[str] = field(default_factory=Counter)

    async def connect(self, number: int) -> Wire:
        """Open a socket and sign in, without waiting for the acknowledgement."""
        return await connect(self.api, self.tokens[number % len(self.tokens)])

    def subscribe(self, wire: Wire, id_: int) -> None:
        """Follow the design."""
        payload = {"query": EVENTS, "variables": {"design": self.design, "after": 0}}
        wire.send({"type": "subscribe", "id": str(id_), "payload": payload})

    async def not_reading(self, number: int) -> None:
        """Follow many times over and read nothing, until the server closes the socket or has held on for long."""
        wire = await self.connect(number)
        for id_ in range(_SUBSCRIPTIONS):
            self.subscribe(wire, id_)
        await asyncio.sleep(_DEAF_SECONDS)
        wire.deafen()
        await asyncio.sleep(_PATIENCE)
        wire.close()

    async def reconnecting(self, number: int) -> None:
        """Follow, and leave without a word as soon as the first event has come."""
        heard = asyncio.Event()
        wire = await connect(
            self.api,
            self.tokens[number % len(self.tokens)],
            lambda payload, _: heard.set() if b'"next"' in payload else None,
        )
        self.subscribe(wire, 1)
        await _either(heard, wire.closing)
        wire.close()

    async def malformed(self, number: int) -> None:
        """Send the next of the frames that nobody should, before and after signing in."""
        turn = self.counts["malformed"] + number
        kind, body = FRAMES[turn % len(FRAMES)]
        wire = await (self.connect(number) if turn % 2 else dial(self.api))
        wire.write(kind, body)
        async with asyncio.timeout(_PATIENCE):
            await wire.closing.wait()
        wire.close()

    async def flooding(self, number: int) -> None:
        """Subscribe a thousand times at once, and again when the server has closed the socket."""
        wire = await self.connect(number)
        for id_ in range(_FLOOD):
            self.subscribe(wire, id_)
        async with asyncio.timeout(_PATIENCE):
            await wire.closing.wait()
        wire.close()


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(each.wait()) for each in (one, other)]
    await asyncio.wait(waiting, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()


async def main(told: dict[str, Any]) -> None:
    """Do all of it, each kind by some at once, and say every second how much was done."""
    abuse = Abuse(told["api"], told["tokens"], told["design"])

    async def again(what: Callable[[int], Awaitable[None]], name: str, number: int) -> None:
        while True:
            with suppress(OSError, TimeoutError):
                await what(number)
            abuse.counts[name] += 1
            await asyncio.sleep(0)

    kinds = (abuse.not_reading, abuse.reconnecting, abuse.malformed, abuse.flooding)
    running = [
        asyncio.create_task(again(kind, kind.__name__, of * _DEVICES + number % _DEVICES))
        for of, kind in enumerate(kinds)
        for number in range(_OF_EACH)
    ]
    while running:
        await asyncio.sleep(1)
        sys.stdout.write(json.dumps(abuse.counts) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(sys.stdin.read())))

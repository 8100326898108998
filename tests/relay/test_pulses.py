"""The relay's signs of life."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from edge import stream
from edge.stream import Change, EntryId
from models.database import PULSES, Database
from tests.relay.relaying import caught_up, chain, exists, relaying, until


async def test_pulses_come_by_themselves(database: Database, redis: Redis) -> None:
    """Given a relay and its pulse, when nothing at all is written, then entries without changes keep coming.

    A mutation's pulse, or one that came late, has a change that nothing depends on: it tells nothing of relays.
    """
    async with relaying(database, redis) as relay:
        pulsing = asyncio.create_task(relay.pulse())

        async def several() -> bool:
            return [entry.changes for entry in await chain(redis)].count(()) >= 2

        await until(several)
        pulsing.cancel()
        await asyncio.gather(pulsing, return_exceptions=True)
        assert (await caught_up(database, redis))[-1].changes == (Change(PULSES),)
        await database.pulse("relay", await stream.now(redis) - 1)
        assert (await caught_up(database, redis))[-2].changes == (Change(PULSES),)


async def test_a_pulse_that_waited_anywhere_tells_nothing(
    database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a relay that stands still between reading a pulse and appending it, then the pulse vouches for nothing."""
    append, waited = stream.append, asyncio.Event()

    async def slow(*arguments: Any) -> EntryId | None:
        if (
            arguments[0] is redis and arguments[2][-1].until is not None
        ):  # not the platform's relay, in this process too
            waited.set()
            while await stream.now(redis) <= arguments[2][-1].until:  # noqa: ASYNC110 - a clock tells nobody
                await asyncio.sleep(0.05)
        return await append(*arguments)

    async with relaying(database, redis):
        await until(lambda: exists(redis))
        monkeypatch.setattr(stream, "append", slow)
        await database.pulse("relay", await stream.now(redis) + 300_000)
        await waited.wait()
        found = await caught_up(database, redis)
        assert () not in [entry.changes for entry in found]

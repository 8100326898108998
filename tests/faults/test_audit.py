"""Killing any process between a privileged action and its entry in the audit log leaves neither without the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from bson import ObjectId

from app.embedded.service import poll
from tests.app.processes import running
from tests.faults.conftest import Stand
from tests.faults.deeds import ROLES, Deeds, Subject, faults


@pytest.fixture
async def mended(stand: Stand) -> AsyncIterator[Stand]:
    """Give everything, and mend it at the end."""
    try:
        yield stand
    finally:
        await stand.mend()


async def _api(stand: Stand, deeds: Deeds) -> None:
    for _ in range(4):
        await deeds.some_are_done(5)
        await stand.api.kill()
        await stand.api.start()


async def _primary_steps_down(stand: Stand, deeds: Deeds) -> None:
    await deeds.some_are_done()
    await stand.mongodb.step_down()


async def _primary_is_killed(stand: Stand, deeds: Deeds) -> None:
    await deeds.some_are_done()
    primary = await stand.mongodb.primary()
    primary.kill()
    await primary.wait()
    await deeds.some_are_done(5)
    await primary.start()


async def _sealers(stand: Stand, deeds: Deeds) -> None:
    """Kill the sealing relay again and again, with another one beside it."""
    await stand.second_relay.start()
    for _ in range(3):
        await deeds.some_are_done()
        await stand.relay.kill()
        await stand.relay.start()
        await deeds.some_are_done(5)
        await stand.second_relay.kill()
        await stand.second_relay.start()


async def _everything(stand: Stand, deeds: Deeds) -> None:
    await deeds.some_are_done()
    primary = await stand.mongodb.primary()
    primary.kill()
    await asyncio.gather(primary.wait(), stand.api.kill(), stand.relay.kill())
    await asyncio.gather(primary.start(), stand.api.start(), stand.relay.start())


KILLINGS: dict[str, Callable[[Stand, Deeds], Awaitable[None]]] = {
    "the API, four times": _api,
    "the primary steps down": _primary_steps_down,
    "the primary": _primary_is_killed,
    "relays, which seal": _sealers,
    "API, primary and relay at once": _everything,
}


@pytest.mark.parametrize("killed", KILLINGS)
async def test_no_action_without_its_entry_and_no_entry_without_its_action(mended: Stand, killed: str) -> None:
    """Given SIGKILL while actions are in flight, then every action in effect has its entry, and the other way round.

    And the chains verify, over all that was ever written to this database.
    """
    async with Deeds(mended.world).going_on() as deeds:
        await KILLINGS[killed](mended, deeds)
        await deeds.some_are_done()
    assert await deeds.judged() == []
    assert sum(len(subject.acknowledged) for subject in deeds.subjects) >= 25

    async def sealed() -> bool:
        return await mended.world.rows.audit_events.find_one({"seq": None}) is None

    await asyncio.wait_for(poll(sealed), 20)
    async with running(mended.world.environ, "-m", "app", "audit", "verify") as verifying:
        assert await verifying.ended() == 0, verifying.text
        assert "nothing was bent" in verifying.text


def _entry(was: str, role: str, request: str) -> dict[str, Any]:
    return {"action": "MEMBER_ROLE_CHANGED", "details": {"was": was, "role": role}, "request": request}


def test_the_judge_sees_what_is_missing_doubled_or_made_up() -> None:
    """Given a history, then without any one of its entries, or with one twice, or one more, it is refused."""
    steps = [
        (*pair, f"r{number}") for number, pair in enumerate([*zip(ROLES, (*ROLES[1:], ROLES[0]), strict=True)] * 2)
    ]
    history = [_entry(*step) for step in steps]
    subject = Subject(ObjectId(), "Membership", sent=8, acknowledged=["r0", "r3", "r5"])
    assert faults(subject, history, "VIEWER", "VIEWER") == []
    for place in range(len(history)):
        assert faults(subject, history[:place] + history[place + 1 :], "VIEWER", "VIEWER")
        assert faults(subject, [*history[: place + 1], *history[place:]], "VIEWER", "VIEWER")
    assert faults(subject, [*history, _entry("VIEWER", "EDITOR", "r9")], "VIEWER", "VIEWER")
    assert faults(subject, history, "VIEWER", "ADMIN")
    assert faults(Subject(ObjectId(), "Membership", 8, ["other"]), history, "VIEWER", "VIEWER")
    assert faults(Subject(ObjectId(), "Membership", 5, []), history, "VIEWER", "VIEWER")

"""How many batches a device may send: what a bucket lets through, and what is answered to more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from resolvers.allowance import Limits, Rate, Turns
from tests.platform import Json, Platform, User, added, another_api

FEW = Limits(batches=0.01, burst=3)
"""Three at once, and the next in a hundred seconds: no test takes so long."""

_TOLD = """{ __typename ... on EditsApplied { seq } ... on UserError { message code path }
    ... on RateLimited { retryAfter } }"""
EDIT = f"""mutation ($design: ID!, $batch: ID!, $edits: [DesignEditInput!]!) {{
    r: applyDesignEdits(designId: $design, batchId: $batch, baseSeq: 0, edits: $edits) {_TOLD} }}"""
UNDO = f"""mutation ($design: ID!, $batch: ID!, $inverse: ID!) {{
    r: undoDesignEdits(designId: $design, batchId: $batch, inverse: $inverse) {_TOLD} }}"""
RESTORE = f"""mutation ($design: ID!, $batch: ID!, $version: ID!) {{
    r: restoreVersion(designId: $design, batchId: $batch, versionId: $version) {_TOLD} }}"""


class Clock:
    """A clock that stands still unless it is told otherwise."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_bucket_gives_its_burst_and_then_so_many_a_second() -> None:
    """Given a bucket of five that gets one every two seconds, then it says how long to wait, and keeps its word."""
    clock = Clock()
    rate = Rate(0.5, 5, clock)
    assert [rate.take("a") for _ in range(6)] == [0, 0, 0, 0, 0, 2]
    assert rate.take("b") == 0
    assert rate.take("a") == 2  # to be refused costs nothing
    clock.now += 2
    assert [rate.take("a") for _ in range(2)] == [0, 2]
    clock.now += 100
    assert [rate.take("a") for _ in range(6)] == [0, 0, 0, 0, 0, 2]


def test_who_must_wait_waits_for_a_second_at_least() -> None:
    """Given a bucket that gets thirty a second, then it says to come when so many are there, not for each of them."""
    clock = Clock()
    rate = Rate(30.0, 150, clock)
    assert [rate.take("a") for _ in range(151)] == [*[0] * 150, 1]
    clock.now += 1
    assert [rate.take("a") for _ in range(31)] == [*[0] * 30, 1]


def test_whose_bucket_is_full_is_forgotten() -> None:
    """Given a thousand devices that have sent something, when their buckets are full again, then nothing is held."""
    clock = Clock()
    rate = Rate(2.0, 5, clock)
    for device in range(1000):
        rate.take(device)
    clock.now += 0.5
    rate.take("another")
    assert len(rate._full_at) == 1  # noqa: SLF001 - that it is forgotten cannot be told from outside


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 8))
def test_no_time_has_more_than_its_share(pauses: list[float], burst: int) -> None:
    """Given any pauses, then every stretch of time has at most the burst and so many a second.

    Who comes again when the time is over that was told is let through.
    """
    clock = Clock()
    rate = Rate(2.0, burst, clock)
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        if missing := rate.take("a"):
            clock.now += missing
            assert rate.take("a") == 0
        taken.append(clock.now)
    for first, began in enumerate(taken):
        for last, ended in enumerate(taken[first:], 1):
            assert last <= burst + 2.0 * (ended - began) + 1e-6


def test_something_begins_while_there_is_time_for_it() -> None:
    """Given a process that may be half busy, then one begins once it was idle for as long as it worked; or too late."""
    clock, worked = Clock(), Clock()
    turns = Turns(Limits(busy=0.5, slowest=10), clock, worked)
    clock.now, worked.now = clock.now + 1, worked.now + 0.6
    assert not turns.room()
    clock.now += 0.2
    assert turns.room()
    assert turns.room()  # no time has passed, and no work was done
    worked.now += 0.1
    assert not turns.room()
    clock.now, worked.now = clock.now + 9.9, worked.now + 9.9
    assert not turns.room()
    clock.now += 0.1
    assert turns.room()


class Gate(Turns):
    """Lets through as many as it is told to."""

    def __init__(self, left: int) -> None:
        super().__init__(Limits())
        self.left = left

    def room(self) -> bool:
        """Whether there are some left."""
        self.left -= 1
        return self.left >= 0


async def test_who_begins_much_and_who_begins_little_take_turns() -> None:
    """Given one device that wants to begin fifty things at once, then another waits for two of them, not for all."""
    turns, begun = Gate(0), list[str]()

    async def begin(who: str) -> None:
        await turns.turn(who)
        begun.append(who)

    much = [asyncio.create_task(begin("much")) for _ in range(50)]
    await asyncio.sleep(0)
    little = [asyncio.create_task(begin("little")) for _ in range(2)]
    await asyncio.sleep(0)
    turns.left = 1000
    await asyncio.gather(*much, *little)
    assert begun[:5].count("little") == 2
    assert len(begun) == 52


async def test_who_leaves_takes_nobodys_turn() -> None:
    """Given those who wait and go, then the one who stays has the only turn that there is."""
    turns = Gate(0)
    waiting = [asyncio.create_task(turns.turn(str(number % 2))) for number in range(9)]
    await asyncio.sleep(0)
    for each in waiting[:-1]:
        each.cancel()
    await asyncio.gather(*waiting[:-1], return_exceptions=True)
    turns.left = 1
    async with asyncio.timeout(5):
        await waiting[-1]


async def ask(who: User, query: str, **variables: object) -> Json:
    """Send a batch by one of the three mutations."""
    answer: Json = (await who.ask(query, {"batch": uuid4().hex, **variables}))["r"]
    return answer


async def test_a_device_that_sends_too_much_is_told_when_to_come_again(platform: Platform) -> None:
    """Given a device that has sent as many as it may, then no batch of any kind takes effect; other devices go on."""
    ana = await platform.user()
    organization = await ana.organization()
    design = await ana.design(await ana.project(organization))
    bea = await ana.member(organization, "EDITOR")
    first = await ana.edit(design, added("a"))
    version = await ana.do("saveVersion", "DesignVersion", {"designId": design, "name": "One"})
    async with another_api(platform, limits=FEW) as strict:
        device, other = replace(ana, platform=strict), replace(bea, platform=strict)
        for number in range(FEW.burst):
            sent = await ask(device, EDIT, design=design, edits=[added(f"e{number}")])
            assert sent == {"__typename": "EditsApplied", "seq": number + 2}
        for refused in (
            await ask(device, EDIT, design=design, edits=[added("more")]),
            await ask(device, EDIT, design=design, edits=[]),
            await ask(device, UNDO, design=design, inverse=first["inverse"]),
            await ask(device, RESTORE, design=design, version=version["id"]),
        ):
            assert (refused["__typename"], refused["code"], refused["path"]) == ("RateLimited", "RATE_LIMITED", None)
            assert 90 < refused["retryAfter"] <= 100
            assert f"{refused['retryAfter']:.1f} s" in refused["message"]
        assert (await ask(other, EDIT, design=design, edits=[added("b")]))["seq"] == FEW.burst + 2

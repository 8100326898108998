"""Stale answers: none. Random writes and reads over the real processes, each answer held against the origin's own.

An answer is stale if it shows anything older than what the edge had applied when the request came, or than the client's
own token. So after every burst of concurrent writes and reads: with the token of the newest write the answer must be
the origin's at once; and once the edge answers such a request itself, it has applied that write, and every answer
without a token must be the origin's too. During the burst no title may be shown to the bearer of a token that was
overwritten before. A step is one write, or one read through the edge; `COHERENCE_STEPS` sets how many there are at
least (2,000).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.coherence import by_api, by_bulk, by_driver
from tests.coherence.checks import Asked, Checks
from tests.coherence.conftest import Loop
from tests.coherence.reads import FEW, QUERIES, READS, SPELLINGS, Read
from tests.coherence.world import World

STEPS = int(os.environ.get("COHERENCE_STEPS", "2000"))
STEPS_AN_EXAMPLE = 30
WRITES = {**by_driver.WRITES, **by_bulk.WRITES, **by_api.WRITES}

_ASKED = st.builds(Asked, READS, SPELLINGS, st.sampled_from(["GET", "GET", "HEAD", "If-None-Match"]), SPELLINGS)
_WRITES = st.tuples(st.sampled_from(sorted(WRITES)), st.integers(0, 9), st.integers(0, 20), st.integers(0, 15))
Written = tuple[str, int, int, int]


class Machine(RuleBasedStateMachine):
    """Bursts of writes and reads."""

    world: World
    checks: Checks
    loop: Loop
    failed = False

    @initialize()
    def begin(self) -> None:
        """Begin with a world that is small and known."""
        self._run(by_bulk.begin(self.world))

    @rule(
        writes=st.lists(_WRITES, min_size=1, max_size=4),
        meanwhile=st.lists(st.tuples(_ASKED, st.booleans()), max_size=4),
        then=st.lists(_ASKED, min_size=1, max_size=2),
    )
    def burst(self, writes: list[Written], meanwhile: list[tuple[Asked, bool]], then: list[Asked]) -> None:
        """Write and read at once, then look whether anything is stale."""
        self._run(burst(self.world, self.checks, writes, meanwhile, then))

    @rule(asked=st.lists(_ASKED, min_size=1, max_size=4))
    def read(self, asked: list[Asked]) -> None:
        """Read without a write before: mostly hits."""
        self._run(self.checks.quiet(asked))

    @rule(which=st.integers(0, 9), how=st.sampled_from(sorted(by_driver.MISFITS)), asked=_ASKED)
    def misfit(self, which: int, how: str, asked: Asked) -> None:
        """Write a value of a type that nobody declared, look, and mend it."""
        self._run(misfit(self.world, self.checks, how, which, asked))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do one thing, unless there were enough; a failure is shown again, whatever there were."""
        if self.world.steps >= STEPS and not self.failed:
            work.close()
            return
        try:
            self.loop.run(work)
        except BaseException:
            type(self).failed = True
            raise


async def burst(
    world: World, checks: Checks, writes: list[Written], meanwhile: list[tuple[Asked, bool]], then: list[Asked]
) -> None:
    """Write and read at once, then look whether anything is stale."""
    checks.written()
    reading = [checks.meanwhile(asked, own=own) for asked, own in meanwhile]
    await asyncio.gather(*reading, *(write_and_look(world, checks, one) for one in writes))
    await checks.quiet([*(asked for asked, _ in meanwhile), *then])


async def misfit(world: World, checks: Checks, how: str, which: int, asked: Asked) -> None:
    """Write what does not fit, look, mend it, look."""
    id_ = world.project(which)
    broken, mended = by_driver.MISFITS[how]
    await checks.misfit(asked, lambda: by_driver.change(world, "projects", id_, broken))
    checks.written()
    await by_driver.change(world, "projects", id_, mended)
    world.counted["writes"] += 2
    await checks.quiet([asked])


async def write_and_look(world: World, checks: Checks, one: Written) -> None:
    """Write one thing, some time after the burst began, while a page of it is asked for; then ask for that at once.

    That is its own page, or a page of the gallery of a size that nobody has asked for lately.
    """
    what, which, value, milliseconds = one
    pages = (
        Read("DesignPage", {"id": which}) if "design" in what else Read("ProjectPage", {"slug": which}),
        Read("Gallery", {"first": 4 + world.counted["writes"] % 97}),
    )
    page = Asked(pages[value % 2])
    await asyncio.sleep(milliseconds / 1000)
    reading = asyncio.ensure_future(checks.meanwhile(page, own=False))
    await WRITES[what](world, which, value)
    world.counted["writes"] += 1
    world.written[what] += 1
    for _ in range(2):  # the first may be ahead of the edge
        await checks.meanwhile(page, own=True)
    await reading


async def each_by_itself(world: World, checks: Checks) -> None:
    """Make every kind of write once, between reads of every operation."""
    await by_bulk.begin(world)
    few = [Asked(read) for read in FEW]
    for number, what in enumerate(WRITES):
        await checks.quiet(few[number % 3 :: 3])
        await burst(world, checks, [(what, number % 4, number % 21, 0)], [], few[number % 3 :: 3])


def report(world: World, seconds: float) -> str:
    """Say how much was done, and whether it meant anything."""
    counted = world.counted
    return (
        f"coherence: {counted['writes']} writes and {counted['reads']} reads through the edge in {seconds:.0f} s; "
        f"{counted['compared']} pairs held against the origin, 0 stale; "
        f"{counted['hits'] / counted['cacheable']:.0%} hits of {counted['cacheable']} that may be kept, "
        f"{counted['survivors']} of them answers that outlived a write; {counted['disturbed']} compared again"
    )


def test_no_answer_is_stale(world: World, checks: Checks, loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    """Given random writes and reads at once, then no answer of the edge is older than it may be."""

    class Bound(Machine):
        """The machine on these processes."""

    Bound.world, Bound.checks, Bound.loop = world, checks, loop
    began = time.monotonic()
    loop.run(each_by_itself(world, checks))
    while world.steps < STEPS:
        run_state_machine_as_test(
            Bound,
            settings=settings(
                max_examples=1 + STEPS // 200,
                stateful_step_count=STEPS_AN_EXAMPLE,
                deadline=None,
                database=None,
                derandomize=False,  # nor where Hypothesis thinks that it runs in CI: each round is to be another
                phases=[Phase.generate],  # what was found on running processes is told as it was found
                suppress_health_check=list(HealthCheck),
            ),
        )
    audited, found_stale = loop.run(world.audited())
    counted = world.counted
    with capsys.disabled():
        print(  # noqa: T201 - the report
            f"\n{report(world, time.monotonic() - began)}; the auditor compared {audited} more, {found_stale} stale"
        )
    assert found_stale == 0
    assert world.steps >= STEPS
    assert world.asked.keys() >= QUERIES
    assert world.written.keys() == WRITES.keys()
    assert counted["hits"] > counted["cacheable"] / 4, "an edge that keeps nothing is never stale"
    assert counted["survivors"] > counted["writes"] / 20, "an edge that drops everything is never stale"

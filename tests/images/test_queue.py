"""The queue: bounded, fair about equal requests, and clean at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from workers.images.errors import BusyError, UnusableError
from workers.images.queue import SharedQueue


class Work:
    """Work that begins when it is called and ends when it is told."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    def named(self, name: str) -> Callable[[], Awaitable[str]]:
        """Make a piece of work that returns its name."""

        async def make() -> str:
            self.begun += 1
            await self.go.wait()
            return name

        return make


async def turns() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_equal_requests_are_made_once() -> None:
    """Ten who ask for the same get the same, and one of them leaving disturbs nobody."""
    queue: SharedQueue[str] = SharedQueue(at_once=1, waiting=0)
    work = Work()
    asking = [asyncio.create_task(queue.run("a", work.named("a"))) for _ in range(10)]
    await turns()
    asking[0].cancel()
    work.go.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert found[1:] == ["a"] * 9
    assert work.begun == 1
    assert len(queue) == 0


async def test_beyond_its_room_it_refuses() -> None:
    """One works, two wait, the fourth is refused at once; an equal one still joins."""
    queue: SharedQueue[str] = SharedQueue(at_once=1, waiting=2)
    work = Work()
    asking = [asyncio.create_task(queue.run(name, work.named(name))) for name in "abc"]
    await turns()
    assert (work.begun, len(queue)) == (1, 3)
    with pytest.raises(BusyError):
        await queue.run("d", work.named("d"))
    joining = asyncio.create_task(queue.run("b", work.named("never")))
    await turns()
    work.go.set()
    assert await asyncio.gather(*asking, joining) == ["a", "b", "c", "b"]
    assert await queue.run("d", work.named("d")) == "d"


async def test_errors_reach_everyone_and_are_not_kept() -> None:
    """A failure is shared like a result, and the next request begins anew."""
    queue: SharedQueue[str] = SharedQueue(at_once=1, waiting=0)

    async def broken() -> str:
        await asyncio.sleep(0)
        raise UnusableError("broken")

    found = await asyncio.gather(*(queue.run("a", broken) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in found] == [UnusableError] * 3

    async def fine() -> str:
        return "fine"

    assert await queue.run("a", fine) == "fine"


async def test_closing_drops_what_waits() -> None:
    """At the end of the process nothing is left running."""
    queue: SharedQueue[str] = SharedQueue(at_once=1, waiting=5)
    work = Work()
    asking = [asyncio.create_task(queue.run(name, work.named(name))) for name in "ab"]
    await turns()
    await queue.close()
    assert len(queue) == 0
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(error, asyncio.CancelledError) for error in found)

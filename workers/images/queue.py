"""A bounded queue of work in which equal requests share one piece of work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from workers.images.errors import BusyError

_T = TypeVar("_T")


class SharedQueue(Generic[_T]):
    """Does at most `at_once` pieces of work at a time and lets `waiting` more wait; beyond that it refuses.

    Work begun is finished even if who asked for it has gone, since others may have joined.
    """

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._room = at_once + waiting
        self._turns = asyncio.Semaphore(at_once)
        self._tasks: dict[Hashable, asyncio.Task[_T]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def run(self, key: Hashable, make: Callable[[], Awaitable[_T]]) -> _T:
        """Return what `make` makes, or what is being made under an equal key already, with its error if it fails.

        Raises:
            BusyError: the queue is full.

        """
        task = self._tasks.get(key)
        if task is None:
            if len(self._tasks) >= self._room:
                raise BusyError("Too many pictures are being made; ask again in a second.")
            task = self._tasks[key] = asyncio.create_task(self._in_turn(make))
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Drop what waits and what runs in the event loop, and wait until it is gone."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_turn(self, make: Callable[[], Awaitable[_T]]) -> _T:
        async with self._turns:
            return await make()

    def _forget(self, key: Hashable, task: asyncio.Task[_T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # seen: whoever waited has it, and if nobody did, nobody misses it

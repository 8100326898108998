"""How soon a worker whose queue is full says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from yarl import URL

from bench.stand import BenchError

ROOM = 34
"""How many pictures a worker takes on: two are made, and 32 wait."""

REFUSALS = 50
ALLOWED_MS = 50.0
_QUEUE = "images_queue_length "
_FILLING_SECONDS = 30.0
_ACCEPTED_SECONDS = 1.0  # who has no answer by then got the place of a picture that was done

Path = Callable[[int], str]
"""The path of a picture that takes long, another one for each number."""


async def measure(address: str, admin: str, path: Path) -> list[float]:
    """Fill the queue, ask until so many are refused, and return how many milliseconds each refusal took.

    Raises:
        BenchError: the queue is not filled, or a refusal is not as it should be.

    """
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        waiting = [asyncio.create_task(_ask(session, address + path(number))) for number in range(ROOM)]
        try:
            await _filled(session, admin)
            return await _refused(session, address, path)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


async def _refused(session: aiohttp.ClientSession, address: str, path: Path) -> list[float]:
    times: list[float] = []
    number = ROOM
    while len(times) < REFUSALS:
        number += 1
        began = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(_ACCEPTED_SECONDS):
                status, retry_after = await _ask(session, address + path(number))
            if (status, retry_after) != (429, "1"):
                raise BenchError(f"A full queue answers {status}, Retry-After {retry_after}.")
            times.append((time.perf_counter() - began) * 1000)
    return times


async def _filled(session: aiohttp.ClientSession, admin: str) -> None:
    try:
        async with asyncio.timeout(_FILLING_SECONDS):
            while await _queue(session, admin) < ROOM:  # noqa: ASYNC110 - another process; there is no event
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        raise BenchError("The worker's queue does not fill.") from error


async def _queue(session: aiohttp.ClientSession, admin: str) -> float:
    async with session.get(f"{admin}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next(float(line.removeprefix(_QUEUE)) for line in lines if line.startswith(_QUEUE))


async def _ask(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(URL(url, encoded=True)) as response:
        await response.read()
        return response.status, response.headers.get("Retry-After", "")

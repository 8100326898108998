"""Ending long-lived answers when a process stops: WebSockets with 1012 (service restart), streams by cancelling them.

Without this, a graceful stop would wait for clients that never leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from aiohttp import WSCloseCode, web

SPREAD_SECONDS = 2.0
"""Over how long sockets are closed, however many there are."""

_LONGEST_PAUSE = 0.02
_CLOSE_SECONDS = 3.0


class Draining:
    """What is open in one application."""

    def __init__(self) -> None:
        self._sockets: WeakSet[web.WebSocketResponse] = WeakSet()
        self._streams: set[asyncio.Task[object]] = set()

    def add(self, socket: web.WebSocketResponse) -> None:
        """Remember a WebSocket for as long as it is served."""
        self._sockets.add(socket)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Remember the running request as one that streams."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A stream is served by a task.")
        self._streams.add(task)
        try:
            yield
        finally:
            self._streams.discard(task)

    async def drain(self, _: web.Application) -> None:
        """End all of it, sockets one after another: those who come back do not come all at once.

        For `web.Application.on_shutdown`.
        """
        sockets = [*self._sockets]
        closing = []
        for socket in sockets:
            closing.append(asyncio.create_task(_close(socket)))
            await asyncio.sleep(min(_LONGEST_PAUSE, SPREAD_SECONDS / len(sockets)))
        await asyncio.gather(*closing, return_exceptions=True)
        for task in self._streams:
            task.cancel()


async def _close(socket: web.WebSocketResponse) -> None:
    async with asyncio.timeout(_CLOSE_SECONDS):  # who reads nothing does not keep the others waiting
        await socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"restarting")

"""A wire between two processes that can be cut without either end being told, as a failing network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from app.embedded.service import HOST, poll

_CHUNK = 64 * 1024


class Wire:
    """A TCP proxy before one port. `forth` and `back` are set while bytes travel; cleared, they wait.

    `asked` is set whenever the near end has sent something, whether it arrives or not. A cut wire still takes
    connections, as the far end's kernel does, and every socket stays open: half-open. What was on its way arrives when
    the wire is mended, as TCP sends it again.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.forth, self.back = asyncio.Event(), asyncio.Event()
        self.asked = asyncio.Event()
        self._held: set[bytes] = set()
        self.forth.set()
        self.back.set()
        self._target = target
        self._joined: set[asyncio.Task[None]] = set()

    @contextmanager
    def cut(self, *ways: asyncio.Event) -> Iterator[None]:
        """Let nothing through any more, or only not this way."""
        ways = ways or (self.forth, self.back)
        for way in ways:
            way.clear()
        try:
            yield
        finally:
            for way in ways:
                way.set()

    async def holds(self, words: bytes) -> None:
        """Wait until an answer with these words waits in the wire."""

        async def held() -> bool:
            return any(words in data for data in self._held)

        await asyncio.wait_for(poll(held), 10)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Wire]:
        """Listen on a free port until the end."""
        server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._joined:
                task.cancel()
            await asyncio.gather(*self._joined, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._join(reader, writer))
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, far = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.close()
            return
        ways = [asyncio.ensure_future(self._ask(reader, far)), asyncio.ensure_future(self._answer(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (far, writer):
                end.close()

    async def _ask(self, near: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        async for data in _chunks(near):
            self.asked.set()
            await self.forth.wait()
            await _send(far, data)

    async def _answer(self, far: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        async for data in _chunks(far):
            self._held.add(data)
            await self.back.wait()
            self._held.discard(data)
            await _send(near, data)


async def _chunks(source: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what comes, until the source closes or breaks."""
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            yield data


async def _send(target: asyncio.StreamWriter, data: bytes) -> None:
    with suppress(OSError):
        target.write(data)
        await target.drain()

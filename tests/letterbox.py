"""Where the mail of a platform under test arrives."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict

from storage.mail import Message

TOKEN = re.compile(r"#token=([\w-]+)")


class Letterbox:
    """Mail in memory. Each message is taken out once, by its recipient."""

    def __init__(self) -> None:
        self._held: defaultdict[str, asyncio.Queue[Message]] = defaultdict(asyncio.Queue)

    async def send(self, message: Message) -> None:
        """Take a message in."""
        self._held[message.to].put_nowait(message)

    async def next(self, to: str) -> Message:
        """Wait for the next message to somebody, and take it out."""
        async with asyncio.timeout(15):
            return await self._held[to].get()

    async def token(self, to: str) -> str:
        """Wait for the next message to somebody, and return the token in its link."""
        found = TOKEN.search((await self.next(to)).text)
        assert found is not None
        return found[1]

    def empty(self, to: str) -> bool:
        """Whether nothing has arrived for somebody that was not taken out."""
        return self._held[to].empty()

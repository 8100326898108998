"""Signals between processes: "something happened to this topic". They may be lost; whoever listens reads the truth.

One Redis connection serves all listeners of a process.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
_PREFIX = "signal:"
_SEND_SECONDS = 0.25  # how long a request waits for a Redis that hangs
_RETRY_SECONDS = 0.5
MOST_NOTES = 1000
"""How many notes wait for a listener at most."""


class Listener:
    """One listener's place: what came in since it last waited."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._notes: list[str] = []

    def hear(self, note: str) -> None:
        """Take a note; one that waits is not taken twice. Beyond a thousand, notes are lost."""
        if note not in self._notes and len(self._notes) < MOST_NOTES:
            self._notes.append(note)
        self._came.set()

    async def wait(self, seconds: float) -> list[str]:
        """Wait for a signal, no longer than this; return the notes that came."""
        try:
            async with asyncio.timeout(seconds):
                await self._came.wait()
        except TimeoutError:
            return []
        self._came.clear()
        notes, self._notes = self._notes, []
        return notes


class Signals(Protocol):
    """Sends and receives signals."""

    async def send(self, topic: str, note: str = "") -> None:
        """Tell every process's listeners; never raises, since the truth is elsewhere."""
        ...

    def tell(self, topic: str, note: str = "") -> None:
        """Send soon; of equal signals that wait to be sent, one is."""
        ...

    def listen(self, *topics: str) -> AbstractContextManager[Listener]:
        """Listen to topics while the context is open."""
        ...

    async def run(self) -> None:
        """Receive for all listeners, until cancelled."""
        ...


class RedisSignals:
    """Signals by Redis' publish and subscribe."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._sender = secrets.token_hex(8)
        self._untold: dict[tuple[str, str], None] = {}
        self._telling: asyncio.Task[None] | None = None

    async def send(self, topic: str, note: str = "") -> None:
        """Tell all; a Redis that is away is logged, and other processes find the change when they next look."""
        self._hear(topic, note)
        await self._publish(topic, note)

    async def _publish(self, topic: str, note: str) -> None:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._redis.publish(_PREFIX + topic, self._sender + note)
        except (RedisError, OSError) as error:
            log.warning("A signal about %s was not sent: %s", topic, error)

    def tell(self, topic: str, note: str = "") -> None:
        """Publish soon, and tell the listeners of this process at once."""
        self._hear(topic, note)
        self._untold[topic, note] = None
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._untold:
            topic, note = signal = next(iter(self._untold))
            del self._untold[signal]
            await self._publish(topic, note)

    def _hear(self, topic: str, note: str) -> None:
        for listener in self._listeners.get(topic, ()):
            listener.hear(note)

    @contextmanager
    def listen(self, *topics: str) -> Iterator[Listener]:
        """Listen to topics while the context is open."""
        listener = Listener()
        for topic in topics:
            self._listeners[topic].add(listener)
        try:
            yield listener
        finally:
            for topic in topics:
                self._listeners[topic].discard(listener)
                if not self._listeners[topic]:
                    del self._listeners[topic]

    async def run(self) -> None:
        """Receive for all listeners, until cancelled; after every interruption, wake them all."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.psubscribe(_PREFIX + "*")
                    self._wake_all()
                    async for message in channel.listen():
                        told = message["data"].decode()
                        if not told.startswith(self._sender):  # those of this process were heard at once
                            self._hear(message["channel"].decode().removeprefix(_PREFIX), told[len(self._sender) :])
            except (RedisError, OSError) as error:
                log.warning("Signals are interrupted (%s); trying again.", error)
                await asyncio.sleep(_RETRY_SECONDS)

    def _wake_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.hear("")

"""Signals between processes: "something happened to this topic". They may be lost; whoever listens reads the truth.

One Redis connection serves all listeners of a process.
"""

from __future__ import annotations

import asyncio
import logging
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
_MOST_NOTES = 1000


class Listener:
    """One listener's place: what came in since it last waited."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._notes: list[str] = []

    def hear(self, note: str) -> None:
        """Take a note; an empty one only wakes the listener. Beyond a thousand, notes are lost."""
        if note and len(self._notes) < _MOST_NOTES:
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

    def listen(self, topic: str) -> AbstractContextManager[Listener]:
        """Listen to a topic while the context is open."""
        ...


class RedisSignals:
    """Signals by Redis' publish and subscribe."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    async def send(self, topic: str, note: str = "") -> None:
        """Publish; a Redis that is away is logged, and listeners find the change when they next look."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._redis.publish(_PREFIX + topic, note)
        except (RedisError, OSError) as error:
            log.warning("A signal about %s was not sent: %s", topic, error)

    @contextmanager
    def listen(self, topic: str) -> Iterator[Listener]:
        """Listen to a topic while the context is open."""
        listener = Listener()
        self._listeners[topic].add(listener)
        try:
            yield listener
        finally:
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
                        topic = message["channel"].decode().removeprefix(_PREFIX)
                        for listener in self._listeners.get(topic, ()):
                            listener.hear(message["data"].decode())
            except (RedisError, OSError) as error:
                log.warning("Signals are interrupted (%s); trying again.", error)
                await asyncio.sleep(_RETRY_SECONDS)

    def _wake_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.hear("")

"""What a subscription is to its transport: a source of events that runs until it ends, into a sink."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Hashable
from typing import Any, Protocol


class Out(Protocol):
    """Where an operation's results go, each as the JSON of a GraphQL response."""

    def push(self, payload: bytes, *, last: bool = False) -> bool:
        """Send without waiting; False, and nothing is sent, where the reader is too far behind. The `last` is sent."""
        ...

    async def ready(self) -> None:
        """Wait until little of what was pushed is still to be sent."""
        ...


class Sink(Out, Protocol):
    """Where one follower's events go; its transport makes bytes of them."""

    alike: Hashable | None
    """Who has the same is told the same bytes; None: nobody else is."""

    presence: bool
    """Whether it wants to know who is there."""

    async def render(self, event: Any) -> bytes:
        """Return what is sent of an event; never raises."""
        ...


class Source(ABC):
    """A subscription, which its transport runs; for GraphQL it passes for a stream of events."""

    def __aiter__(self) -> AsyncIterator[Any]:
        """Refuse to be iterated."""
        raise TypeError(f"{type(self).__name__}.run tells of events.")

    @abstractmethod
    async def run(self, sink: Sink) -> None:
        """Tell a sink of what happens, until that ends or it is cancelled."""

"""The memory of an HTTP cache: responses by address, and which fetches are under way. No I/O."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from edge.eviction import S3Fifo
from edge.http_cache.policy import Headers
from edge.http_cache.stored import StoredResponse, Variants

_PRIVATE_MEMORY = 1024 * 1024
_PRIVATE_BYTES = 250  # what is remembered of an address takes, about


class Fetch:
    """One fetch that is under way; what it brings is not kept once it is `void`: its address was written to since."""

    __slots__ = ("done", "void")

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.void = False


class HttpCache:
    """Responses by address; `capacity` in bytes. Not for use from several threads."""

    def __init__(self, capacity: int) -> None:
        self._kept: S3Fifo[str, Variants] = S3Fifo(capacity)
        self._private: S3Fifo[str, bool] = S3Fifo(_PRIVATE_MEMORY)
        self._running: defaultdict[str, list[Fetch]] = defaultdict(list)

    @property
    def used(self) -> int:
        """Return how many bytes are in use, about."""
        return self._kept.used

    @property
    def largest(self) -> int:
        """Return how many bytes a body may have to be kept; with its headers it must fit too."""
        return self._kept.largest

    def __len__(self) -> int:
        return len(self._kept)

    def variants(self, key: str) -> Variants | None:
        """Return all that is kept of an address. The object changes whenever they do."""
        return self._kept.get(key)

    def find(self, key: str, request: Headers) -> StoredResponse | None:
        """Return the response kept of an address for a request with these headers, whatever its age."""
        variants = self._kept.get(key)
        return variants.find(request) if variants is not None else None

    def keep(self, key: str, response: StoredResponse, fetch: Fetch | None = None) -> bool:
        """Keep a response; False where the address was written to since `fetch` began, or where it is too large."""
        if fetch is not None and fetch.void:
            return False
        held = self._kept.peek(key)
        variants = (held or Variants()).with_(response)
        return self._kept.put(key, variants, variants.cost)

    def replace(self, key: str, old: StoredResponse, new: StoredResponse) -> None:
        """Keep a response in the place of another, if that is still kept: an address may have been written to since."""
        held = self._kept.peek(key)
        if held is not None and old in held.responses:
            self.keep(key, new)

    def drop(self, key: str, response: StoredResponse) -> None:
        """Forget one response."""
        held = self._kept.peek(key)
        if held is None or response not in held.responses:
            return
        variants = held.without(response)
        if variants.responses:
            self._kept.put(key, variants, variants.cost)
        else:
            self._kept.remove(key)

    def invalidate(self, key: str) -> None:
        """Forget an address: somebody has written to it. What is on its way from there is not kept either."""
        self._kept.remove(key)
        for fetch in self._running.get(key, ()):
            fetch.void = True

    def private(self, key: str) -> bool:
        """Whether the last response of an address was not for sharing, so that nobody should wait for another's."""
        return self._private.get(key) is not None

    def learn(self, key: str, *, private: bool) -> None:
        """Remember whether an address is worth waiting for."""
        if private:
            self._private.put(key, True, len(key) + _PRIVATE_BYTES)
        else:
            self._private.remove(key)

    def running(self, key: str) -> Fetch | None:
        """Return a fetch of an address that is under way, whose end others may wait for."""
        return next((fetch for fetch in self._running.get(key, ()) if not fetch.void), None)

    def begin(self, key: str) -> Fetch:
        """Have a fetch of an address known as under way; it must be `ended`."""
        fetch = Fetch()
        self._running[key].append(fetch)
        return fetch

    def ended(self, key: str, fetch: Fetch) -> None:
        """Let go of whoever waits for a fetch; more than once does no harm."""
        if fetch.done.done():
            return
        fetch.done.set_result(None)
        self._running[key].remove(fetch)
        if not self._running[key]:
            del self._running[key]

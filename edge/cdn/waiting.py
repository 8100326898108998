"""The keys that wait to be purged from one cache, a first and a second time; pure.

Times are seconds of one clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice

from edge.tags import EVERYTHING, short

EVERY = short(EVERYTHING)
"""The key that every answer has."""

_SLOTS = 32  # in which second purges are gathered: each is late by at most a part of `transit` as small as this


class Waiting:
    """What is still to be purged. Where it is more than `most`, it is the key of everything alone.

    A key waits at once, and again from `transit` seconds after it came: by then an answer that was made before it came
    has arrived at the cache. A key that is changed all the time is therefore named all the time, not put off.
    """

    def __init__(self, most: int, transit: float) -> None:
        self._most = most
        self._transit = transit
        self._now: dict[str, None] = {}
        self._later: deque[tuple[float, dict[str, None]]] = deque()  # (when they are due, keys), the earliest first

    def __len__(self) -> int:
        return len(self._now)

    def add(self, keys: Iterable[str], now: float) -> None:
        """Take keys of which answers have changed."""
        came = dict.fromkeys(keys)
        if not came:
            return
        if not self._later or self._later[-1][0] < now + self._transit:
            self._later.append((now + self._transit * (1 + 1 / _SLOTS), {}))
        for waiting in (self._now, self._later[-1][1]):
            waiting.update(came)
            self._bound(waiting)

    def take(self, most: int, now: float) -> list[str]:
        """Return what the next request should name, at most so many; they wait no longer. Nothing: none waits.

        EVERY comes alone.
        """
        while self._later and self._later[0][0] <= now:
            self.put_back(self._later.popleft()[1])
        taken = list(islice(self._now, most))
        for key in taken:
            del self._now[key]
        return taken

    def put_back(self, keys: Iterable[str]) -> None:
        """Have keys wait again, before all others: they were not purged after all."""
        self._now = {**dict.fromkeys(keys), **self._now}
        self._bound(self._now)

    def pause(self, now: float) -> float | None:
        """Return for how many seconds there is nothing to do unless news come; None: for ever."""
        if self._now:
            return 0.0
        return max(0.0, self._later[0][0] - now) if self._later else None

    def _bound(self, keys: dict[str, None]) -> None:
        if len(keys) > self._most or EVERY in keys:
            keys.clear()
            keys[EVERY] = None

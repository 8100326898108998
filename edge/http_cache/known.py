"""A request head that memory can answer, for the fast way (`edge/fast.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from edge.http_cache.answers import answer, shown
from edge.http_cache.cache import HttpCache
from edge.http_cache.policy import Asked, Headers, Verdict
from edge.http_cache.stored import Variants
from edge.metrics import HTTP_REQUESTS

_WITHOUT_BODY = frozenset({204, 304})
_HITS = HTTP_REQUESTS.labels("hit")


class KnownHead:
    """What one request head asks for; the head of its answer is made anew every second.

    It holds no response, only its place, so that what was evicted is freed. `clock` gives Unix seconds.
    """

    price: ClassVar[int] = 0  # there is nobody to pay
    payer: ClassVar[None] = None
    __slots__ = ("_asked", "_cache", "_clock", "_head", "_headers", "_key", "_number", "_part", "_place", "_until")

    def __init__(self, cache: HttpCache, clock: Callable[[], float], key: str, headers: Headers) -> None:
        self._cache = cache
        self._clock = clock
        self._key = key
        self._headers = headers
        self._asked = Asked.of(headers)
        self._number = -1
        self._place = 0
        self._part: slice | None = None
        self._until = 0.0
        self._head = b""

    def reply(self) -> tuple[bytes, bytes] | None:
        """Return the answer from memory as head and body; None where the ordinary way must decide."""
        variants = self._cache.variants(self._key)
        if variants is None:
            return None
        now = self._clock()
        if (now >= self._until or variants.number != self._number) and not self._prepare(variants, now):
            return None
        _HITS.inc()
        body = variants.responses[self._place].body
        return self._head, body if self._part is None else body[self._part]

    def _prepare(self, variants: Variants, now: float) -> bool:
        """Make the head for the second that begins; False where no fresh response is held."""
        kept = variants.find(self._headers)
        if kept is None or kept.rules.verdict(kept.age(now), self._asked) is not Verdict.FRESH:
            return False
        given = answer(kept, self._headers, now)
        lines = [f"HTTP/1.1 {given.status} {given.reason}"]
        lines += [f"{name}: {value}" for name, value in shown(kept, given.headers, now, "hit").items()]
        if given.status not in _WITHOUT_BODY:
            lines.append(f"Content-Length: {len(given.body)}")
        self._head = "\r\n".join([*lines, "", ""]).encode("utf-8", "ignore")
        self._part = given.part
        self._number, self._place = variants.number, variants.responses.index(kept)
        self._until = now + 1 - kept.age(now) % 1
        return True

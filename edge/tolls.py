"""What addresses pay at the edge: a hit its size, all else what its answer has cost the origin.

The budgets are those that the API charges too (`edge/leases.py`). Who is at which address, and what it may spend, is
told by functions that are handed in. What is passed on the API charges itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from edge.fields import combined
from edge.leases import Leases, Verdict, rate_headers
from edge.metrics import LIMITED
from edge.proxy import failure

_BYTES: Final = 1024  # of a hit that cost one more
_KEY_END: Final = b'":'
_MOST_CALLERS: Final = 4096


class Payer(NamedTuple):
    """Whose budget pays: its subject, and what it holds a minute."""

    subject: str
    amount: int


class Callers(NamedTuple):
    """Knows who calls.

    `address` returns a client's address from the other end of the connection and `X-Forwarded-For`, `proxy` whether an
    address is one whose word is taken on that, `payer` who pays for an address (subject, cost a minute).
    """

    address: Callable[[str, str], str]
    proxy: Callable[[str], bool]
    payer: Callable[[str], tuple[str, int]]


NOBODY_KNOWN: Final = Callers(lambda peer, _: peer, lambda _: False, lambda address: (f"address:{address}", 0))
"""Takes nobody's word."""


def hit_price(size: int) -> int:
    """Return what an answer from memory costs, by the bytes of its body before it was encoded."""
    return 1 + size // _BYTES


def answer_price(body: bytes) -> int:
    """Return what an answer of the origin costs: its fields."""
    return max(1, body.count(_KEY_END) - 1)


class Toll:
    """What one request has paid, of which something may be given back while its minute lasts.

    `requested` is what it was charged, `actual` what of that is not given back.
    """

    __slots__ = ("_ends", "_leases", "_subject", "actual", "requested", "verdict")

    def __init__(self, leases: Leases, subject: str, verdict: Verdict, requested: int, now: float) -> None:
        self._leases = leases
        self._subject = subject
        self._ends = now + verdict.reset
        self.verdict = verdict
        self.requested = self.actual = requested

    def settle(self, actual: int) -> None:
        """Give back what was charged too much."""
        self.actual = min(actual, self.requested)
        now, back = time.monotonic(), self.requested - self.actual
        if back and now < self._ends:  # later it would be spent in a window that it was not taken from
            self._leases.give_back(self._subject, back, now)
            remaining = self.verdict.remaining + back
            self.verdict = self.verdict._replace(remaining=remaining, reset=self._ends - now)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that tell of the budget."""
        return rate_headers(self.verdict)


async def charge(leases: Leases, payer: Payer, cost: int) -> Toll:
    """Spend from a budget; raises SpentError where too little is left."""
    now = time.monotonic()
    verdict = leases.spend(*payer, cost, now)
    if verdict is None:
        verdict = await leases.obtain(*payer, cost)
        now = time.monotonic()
    if not verdict.allowed:
        raise SpentError(verdict)
    return Toll(leases, payer.subject, verdict, cost, now)


def spent(verdict: Verdict) -> str:
    """Say to a client that a budget is spent."""
    return f"The budget of {verdict.limit} a minute is spent; try again in {rate_headers(verdict)['Retry-After']} s."


class SpentError(Exception):
    """A budget has too little left."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(spent(verdict))
        self.verdict = verdict


class Tolls:
    """Charges requests to addresses. `guards` are the headers that every answer has."""

    def __init__(self, leases: Leases, callers: Callers, guards: Mapping[str, str]) -> None:
        self._leases = leases
        self._guards = guards
        self.proxy = callers.proxy

        @lru_cache(maxsize=_MOST_CALLERS)
        def payer(peer: str, forwarded: str) -> Payer:
            return Payer(*callers.payer(callers.address(peer, forwarded)))

        self.payer: Callable[[str, str], Payer] = payer

    def spend(self, payer: Payer, cost: int) -> Verdict | None:
        """Spend from what is held; None where it must be asked for."""
        return self._leases.spend(payer.subject, payer.amount, cost, time.monotonic())

    def give_back(self, payer: Payer, cost: int) -> None:
        """Have what was just spent be there again."""
        self._leases.give_back(payer.subject, cost, time.monotonic())

    async def pay(self, request: web.Request, cost: int, payer: Payer | None = None) -> Toll:
        """Have whoever sends a request pay for it, unless that is known, at its address; raises SpentError."""
        payer = payer or self.payer(request.remote or "", combined(request.headers, "X-Forwarded-For"))
        return await charge(self._leases, payer, cost)

    def refusal(self, verdict: Verdict) -> tuple[bytes, bytes]:
        """Return the answer to who has spent their budget, as head and body."""
        response = refusal(verdict)
        body = response.body if isinstance(response.body, bytes) else b""
        named = {"Content-Length": str(len(body)), "Date": rfc822_formatted_time(), **self._guards}
        lines = [f"{name}: {value}\r\n" for name, value in {**response.headers, **named}.items()]
        return f"HTTP/1.1 429 Too Many Requests\r\n{''.join(lines)}\r\n".encode(), body


def refusal(verdict: Verdict) -> web.Response:
    """Return the answer to who has spent their budget."""
    LIMITED.inc()
    response = failure(429, spent(verdict), "RATE_LIMITED")
    response.headers.update(rate_headers(verdict))
    return response


def with_budget(head: bytes, verdict: Verdict) -> bytes:
    """Return an answer's head with the headers that tell of a budget with something left, as `rate_headers` has them.

    Once a hit, so it is made at once.
    """
    limit, remaining, reset = verdict[1:]
    return b'%b%bRateLimit: "minute";r=%d;t=%d\r\n\r\n' % (
        head[:-2],
        _policy(limit),
        max(0, remaining),
        ceil(reset) or 1,
    )


@lru_cache(maxsize=16)
def _policy(limit: int) -> bytes:
    """Return the line that says what a budget holds."""
    policy = rate_headers(Verdict(allowed=True, limit=limit, remaining=0, reset=0))["RateLimit-Policy"]
    return f"RateLimit-Policy: {policy}\r\n".encode()

"""A response that is kept: how old it is, which requests it answers, how a 304 renews it; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from multidict import CIMultiDict

from edge import fields
from edge.http import HOP_BY_HOP
from edge.http_cache.policy import Headers, Policy, policy

NOT_KEPT = HOP_BY_HOP | {"proxy-authentication-info", "age", "cache-status", "set-cookie"}
"""Headers that belong to one connection or one client, or that are made anew.

A cookie may be kept by the letter of RFC 9111 §7.3, but would hand one client's session to all others.
"""

MOST_VARIANTS = 64
"""How many responses are kept of one address."""

_OVERHEAD = 1500  # bytes that a response takes beside its body and headers
_PER_HEADER = 150
_LIST_SPACE = re.compile(r"[ \t]*,[ \t]*")
_CASELESS = frozenset({"accept", "accept-encoding", "accept-language", "accept-charset"})

_numbers = count()

Selector = tuple[tuple[str, str | None], ...]
"""What a response was selected by: header names in lower case with the values that the request had, normalised."""


@dataclass(slots=True, eq=False)
class StoredResponse:
    """One response to a GET.

    `asked_at` and `got_at` are Unix seconds. `authorized`: the request had credentials, so that only some may be kept.
    """

    status: int
    reason: str
    headers: CIMultiDict[str]
    body: bytes
    rules: Policy
    selector: Selector
    asked_at: float
    got_at: float
    authorized: bool = False

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""
        text = sum(len(name) + len(value) + _PER_HEADER for name, value in self.headers.items())
        return len(self.body) + text + _OVERHEAD

    def age(self, now: float) -> float:
        """Return its age in seconds (RFC 9111 §4.2.3)."""
        return initial_age(self.headers, self.asked_at, self.got_at) + max(0.0, now - self.got_at)

    def ttl(self, now: float) -> int:
        """Return for how many seconds more it is fresh; negative where it is not."""
        return self.rules.lifetime - int(self.age(now))

    def validators(self) -> dict[str, str]:
        """Return the headers by which the origin can say that it is still good; none where it has none."""
        wanted = {"If-None-Match": self.headers.get("ETag"), "If-Modified-Since": self.headers.get("Last-Modified")}
        return {name: value for name, value in wanted.items() if value is not None}

    def renewed(self, said: StoredResponse) -> StoredResponse:
        """Return it with what a 304, or the answer to a HEAD, says anew (RFC 9111 §3.2)."""
        fresh = kept_headers(said.headers, frozenset({"content-length"}))
        headers = CIMultiDict(self.headers)
        for name in {"age", *(name.lower() for name in fresh)}:
            headers.popall(name, None)
        headers.extend(fresh)
        authorized = self.authorized or said.authorized
        rules = policy(self.status, headers, authorized=authorized, now=said.got_at)
        return replace(
            self,
            headers=headers,
            rules=rules,
            asked_at=said.asked_at,
            got_at=said.got_at,
            authorized=authorized,
        )

    def kept(self) -> StoredResponse:
        """Return it without what is only for the client that asked first."""
        return replace(self, headers=kept_headers(self.headers, self.rules.without))

    def described_by(self, head: StoredResponse) -> bool:
        """Whether the answer to a HEAD is about this response."""
        names = ("ETag", "Last-Modified", "Content-Length")
        return all(head.headers.get(name, self.headers.get(name)) == self.headers.get(name) for name in names)


def kept_headers(headers: Headers, also_not: frozenset[str] = frozenset()) -> CIMultiDict[str]:
    """Return the headers of a response that are kept; `Age` too, since it is where counting starts."""
    named = {name.lower() for name in fields.items(headers.getall("Connection", ()))}
    stopped = (NOT_KEPT | named | also_not) - {"age"}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in stopped)


def initial_age(headers: Headers, asked_at: float, got_at: float) -> float:
    """Return the age that a response had when it arrived (RFC 9111 §4.2.3)."""
    made = fields.date(headers.getall("Date", ()), got_at)
    apparent = max(0.0, int(got_at) - made) if made is not None else 0.0
    return max(apparent, fields.age(headers.getall("Age", ())) + (got_at - asked_at))


def selector(vary: Iterable[str], request: Headers) -> Selector:
    """Return what a request has for the headers that `Vary` names (RFC 9111 §4.1)."""
    names = sorted({name.lower() for name in fields.items(vary)})
    return tuple((name, _normalised(name, request.getall(name, ()))) for name in names)


def _normalised(name: str, values: Iterable[str]) -> str | None:
    """Spell a header in one way: lines joined, no space around commas, lists that ignore case in lower case."""
    lines = list(values)
    if not lines:
        return None
    joined = _LIST_SPACE.sub(",", ",".join(lines).strip(" \t"))
    return joined.lower() if name in _CASELESS else joined


def selects(kept: StoredResponse, request: Headers) -> bool:
    """Whether a kept response answers a request with these headers."""
    return all(_normalised(name, request.getall(name, ())) == value for name, value in kept.selector)


class Variants:
    """The responses kept of one address, the newest first. `number` tells them from what was kept before or after.

    `names` are the request headers by which they were selected.
    """

    __slots__ = ("names", "number", "responses")

    def __init__(self, responses: tuple[StoredResponse, ...] = ()) -> None:
        self.responses = responses
        self.number = next(_numbers)
        self.names = tuple(sorted({name for kept in responses for name, _ in kept.selector}))

    @property
    def cost(self) -> int:
        """About how many bytes of memory they take."""
        return sum(response.cost for response in self.responses)

    def find(self, request: Headers) -> StoredResponse | None:
        """Return the newest response that answers a request (RFC 9111 §4.1)."""
        return next((kept for kept in self.responses if selects(kept, request)), None)

    def with_(self, response: StoredResponse) -> Variants:
        """Return them with one more, in the place of what the same requests were answered with."""
        others = (kept for kept in self.responses if kept.selector != response.selector)
        return Variants((response, *others)[:MOST_VARIANTS])

    def without(self, response: StoredResponse) -> Variants:
        """Return them without one."""
        return Variants(tuple(kept for kept in self.responses if kept is not response))

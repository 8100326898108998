"""What a shared cache may keep, for how long, and what it may do once that is over; pure (RFC 9111, 5861, 9213)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, Self

from multidict import CIMultiDict, CIMultiDictProxy

from edge import fields
from edge.fields import LONGEST, seconds

Headers = CIMultiDict[str] | CIMultiDictProxy[str]

HEURISTIC_SHARE, LONGEST_HEURISTIC = 0.1, 86_400
"""Of the time since a response was last modified, how much it is taken to be fresh, and the bound (s)."""

COVER_SECONDS = 60
"""How long a stale response may stand in for an origin that fails, where it does not say itself (RFC 9111 §4.2.4)."""

_HEURISTIC = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})  # RFC 9110 §15.1
_UNDERSTOOD = _HEURISTIC | {302, 303, 307}
_EXPLICIT = ("max-age", "s-maxage", "public", "no-cache", "must-revalidate")
_AGED = ("stale-while-revalidate", "stale-if-error")
_NEVER = frozenset({206, 304})  # parts of something: kept by no rule of ours


class Verdict(Enum):
    """What may be done with a kept response now."""

    FRESH = "fresh"
    REVALIDATE = "revalidate"  # it is served, and asked for anew meanwhile
    STALE = "stale"  # the origin must be asked; the response may cover for its failure
    OVER = "over"  # the origin must be asked


class Asked(NamedTuple):
    """What a request's `Cache-Control` wants (RFC 9111 §5.2.1); times in seconds."""

    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    max_age: int | None = None
    max_stale: int | None = None
    min_fresh: int = 0

    @classmethod
    def of(cls, headers: Headers) -> Self:
        """Read a request's headers."""
        found = fields.directives(headers.getall("Cache-Control", ()))
        stale = found.get("max-stale", "")
        return cls(
            no_cache="no-cache" in found,
            no_store="no-store" in found,
            only_if_cached="only-if-cached" in found,
            max_age=seconds(found.get("max-age")),
            max_stale=LONGEST if stale is None else seconds(stale),
            min_fresh=seconds(found.get("min-fresh")) or 0,
        )


class Policy(NamedTuple):
    """What a response allows; times in seconds.

    `keep` says whether it may be kept at all; `lifetime` is how long it is fresh; `validate` that it is never served
    without asking; `strict` that it is never served stale. `without` are the headers that are not kept.
    """

    keep: bool
    lifetime: int = 0
    validate: bool = False
    strict: bool = False
    while_revalidating: int = 0
    if_error: int = COVER_SECONDS
    without: frozenset[str] = frozenset()

    def verdict(self, age: float, asked: Asked) -> Verdict:
        """Say what may be done with a kept response of this age for this request."""
        if self.validate or asked.no_cache or asked.no_store:
            return Verdict.OVER
        over = age - self.lifetime
        too_old = asked.max_age is not None and (age > asked.max_age or asked.max_age == 0)  # 0: however new
        if not too_old and over < -asked.min_fresh:
            return Verdict.FRESH
        if self.strict:
            return Verdict.OVER
        if not too_old and asked.max_stale is not None and over < asked.max_stale:
            return Verdict.FRESH
        if not too_old and not asked.min_fresh and over < self.while_revalidating:
            return Verdict.REVALIDATE
        return Verdict.STALE if over < self.if_error else Verdict.OVER


def policy(status: int, headers: Headers, *, authorized: bool, now: float) -> Policy:
    """Decide what a response to a GET allows a shared cache. `authorized`: the request had credentials."""
    given = fields.targeted(headers.getall("CDN-Cache-Control", ()))
    plain = fields.directives(headers.getall("Cache-Control", ())) if given is None else given
    lifetime = _lifetime(status, headers, plain, aimed=given is not None, now=now)
    explicit = not plain.keys().isdisjoint(_EXPLICIT) or (given is None and "Expires" in headers)
    useful = lifetime > 0 or not plain.keys().isdisjoint(_AGED) or "ETag" in headers or "Last-Modified" in headers
    return Policy(
        keep=(explicit or status in _HEURISTIC) and useful and _may_keep(status, headers, plain, authorized=authorized),
        lifetime=lifetime,
        validate="no-cache" in plain and plain["no-cache"] is None,
        strict=not plain.keys().isdisjoint(("must-revalidate", "proxy-revalidate", "s-maxage")),
        while_revalidating=seconds(plain.get("stale-while-revalidate")) or 0,
        if_error=COVER_SECONDS if "stale-if-error" not in plain else seconds(plain["stale-if-error"]) or 0,
        without=frozenset(_named(plain, "no-cache") | _named(plain, "private")),
    )


def _may_keep(status: int, headers: Headers, plain: Mapping[str, str | None], *, authorized: bool) -> bool:
    """Whether nothing forbids keeping a response (RFC 9111 §3, §3.5, §5.2.2)."""
    if status in _NEVER or status < 200 or "*" in fields.items(headers.getall("Vary", ())):  # noqa: PLR2004 - interim
        return False
    if "must-understand" in plain:
        if status not in _UNDERSTOOD:
            return False
    elif "no-store" in plain:
        return False
    if "private" in plain and plain["private"] is None:
        return False
    return not authorized or not plain.keys().isdisjoint(("public", "must-revalidate", "s-maxage"))


def _lifetime(status: int, headers: Headers, plain: Mapping[str, str | None], *, aimed: bool, now: float) -> int:
    """Return for how long a response is fresh, in seconds (RFC 9111 §4.2.1)."""
    for name in ("s-maxage", "max-age"):
        if name in plain:
            return seconds(plain[name]) or 0
    made = fields.date(headers.getall("Date", ()), now)
    if "Expires" in headers and not aimed:
        expires = fields.date(headers.getall("Expires"), now)
        return 0 if expires is None else min(max(0, int(expires - (now if made is None else made))), LONGEST)
    modified = fields.date(headers.getall("Last-Modified", ()), now)
    if modified is not None and (status in _HEURISTIC or "public" in plain):
        since = (now if made is None else made) - modified
        return min(max(0, int(since * HEURISTIC_SHARE)), LONGEST_HEURISTIC)
    return 0


def _named(plain: Mapping[str, str | None], directive: str) -> set[str]:
    """Return the headers that a directive names, in lower case."""
    return {name.lower() for name in fields.items([plain.get(directive) or ""])}

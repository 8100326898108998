"""Pieces of HTTP that the edge needs: which headers travel, cache directives, entity tags; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy

from edge import fields

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are for one connection only (RFC 9110 §7.6.1)."""

FOR_THE_EDGE = frozenset(
    {
        "surrogate-key",
        "surrogate-control",
        "cache-tag",
        "xkey",
        "edge-ranges",
        "edge-plan",
        "edge-as-of-read",
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
    }
)
"""Headers of the origin that do not reach clients."""

JSON, GRAPHQL_JSON = "application/json", "application/graphql-response+json"
_MEDIA_TYPES = {JSON: JSON, GRAPHQL_JSON: GRAPHQL_JSON, "application/*": JSON, "*/*": JSON}
_LIFETIME = re.compile(r"(?<![^\s,])(max-age|stale-while-revalidate|stale-if-error)=(\d{1,9})(?![^\s,])")
_WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def travelling(headers: CIMultiDictProxy[str] | CIMultiDict[str], also_not: Iterable[str] = ()) -> CIMultiDict[str]:
    """Return the headers that a proxy passes on: neither hop-by-hop ones nor those that `Connection` names."""
    named = {name.lower() for name in fields.items(headers.getall("Connection", ()))}
    stopped = HOP_BY_HOP | named | {name.lower() for name in also_not}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in stopped)


class Lifetimes(NamedTuple):
    """For how many seconds a shared cache may serve an answer: fresh, and then aged (RFC 5861)."""

    max_age: int = 0
    stale_while_revalidate: int = 0
    stale_if_error: int = 0


def lifetimes(headers: Mapping[str, str]) -> Lifetimes:
    """Return the lifetimes that an origin gives: `CDN-Cache-Control` (RFC 9213) decides alone."""
    directives = headers.get("CDN-Cache-Control", "").lower()
    if "no-store" in directives or "private" in directives:
        return Lifetimes()
    found = {name: int(seconds) for name, seconds in _LIFETIME.findall(directives)}
    return Lifetimes(**{name: found.get(name.replace("_", "-"), 0) for name in Lifetimes._fields})


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a client's `If-None-Match` names this entity tag (weak comparison, RFC 9110 §13.1.2)."""
    if if_none_match.strip() == "*":
        return True
    return any(candidate.removeprefix("W/") == etag for candidate in fields.items([if_none_match]))


@lru_cache(maxsize=1024)
def media_type(accept: str) -> str | None:
    """Return in which media type a client takes a stored answer, by `Accept`; None where it wants something else."""
    if not accept.strip():
        return JSON
    ranked: list[tuple[float, int, int, str]] = []
    for place, item in enumerate(accept.lower().split(",")):
        name, *parameters = (part.strip() for part in item.split(";"))
        quality = next((weight(given) for given in parameters if given.startswith("q=")), 1.0)
        if name in _MEDIA_TYPES and quality > 0:
            ranked.append((quality, -name.count("*"), -place, _MEDIA_TYPES[name]))
    return max(ranked)[3] if ranked else None


def weight(parameter: str) -> float:
    """Return the weight in `q=0.5` (RFC 9110 §12.4.2), 0 for what is malformed."""
    found = _WEIGHT.fullmatch(parameter)
    return float(found.group(1)) if found else 0.0

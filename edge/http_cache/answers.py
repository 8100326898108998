"""What a client gets of a kept response: all of it, a part, or word that it has it already; pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from multidict import CIMultiDict

from edge import fields
from edge.http_cache.policy import Headers
from edge.http_cache.stored import StoredResponse

_IN_304 = frozenset(
    {"cache-control", "cdn-cache-control", "content-location", "date", "etag", "expires", "last-modified", "vary"}
)
_MADE_ANEW = frozenset({"age", "content-length"})
_NONE = slice(0, 0)
_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE)


class Answer(NamedTuple):
    """A response without what `shown` adds. `part` is what it has of the kept body; None: all of it."""

    status: int
    reason: str
    headers: CIMultiDict[str]
    body: bytes
    part: slice | None = None


def answer(kept: StoredResponse, request: Headers, now: float) -> Answer:
    """Answer a GET from a kept response, with regard to its conditions and range (RFC 9110 §13.2.2, §14.2)."""
    if kept.status == 200 and unchanged(kept, request, now):  # noqa: PLR2004 - others have no representation to compare
        headers = CIMultiDict((name, value) for name, value in kept.headers.items() if name.lower() in _IN_304)
        return Answer(304, "Not Modified", headers, b"", _NONE)
    headers = CIMultiDict(item for item in kept.headers.items() if item[0].lower() not in _MADE_ANEW)
    if kept.status == 200 and "Range" in request and _range_applies(kept, request, now):  # noqa: PLR2004
        part = byte_range(request.getall("Range"), len(kept.body))
        if part is not None:
            return _part(kept, headers, part)
    return Answer(kept.status, kept.reason, headers, kept.body)


def shown(kept: StoredResponse, headers: CIMultiDict[str], now: float, status: str) -> CIMultiDict[str]:
    """Return an answer's headers with `Age` and `Cache-Status`; `status` is what the latter says after our name."""
    complete = CIMultiDict(headers)
    complete["Age"] = str(int(kept.age(now)))
    complete["Cache-Status"] = f"edge; {status}"
    if status == "hit":
        complete["Cache-Status"] += f"; ttl={kept.ttl(now)}"
    return complete


def unchanged(kept: StoredResponse, request: Headers, now: float) -> bool:
    """Whether a client has this response already; `If-None-Match` decides alone where it is given."""
    if "If-None-Match" in request:
        tag = kept.headers.get("ETag")
        given = fields.items(request.getall("If-None-Match"))
        return "*" in given or (tag is not None and _opaque(tag) in map(_opaque, given))
    since = fields.date(request.getall("If-Modified-Since", ()), now)
    dated = "Last-Modified" if "Last-Modified" in kept.headers else "Date"  # RFC 9111 §4.3.2
    modified = fields.date(kept.headers.getall(dated, ()), now)
    return since is not None and modified is not None and modified <= since


def byte_range(values: list[str], length: int) -> tuple[int, int] | None:
    """Return the first and the last byte of one range; None for several, or for what is malformed.

    The last is before the first where no byte is asked for that exists.
    """
    match = _RANGE.fullmatch(values[0].strip()) if len(values) == 1 else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(0, length - int(match[2])), length - 1 if int(match[2]) else -1
    first = int(match[1])
    if match[2] and int(match[2]) < first:
        return None
    return first, min(int(match[2] or length), length - 1)


def _part(kept: StoredResponse, headers: CIMultiDict[str], part: tuple[int, int]) -> Answer:
    first, last = part
    if first > last:
        headers["Content-Range"] = f"bytes */{len(kept.body)}"
        return Answer(416, "Range Not Satisfiable", headers, b"", _NONE)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(kept.body)}"
    taken = slice(first, last + 1)
    return Answer(206, "Partial Content", headers, kept.body[taken], taken)


def _range_applies(kept: StoredResponse, request: Headers, now: float) -> bool:
    """Whether the client's part is one of this very response (RFC 9110 §13.1.5)."""
    condition = request.get("If-Range")
    if condition is None:
        return True
    tag = kept.headers.get("ETag")
    if '"' in condition:
        return condition == tag and not condition.startswith("W/")
    modified = fields.date(kept.headers.getall("Last-Modified", ()), now)
    return modified is not None and modified == fields.date([condition], now)


def _opaque(tag: str) -> str:
    """Return what weak comparison compares (RFC 9110 §8.8.3.2); quotes that somebody forgot are none."""
    return tag.removeprefix("W/").strip('"')

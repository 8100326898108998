"""What the edge tells clients of a stored answer; pure but for aiohttp's response objects."""

from __future__ import annotations

import time
from email.utils import formatdate

from aiohttp import web

from edge import codings
from edge.http import GRAPHQL_JSON, JSON, matches, media_type
from edge.store import Stored


def variant(answer: Stored, accept: str, accept_encoding: str) -> tuple[str, str, str]:
    """Return how a client takes an answer: (media type, content coding, entity tag)."""
    content_type = media_type(accept) or JSON
    coding = codings.choose(accept_encoding, answer.bodies)
    return content_type, coding, f'"{answer.etag}-{"g" if content_type == GRAPHQL_JSON else "j"}{coding[0]}"'


def headers(answer: Stored, accept: str, accept_encoding: str, if_none_match: str) -> tuple[int, dict[str, str], bytes]:
    """Return (status, headers, body): 304 where the client has the body, else 200 in a coding that it accepts.

    `Age` and `Cache-Status` change with time and are not among them.
    """
    content_type, coding, etag = variant(answer, accept, accept_encoding)
    common = {"Cache-Control": "no-cache", "ETag": etag, "Vary": "Accept, Accept-Encoding"}
    if answer.plan.audience:  # whoever is before us gives it to nobody else
        common |= {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding, Authorization, Origin"}
    if matches(if_none_match, etag):
        return 304, common, b""
    common["Content-Type"] = f"{content_type}; charset=utf-8"
    if coding != "identity":
        common["Content-Encoding"] = coding
    return 200, common, answer.bodies[coding]


def response(request: web.Request, answer: Stored, cache_status: str, now: float) -> web.Response:
    """Make the response to a request from a stored answer."""
    asked = request.headers
    status, fixed, body = headers(
        answer, asked.get("Accept", ""), asked.get("Accept-Encoding", ""), asked.get("If-None-Match", "")
    )
    fixed |= {"Age": str(answer.age_at(now)), "Cache-Status": cache_status}
    return web.Response(status=status, headers=fixed, body=body or None)


def http_date() -> str:
    """Return the present as an HTTP date (RFC 9110 §5.6.7)."""
    return formatdate(time.time(), usegmt=True)

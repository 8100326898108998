"""Asking an origin over HTTP, for a cache: what is sent, and what has begun to come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from email.utils import formatdate
from typing import NamedTuple

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

from edge.http import FOR_THE_EDGE, travelling
from edge.http_cache.interim import passing_on
from edge.http_cache.policy import Policy, policy
from edge.http_cache.stored import StoredResponse, selector
from edge.proxy import SENT_AS_HEADER, onward, reaching

# By these a client could have the origin answer something else under the same address.
_NOT_FORWARDED = ("X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override")

FOR_US = FOR_THE_EDGE - {"cdn-cache-control"}
"""Response headers that do not reach clients; a cache after us may have use for lifetimes."""

_CONDITIONS = ("If-None-Match", "If-Modified-Since", "If-Range", "Range")
_VIA = "1.1 edge"


class Begun(NamedTuple):
    """A response that has begun: the connection's, and the same as it would be kept, still without its body."""

    connection: aiohttp.ClientResponse
    whole: StoredResponse

    @property
    def status(self) -> int:
        """Return the status."""
        return self.whole.status


class Upstream:
    """One origin, given by its base URL without a path. `clock` gives Unix seconds."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, clock: Callable[[], float]) -> None:
        self._session = session
        self._origin = origin
        self._clock = clock

    @asynccontextmanager
    async def ask(
        self, request: web.Request, held: StoredResponse | None = None, *, waiting: bool = True
    ) -> AsyncIterator[Begun]:
        """Ask what a client asks, on the condition that what is held is no longer good; raises OriginError.

        `waiting`: the client waits for the answer, and gets interim responses meanwhile.
        """
        headers = onward(request, _NOT_FORWARDED)
        validators = held.validators() if held is not None else {}
        if validators:
            for name in _CONDITIONS:
                headers.popall(name, None)
            headers.update(validators)
        headers.add("Via", _VIA)
        asked_at = self._clock()
        with reaching(self._origin), passing_on(request) if waiting else nullcontext():
            response = await self._session.request(
                request.method,
                URL(self._origin + request.raw_path, encoded=True),
                headers=headers,
                skip_auto_headers=SENT_AS_HEADER,
                allow_redirects=False,
            )
        async with response:
            yield Begun(response, _whole(request, response, asked_at, self._clock()))

    async def read(self, begun: Begun, largest: int) -> bool:
        """Read the body into the response, and say whether that is all of it: no more than `largest` bytes are read.

        Raises OriginError where it ends too early.
        """
        if (begun.connection.content_length or 0) > largest:
            return False
        body = bytearray()
        complete = True
        with reaching(self._origin):
            async for chunk in begun.connection.content.iter_any():
                body += chunk
                if len(body) > largest:
                    complete = False
                    break
        begun.whole.body = bytes(body)
        return complete


def _whole(request: web.Request, response: aiohttp.ClientResponse, asked_at: float, got_at: float) -> StoredResponse:
    headers = travelling(response.headers, FOR_US)
    headers.setdefault("Date", formatdate(got_at, usegmt=True))
    authorized = "Authorization" in request.headers
    rules = Policy(keep=False)
    if request.method == hdrs.METH_GET:
        rules = policy(response.status, headers, authorized=authorized, now=got_at)
    chosen = selector(headers.getall("Vary", ()), request.headers)
    reason = response.reason or ""
    return StoredResponse(response.status, reason, headers, b"", rules, chosen, asked_at, got_at, authorized)

"""Between clients and one origin: what may be answered from memory is, all else is asked for and perhaps kept."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import hdrs, web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict

from edge.eviction import S3Fifo
from edge.fast import ENTRY_BYTES, MEMORY, Reply, remember
from edge.http_cache.answers import answer, shown
from edge.http_cache.cache import Fetch, HttpCache
from edge.http_cache.known import KnownHead
from edge.http_cache.policy import Asked, Headers, Verdict
from edge.http_cache.stored import StoredResponse
from edge.http_cache.upstream import Begun, Upstream
from edge.metrics import HTTP_REQUESTS
from edge.proxy import Listener, OriginError, Proxy, failure

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]+")  # RFC 3986 §3.2.2, with a port
_SPECIAL = ("Upgrade", "If-Match", "If-Unmodified-Since")  # no affair of caches
_DECIDING = ("Cache-Control", "If-None-Match", "If-Modified-Since", "Range", "If-Range")
_NOT_KEPT_HERE = "This is not kept here, and only-if-cached forbids to ask for it."


_NOT_GIVEN: web.ResponseKey[tuple[str, ...]] = web.ResponseKey("not given", tuple)


def _as_given(response: web.StreamResponse) -> None:
    """Note what aiohttp will add to a response whose origin did not say it."""
    response[_NOT_GIVEN] = tuple(name for name in ("Content-Type", "Server") if name not in response.headers)


async def leave_as_given(_: web.Request, response: web.StreamResponse) -> None:
    """Take away what aiohttp has added; for `on_response_prepare`."""
    for name in response.get(_NOT_GIVEN, ()):
        response.headers.pop(name, None)


class Question(NamedTuple):
    """A GET or HEAD: its key, what it wants of a cache, and what is held of it."""

    request: web.Request
    key: str
    asked: Asked
    held: StoredResponse | None
    verdict: Verdict

    @property
    def covered(self) -> bool:
        """Whether what is held may stand in for an origin that fails."""
        return self.held is not None and self.held.status < 500 and self.verdict is Verdict.STALE  # noqa: PLR2004


class Gateway:
    """An HTTP cache before one origin, given by its base URL without a path. `clock` gives Unix seconds."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        origin: str,
        proxy: Proxy,
        cache: HttpCache,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.cache = cache
        self.clock = clock or _steady()
        self._upstream = Upstream(session, origin, self.clock)
        self._proxy = proxy
        self._recognised: S3Fifo[Hashable, KnownHead] = S3Fifo(MEMORY)  # by all on which the answer depends
        self._background: set[asyncio.Task[None]] = set()  # asyncio itself keeps weak references only

    async def close(self) -> None:
        """End what runs in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def peek(self, message: RawRequestMessage) -> Reply | None:
        """Return what is known of a GET that has just been read; see `edge.fast`."""
        headers = message.headers
        host = headers.get(hdrs.HOST, "")
        if not _is_path(message.path) or not _HOST.fullmatch(host) or _is_special(headers):
            return None
        key = f"{host.lower()}{message.path}"
        variants = self.cache.variants(key)
        if variants is None:
            return None
        meaning = (key, variants.names, *(tuple(headers.getall(name, ())) for name in (*_DECIDING, *variants.names)))
        known = self._recognised.get(meaning)
        if known is None:
            known = KnownHead(self.cache, self.clock, key, headers)
            self._recognised.put(meaning, known, len(key) + ENTRY_BYTES)
        return known

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if not _is_path(request.raw_path):
            return failure(400, "The request's target must be a path, without a fragment.", "BAD_REQUEST")
        if not _HOST.fullmatch(request.host):
            return failure(400, "The request's Host is none.", "BAD_REQUEST")
        if request.method not in _SAFE:
            return await self._written(request)
        if request.method not in {"GET", "HEAD"} or _is_special(request.headers) or request.can_read_body:
            return await self._passed(request, "bypass")
        asked = Asked.of(request.headers)
        if asked.no_store:
            return await self._passed(request, "request")
        return await self._read(self._question(request, asked))

    def _question(self, request: web.Request, asked: Asked) -> Question:
        key = address(request)
        held = self.cache.find(key, request.headers)
        verdict = held.rules.verdict(held.age(self.clock()), asked) if held is not None else Verdict.OVER
        return Question(request, key, asked, held, verdict)

    async def _read(self, question: Question) -> web.StreamResponse:
        """Answer a GET or HEAD from memory, or from the origin."""
        if question.held is not None and question.verdict is Verdict.FRESH:
            remember(question.request, KnownHead(self.cache, self.clock, question.key, question.request.headers))
            return self._complete(question, question.held, "hit", "hit")
        if question.held is not None and question.verdict is Verdict.REVALIDATE:
            if self.cache.running(question.key) is None:
                self._later(self._refresh(question, question.held, self.cache.begin(question.key)))
            return self._complete(question, question.held, "hit", "stale")
        if question.asked.only_if_cached:
            return failure(504, _NOT_KEPT_HERE, "GATEWAY_TIMEOUT")
        if question.request.method == hdrs.METH_HEAD:
            return await self._head(question)
        return await self._joined(question) or await self._fetched(question)

    async def _joined(self, question: Question) -> web.StreamResponse | None:
        """Answer with what a fetch brings that is under way; None where there is none, or it brings nothing for us.

        One fetch is waited for, not one after another: what comes of it tells whether waiting is of use.
        """
        running = self.cache.running(question.key)
        if running is None or question.asked.no_cache or self.cache.private(question.key):
            return None
        await asyncio.shield(running.done)
        again = self._question(question.request, question.asked)
        if again.held is None or again.verdict is not Verdict.FRESH:
            return None
        return self._complete(question, again.held, f"fwd={self._why(question)}; collapsed", "hit")

    async def _fetched(self, question: Question) -> web.StreamResponse:
        """Ask the origin, and answer with what it says, or with what is held where it fails and that may be."""
        fetch = self.cache.begin(question.key)
        try:
            async with self._upstream.ask(question.request, question.held) as begun:
                if begun.status < 500 or not question.covered:  # noqa: PLR2004 - the origin's failures
                    return await self._answered(question, begun, fetch)
                status = begun.status
        except OriginError as error:
            if not question.covered:
                HTTP_REQUESTS.labels("error").inc()
                return error.response()
            status = error.status
        finally:
            self.cache.ended(question.key, fetch)
        if question.held is None:
            raise RuntimeError("What is not held covers for nothing.")
        return self._complete(question, question.held, f"fwd=stale; fwd-status={status}", "stale")

    async def _answered(self, question: Question, begun: Begun, fetch: Fetch) -> web.StreamResponse:
        """Answer with a response that has begun, and keep it where that is right."""
        held, why = question.held, f"fwd={self._why(question)}"
        if begun.status == 304 and held is not None and held.validators():  # noqa: PLR2004
            renewed = held.renewed(begun.whole)
            stored = self._keep(question.key, renewed, fetch)
            return self._complete(question, renewed, f"{why}; fwd-status=304{stored}", "renewed")
        if begun.status not in {206, 304}:  # these tell nothing of what others would get
            self.cache.learn(question.key, private=not begun.whole.rules.keep)
        if begun.whole.rules.keep and await self._upstream.read(begun, self.cache.largest):
            stored = self._keep(question.key, begun.whole.kept(), fetch)
            return self._complete(question, begun.whole, f"{why}; fwd-status={begun.status}{stored}", "miss")
        self.cache.ended(question.key, fetch)  # nobody waits for what will not be shared
        return await self._streamed(question, begun, why)

    async def _refresh(self, question: Question, held: StoredResponse, fetch: Fetch) -> None:
        """Ask anew for what is being served stale; it stays as long as it may where the origin fails."""
        try:
            async with self._upstream.ask(question.request, held, waiting=False) as begun:
                if begun.status == 304:  # noqa: PLR2004
                    self._keep(question.key, held.renewed(begun.whole), fetch)
                elif begun.whole.rules.keep and await self._upstream.read(begun, self.cache.largest):
                    self._keep(question.key, begun.whole.kept(), fetch)
                elif begun.status < 500:  # noqa: PLR2004
                    self.cache.drop(question.key, held)
        except OriginError:
            return
        finally:
            self.cache.ended(question.key, fetch)

    async def _head(self, question: Question) -> web.StreamResponse:
        """Pass a HEAD on, and learn from the answer whether what is held is still good (RFC 9111 §4.3.5)."""
        held = question.held
        try:
            async with self._upstream.ask(question.request) as begun:
                if held is not None and begun.status == held.status:
                    if held.described_by(begun.whole):
                        self.cache.replace(question.key, held, held.renewed(begun.whole))
                    else:
                        self.cache.drop(question.key, held)
                return await self._streamed(question, begun, "fwd=method")
        except OriginError as error:
            return error.response()

    async def _written(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on that may change something; what it has changed is forgotten before the client hears of it.

        That is its own address, and what the answer refers to on this site (RFC 9111 §4.4).
        """

        def forget(upstream: aiohttp.ClientResponse) -> None:
            if 200 <= upstream.status < 400:  # noqa: PLR2004 - it was done
                referred = (upstream.headers.get(name) for name in ("Location", "Content-Location"))
                for target in filter(None, (request.raw_path, *referred)):
                    if (key := _address_of(request, target)) is not None:
                        self.cache.invalidate(key)

        return await self._passed(request, "method", forget)

    async def _passed(self, request: web.Request, why: str, listener: Listener | None = None) -> web.StreamResponse:
        HTTP_REQUESTS.labels("pass").inc()
        return await self._proxy.forward(request, request.raw_path, cache_status=f"edge; fwd={why}", listener=listener)

    async def _streamed(self, question: Question, begun: Begun, why: str) -> web.StreamResponse:
        """Pass on a response that is not kept; of its body the beginning may have been read."""
        HTTP_REQUESTS.labels("pass").inc()
        headers = CIMultiDict(begun.whole.headers)
        headers.add("Cache-Status", f"edge; {why}; stored=?0")
        response = web.StreamResponse(status=begun.status, reason=begun.whole.reason, headers=headers)
        _as_given(response)
        await response.prepare(question.request)
        if begun.whole.body:
            await response.write(begun.whole.body)
        async for chunk in begun.connection.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response

    def _complete(self, question: Question, kept: StoredResponse, status: str, result: str) -> web.Response:
        """Make the response to a client from one that is complete."""
        HTTP_REQUESTS.labels(result).inc()
        now = self.clock()
        given = answer(kept, question.request.headers, now)
        headers = shown(kept, given.headers, now, status)
        body: bytes | None = given.body or None
        if question.request.method == hdrs.METH_HEAD:
            headers[hdrs.CONTENT_LENGTH] = str(len(given.body))
            body = None
        response = web.Response(status=given.status, reason=given.reason, headers=headers, body=body)
        _as_given(response)
        return response

    def _keep(self, key: str, response: StoredResponse, fetch: Fetch) -> str:
        """Keep a response, let go of who waits for it, and say what became of it."""
        stored = response.rules.keep and self.cache.keep(key, response, fetch)
        self.cache.ended(key, fetch)
        return "; stored" if stored else "; stored=?0"

    def _why(self, question: Question) -> str:
        """Return why the origin is asked, in the words of RFC 9211 §2.2."""
        if question.held is None:
            return "uri-miss" if self.cache.variants(question.key) is None else "vary-miss"
        fresh = question.held.rules.verdict(question.held.age(self.clock()), Asked()) is Verdict.FRESH
        return "request" if fresh else "stale"

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def address(request: web.Request) -> str:
    """Return the key of what a request asks for: host, path and query, as they were spelled."""
    return f"{request.host.lower()}{request.raw_path}"


def _steady() -> Callable[[], float]:
    """Return a clock of Unix seconds that no adjustment of the machine's clock makes jump."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


def _is_path(target: str) -> bool:
    return target.startswith("/") and "#" not in target


def _is_special(headers: Headers) -> bool:
    return any(name in headers for name in _SPECIAL)


def _address_of(request: web.Request, target: str) -> str | None:
    """Return the key of what a response refers to, None where that is no part of this site."""
    try:
        url = urlsplit(urljoin(f"http://{request.host}{request.raw_path}", target))
    except ValueError:
        return None
    if url.netloc.lower() != request.host.lower():
        return None
    return f"{request.host.lower()}{url.path or '/'}{'?' if url.query else ''}{url.query}"

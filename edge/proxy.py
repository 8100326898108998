"""Passing requests on to the processes behind: HTTP streamed both ways, and WebSockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import aiohttp
from aiohttp import WSMsgType, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from edge.draining import Draining
from edge.fields import combined
from edge.http import FOR_THE_EDGE, travelling

log = logging.getLogger(__name__)
BODY_SECONDS = 20.0
"""How long a request's body may keep us waiting; each KiB that comes gives a second back."""

_SLOWEST = 1024  # bytes a second
FETCH = "Edge-Fetch"
"""The header by which an edge tells the API that it fetches for its cache, and that its clients have paid."""

SENT_AS_HEADER = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # aiohttp would make up its own
_OUR_WORD = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
_MAY_BE_SENT = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}  # in a close frame (RFC 6455 §7.4)
_NO_STATUS = (None, 0, 1005)  # the frame had no code: an ordinary end


def failure(status: int, message: str, code: str) -> web.Response:
    """Return an error of the edge itself, in the shape of a GraphQL answer; it is never stored."""
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    headers = {"Cache-Control": "no-store", "Cache-Status": f"edge; fwd=miss; detail={code.lower()}"}
    return web.json_response(body, status=status, headers=headers)


def _client_fault(status: int, message: str, code: str) -> web.Response:
    response = failure(status, message, code)
    response.force_close()
    return response


@contextmanager
def reaching(origin: str, body: Body | None = None) -> Iterator[None]:
    """Have what goes wrong on the way to an origin end as an `OriginError`; `body` is what is sent to it."""
    try:
        yield
    except TimeoutError as error:
        raise OriginError(504, "The service behind the edge did not answer in time.", "GATEWAY_TIMEOUT") from error
    except aiohttp.WSServerHandshakeError as error:
        message = "The service behind the edge refused the WebSocket."
        raise OriginError(error.status, message, "WEBSOCKET_REFUSED") from error
    except aiohttp.ClientError as error:
        if body is None or body.fault is None:
            log.warning("The origin %s does not answer: %s", origin, error)
        raise OriginError(502, "The service behind the edge does not answer; try again.", "BAD_GATEWAY") from error


class OriginError(Exception):
    """An origin does not answer; `response` makes what the client is told."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status = status
        self._answer = (status, message, code)

    def response(self) -> web.Response:
        """Return a new response that says so."""
        return failure(*self._answer)


class OriginFailedError(OriginError):
    """An origin answered that it failed (5xx); its own words are passed on, to all who asked at the same time."""

    def __init__(self, status: int, body: bytes, headers: CIMultiDictProxy[str]) -> None:
        super().__init__(status, f"The origin answered {status}.", "BAD_GATEWAY")
        self._body = body
        self._headers = {name: headers[name] for name in ("Content-Type", "Retry-After") if name in headers}

    def response(self) -> web.Response:
        """Return a new response with the origin's status and body."""
        headers = {**self._headers, "Cache-Control": "no-store"}
        headers["Cache-Status"] = f"edge; fwd=miss; fwd-status={self.status}; stored=?0"
        return web.Response(status=self.status, headers=headers, body=self._body)


def onward(request: web.Request, also_not: Iterable[str] = (), client: str | None = None) -> CIMultiDict[str]:
    """Return the client's headers for the origin; what says where the request came from is the edge's own word.

    `client` is its address, where that is not the other end of the connection.
    """
    headers = travelling(request.headers, (*_OUR_WORD, "Forwarded", FETCH, *also_not))
    headers.update(zip(_OUR_WORD, (client or request.remote or "unknown", request.scheme, request.host), strict=True))
    return headers


def open_session(
    silence: float, connector: aiohttp.TCPConnector, response: type[aiohttp.ClientResponse] = aiohttp.ClientResponse
) -> aiohttp.ClientSession:
    """Return a client for an origin that may be silent for so many seconds; it changes nothing that it passes on."""
    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are never sent for another
        max_field_size=65536,
        response_class=response,
        timeout=aiohttp.ClientTimeout(total=None, connect=5, sock_read=silence),
    )


class Body:
    """A request's body on its way to the origin; one that trickles in would hold a connection there for ever.

    `fault` is the answer where it did not come whole, which the origin is not to blame for.
    """

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self.fault: web.Response | None = None
        self._content = content

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield it as it comes; raises TimeoutError where it comes too slowly, OSError where it breaks off."""
        clock = asyncio.get_running_loop().time
        patience = BODY_SECONDS
        while True:
            began = clock()
            try:
                async with asyncio.timeout(patience):
                    chunk = await self._content.readany()
            except TimeoutError:
                self.fault = _client_fault(408, "The request's body came too slowly.", "REQUEST_TIMEOUT")
                raise
            except (OSError, web.RequestPayloadError):
                self.fault = _client_fault(400, "The request's body broke off.", "BAD_REQUEST")
                raise
            if not chunk:
                return
            patience = min(patience - (clock() - began) + len(chunk) / _SLOWEST, BODY_SECONDS)
            yield chunk  # while the origin makes us wait, nobody's patience runs out


class Overheard(NamedTuple):
    """What somebody makes of an answer that is passed on: its `Cache-Status`, and who gets the whole body too."""

    cache_status: str
    keep: Callable[[bytes], object]


Listener = Callable[[aiohttp.ClientResponse], Overheard | None]
"""Hears of an answer when its headers have come."""


class Proxy:
    """Forwards to one origin, given by its base URL without a path.

    `address` returns a client's address from the other end of its connection and `X-Forwarded-For`. `stopped` are the
    headers of the origin, in lower case, that do not reach clients.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        origin: str,
        draining: Draining,
        address: Callable[[str, str], str] = lambda peer, _: peer,
        stopped: Collection[str] = FOR_THE_EDGE,
    ) -> None:
        self._session = session
        self._origin = origin
        self._draining = draining
        self._address = address
        self._stopped = stopped

    async def forward(
        self, request: web.Request, path: str, *, cache_status: str, listener: Listener | None = None
    ) -> web.StreamResponse:
        """Pass a request on, untouched but for hop-by-hop headers, and stream the answer back."""
        if not path.startswith("/"):
            return failure(400, "The request's target must be a path.", "BAD_REQUEST")
        target = URL(self._origin + path, encoded=True)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request, target)
        body = Body(request.content) if request.can_read_body else None
        try:
            with reaching(self._origin, body):
                upstream = await self._session.request(
                    request.method,
                    target,
                    headers=self._onward(request),
                    skip_auto_headers=SENT_AS_HEADER,
                    data=body.chunks() if body is not None else None,
                    allow_redirects=False,
                )
        except OriginError as error:
            return body.fault if body is not None and body.fault is not None else error.response()
        async with upstream:
            headers = travelling(upstream.headers, self._stopped)
            overheard = listener(upstream) if listener is not None else None
            headers["Cache-Status"] = overheard.cache_status if overheard is not None else cache_status
            whole = bytearray()
            if "Surrogate-Key" in upstream.headers and "immutable" not in headers.get("Cache-Control", ""):
                headers["Cache-Control"] = "no-cache"  # whoever is before us must not keep it without its tags
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
            try:
                await response.prepare(request)
                with self._draining.stream() if upstream.content_type == "text/event-stream" else nullcontext():
                    async for chunk in upstream.content.iter_any():
                        if overheard is not None:
                            whole += chunk
                        await response.write(chunk)
                if overheard is not None:
                    overheard.keep(bytes(whole))
                await response.write_eof()
            except ConnectionResetError as error:  # the client has gone, which is nobody's fault
                log.debug("A client left: %s", error)
            return response

    def _onward(self, request: web.Request) -> CIMultiDict[str]:
        client = self._address(request.remote or "", combined(request.headers, "X-Forwarded-For"))
        return onward(request, client=client)

    async def _websocket(self, request: web.Request, target: URL) -> web.StreamResponse:
        """Join a client's WebSocket to one of the origin's, both ways, close codes included."""
        headers = self._onward(request)
        protocols = [p.strip() for p in headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()]
        for name in [name for name in headers if name.lower().startswith("sec-websocket-")]:
            del headers[name]
        try:
            with reaching(self._origin):
                behind = await self._session.ws_connect(
                    target, headers=headers, protocols=protocols, autoping=False, max_msg_size=1024 * 1024
                )
        except OriginError as error:
            return error.response()
        front = web.WebSocketResponse(
            protocols=[behind.protocol] if behind.protocol else [], autoping=False, max_msg_size=1024 * 1024
        )
        await front.prepare(request)
        self._draining.add(front)
        ways = [asyncio.create_task(_pump(front, behind)), asyncio.create_task(_pump(behind, front))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await behind.close()
            await front.close()
        return front


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: _Socket, target: _Socket) -> None:
    """Carry frames one way until the source closes, then close the target in the same way."""
    try:
        while True:
            message = await source.receive()
            if message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
            elif message.type is WSMsgType.PING:
                await target.ping(message.data)
            elif message.type is WSMsgType.PONG:
                await target.pong(message.data)
            else:
                break
        reason = message.extra if isinstance(message.extra, str) else ""
        await target.close(code=_close_code(message.type, source.close_code), message=reason.encode())
    except (ConnectionError, RuntimeError) as error:
        log.debug("A WebSocket ended: %s", error)


def _close_code(kind: WSMsgType, code: int | None) -> int:
    """Return the code to close one side with when the other ended: its own, where it may be sent on."""
    if kind is WSMsgType.CLOSE and code in _NO_STATUS:
        return 1000
    return code if code in _MAY_BE_SENT and code is not None else 1011

"""The fast way: a hit is answered as soon as aiohttp has read the request's head, or without reading it once more.

There is no parser of ours. aiohttp reads a head; if that was a complete GET on its own, and memory answers it, the
answer is written at once, past aiohttp's handlers. When exactly the same bytes arrive again, on a connection where
every byte before them belongs to a request that has been answered, they mean the same again, and are not even read.
Everything else is aiohttp's, so that both can never disagree about where a request ends (request smuggling).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from aiohttp import hdrs, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from edge.eviction import S3Fifo
from edge.fields import combined
from edge.tolls import Payer, Tolls, with_budget

_END = b"\r\n\r\n"
_LONGEST_HEAD = 8192
HEAD_SECONDS = 20.0
"""How long the first head of a connection, and every later one from its first byte on, may take to arrive."""

READ_SECONDS = 60.0
"""How long a client may leave unread what it has been sent, before its connection is cut (Linux)."""

MEMORY = 8 * 1024 * 1024
ENTRY_BYTES = 1200
"""What is remembered of a head takes, beside the head itself."""


class Reply(Protocol):
    """Knows what a request head means."""

    @property
    def price(self) -> int:
        """What the answer costs whoever asks, if anybody has to pay."""
        ...

    @property
    def payer(self) -> Payer | None:
        """Whose budget pays; None: that of the address it came from."""
        ...

    def reply(self) -> tuple[bytes, bytes] | None:
        """Return the answer from memory as head and body; None where the ordinary way must decide."""


Peek = Callable[[RawRequestMessage], Reply | None]
"""Returns what is known of a complete GET without a body; None where the ordinary way must decide."""

PEEK: web.AppKey[Peek] = web.AppKey("peek")
"""Under which an application says how its requests are recognised."""

TOLLS: web.AppKey[Tolls] = web.AppKey("tolls")
"""Under which an application says what its requests pay, if anything."""


Memory = S3Fifo[bytes, tuple[Reply, str]]
"""What heads mean, by their bytes, and the `X-Forwarded-For` in them."""


class EarlyHandler(web.RequestHandler):
    """aiohttp's connection, with a way in front that can answer a GET as soon as it is read.

    `_handling`: aiohttp's handler is at work on a request. `_settled`: every byte handed to aiohttp so far belongs to a
    request that it has read to its end. `_candidate` is the newest request whose head came alone and whole: as aiohttp
    has read it, and its bytes.
    """

    __slots__ = ("_candidate", "_expiry", "_handling", "_settled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._handling = False
        self._settled = True
        self._candidate: tuple[RawRequestMessage, bytes] | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def answer_bytes(self, data: bytes) -> bool:
        """Answer what came on an idle connection, if it is known by its bytes; False where it must be read."""
        del data
        return False

    def answer_message(self, message: RawRequestMessage, data: bytes) -> bool:
        """Answer one whole GET on its own, or begin to; False where the ordinary way must."""
        del message, data
        return False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, which must bring a request soon."""
        super().connection_made(transport)
        _cut_if_unread(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer what can be; hand all else to aiohttp."""
        if not data:  # aiohttp's own call, to look again at what it has
            super().data_received(data)
            return
        if self._messages or self._handling:
            self._read(data)
        elif not self._settled or self._paused or self._close:
            self._read(data)
            self._time_head()
        elif not self.answer_bytes(data):
            # The handler sleeps on until we have looked at what was read; or it is about to look itself.
            waiter, self._waiter = self._waiter, None
            self._read(data)
            self._waiter = waiter
            self._time_head()
            if self._messages and not self._answer_read() and waiter is not None and not waiter.done():
                waiter.set_result(None)

    def _handle_request(self, *given: Any) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """Have aiohttp handle a request, and know when that is over; its loop calls this as soon as it takes one."""
        self._handling = True
        return self._handled(super()._handle_request(*given))

    async def _handled(
        self, handling: Coroutine[Any, Any, tuple[web.StreamResponse, bool]]
    ) -> tuple[web.StreamResponse, bool]:
        try:
            return await handling
        finally:
            self._handling = False

    def _answer_read(self) -> bool:
        """Answer what aiohttp has just read, and take it from it, if that is one request on its own."""
        newest = self._messages[-1]
        if self._candidate is None or newest[0] is not self._candidate[0] or not self.answer_message(*self._candidate):
            return False
        self._messages.pop()
        if self._parser is not None:
            self._parser.message_consumed()
        return True

    def write(self, reply: tuple[bytes, bytes]) -> bool:
        """Write an answer, head and body; False where nobody is there."""
        if self.transport is None:
            return False
        self.transport.writelines(reply)
        self._head_came()
        self._next_keepalive_close_time = close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(close_time, self._process_keepalive)
        return True

    def _read(self, data: bytes) -> None:
        """Have aiohttp read."""
        settled, before = self._settled, len(self._messages)
        self._settled, self._candidate = False, None
        super().data_received(data)
        if len(self._messages) > before:
            self._head_came()
        if settled and len(self._messages) == before + 1:
            self._judge(data, *self._messages[-1])

    def _expect_head(self) -> None:
        """Close the connection unless a request's head is complete in time: one that trickles in holds a socket."""
        self._expiry = self._loop.call_later(HEAD_SECONDS, self.force_close)

    def _time_head(self) -> None:
        """Expect the rest of a head of which something has come on an idle connection."""
        if not self._messages and self._expiry is None:
            self._expect_head()

    def _head_came(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _judge(self, data: bytes, message: Any, payload: Any) -> None:
        """Decide whether these bytes were one request and nothing else, as aiohttp has read them."""
        end = data.find(_END) + len(_END)
        bare = data.count(b"\n", 0, end) != data.count(b"\r\n", 0, end)
        closing = self._upgraded or self._close or self._force_close
        if not isinstance(message, RawRequestMessage) or end < len(_END) or bare or closing:
            return
        if payload is EMPTY_PAYLOAD:
            self._settled = end == len(data)
            simple = message.method == hdrs.METH_GET and message.version == (1, 1) and not message.should_close
            if self._settled and simple and len(data) <= _LONGEST_HEAD:
                self._candidate = message, data
        elif not message.chunked and payload.is_eof():
            self._settled = message.headers.get(hdrs.CONTENT_LENGTH) == str(len(data) - end)


class FastHandler(EarlyHandler):
    """A connection that answers from memory. `_last` are the bytes of the last head that was answered when read.

    `_peer` is who is at its other end, `_payer` whose budget pays where that is no proxy.
    """

    __slots__ = ("_last", "_memory", "_payer", "_peek", "_peer", "_proxied", "_tolls")

    def __init__(self, memory: Memory, peek: Peek | None, tolls: Tolls | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory = memory
        self._peek = peek
        self._tolls = tolls
        self._last = b""
        self._peer = ""
        self._proxied = False
        self._payer: Payer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, and note who pays for what comes on it."""
        super().connection_made(transport)
        if self._tolls is not None:
            peer = transport.get_extra_info("peername")
            self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
            self._proxied = self._tolls.proxy(self._peer)
            self._payer = self._tolls.payer(self._peer, "")

    def answer_bytes(self, data: bytes) -> bool:
        """Answer a head that memory knows."""
        known = self._memory.get(data)
        return known is not None and self._answer(*known)

    def answer_message(self, message: RawRequestMessage, data: bytes) -> bool:
        """Answer a request to which memory has the answer."""
        known = None if self._peek is None else self._peek(message)
        if known is None:
            return False
        forwarded = combined(message.headers, "X-Forwarded-For") if self._tolls is not None else ""
        if not self._answer(known, forwarded):
            return False
        if data == self._last:  # who repeats a head is worth remembering
            self._learn(data, known, forwarded)
        self._last = data
        return True

    def remember(self, request: web.BaseRequest, known: Reply) -> None:
        """Remember what a request means, if its head came alone and whole."""
        if self._candidate is not None and self._candidate[0] is request._message:  # noqa: SLF001 - tells requests apart
            self._learn(self._candidate[1], known, combined(request.headers, "X-Forwarded-For"))

    def _learn(self, data: bytes, known: Reply, forwarded: str) -> None:
        self._memory.put(data, (known, forwarded), len(data) + ENTRY_BYTES)

    def _answer(self, known: Reply, forwarded: str) -> bool:
        """Write an answer from memory; False where there is none, or nobody to write it to."""
        tolls = self._tolls
        if tolls is None:
            reply = known.reply()
            return reply is not None and self.write(reply)
        payer = known.payer
        if payer is None:
            payer = tolls.payer(self._peer, forwarded) if self._proxied or self._payer is None else self._payer
        price = known.price
        verdict = tolls.spend(payer, price)
        if verdict is None:
            return False
        if not verdict.allowed:
            return self.write(tolls.refusal(verdict))
        reply = known.reply()
        if reply is None:
            tolls.give_back(payer, price)
            return False
        return self.write((with_budget(reply[0], verdict), reply[1]))


def _cut_if_unread(transport: asyncio.BaseTransport) -> None:
    """Have the kernel end a connection on which nothing can be sent for long: `TCP_USER_TIMEOUT`, tcp(7)."""
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT") and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(READ_SECONDS * 1000))


class _Server(web.Server):
    """A server that makes connections of a kind."""

    def __init__(self, connection: Callable[..., web.RequestHandler], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connection = connection

    def __call__(self) -> web.RequestHandler:
        """Make a connection's protocol."""
        return self._connection(self, loop=self._loop, **self._kwargs)


def serving(plain: web.Server, connection: Callable[..., web.RequestHandler]) -> web.Server:
    """Return a server of such connections in place of aiohttp's, which has no other way to choose the protocol."""
    given: dict[str, Any] = plain._kwargs  # noqa: SLF001 - likewise
    factory: Callable[..., Any] = plain.request_factory
    return _Server(connection, plain.request_handler, request_factory=factory, loop=plain._loop, **given)  # noqa: SLF001 - likewise


class FastRunner(web.AppRunner):
    """Serves an edge's application over fast connections, which share what they recognise."""

    async def _make_server(self) -> web.Server:
        memory: Memory = S3Fifo(MEMORY)
        answering = partial(FastHandler, memory, self.app.get(PEEK), self.app.get(TOLLS))
        return serving(await super()._make_server(), answering)


def remember(request: web.BaseRequest, known: Reply) -> None:
    """Have the fast way answer the next request with the same head, where it serves this connection."""
    if isinstance(request.protocol, FastHandler):
        request.protocol.remember(request, known)

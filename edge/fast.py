"""The fast way: a request head that was answered from memory before is answered again, byte for byte the same one.

There is no parser of ours. aiohttp reads a head first; if that was a complete GET on its own, and memory answered it,
the head's bytes are remembered with what they mean. When exactly these bytes arrive again, on a connection where every
byte before them belongs to a request that has been answered, they mean the same again, and the answer is written at
once. Everything else is aiohttp's, so that both can never disagree about where a request ends (request smuggling).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import hdrs, web
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from edge import answers
from edge.cache import Edge
from edge.eviction import S3Fifo
from edge.keys import Lookup
from edge.metrics import REQUESTS
from edge.store import Stored
from edge.stream import EntryId

_END = b"\r\n\r\n"
_LONGEST_HEAD = 8192
HEAD_SECONDS = 20.0
"""How long the first head of a connection, and every later one from its first byte on, may take to arrive."""

_MEMORY = 8 * 1024 * 1024
_ENTRY_BYTES = 1200  # what is remembered of a head takes, beside the head itself


class Reply(Protocol):
    """Knows what a request head means."""

    def reply(self) -> tuple[bytes, bytes] | None:
        """Return the answer from memory as head and body; None where the ordinary way must decide."""


class Recognised:
    """What one request head asks for, and the head of the answer to it, which is made anew every second."""

    __slots__ = ("_accept", "_count", "_edge", "_head", "_key", "_number", "_own", "_part", "_until")

    def __init__(self, edge: Edge, wanted: Lookup, own: EntryId | None, headers: Mapping[str, str]) -> None:
        self._edge = edge
        self._key = wanted.key
        self._own = own
        self._accept = headers.get("Accept", ""), headers.get("Accept-Encoding", ""), headers.get("If-None-Match", "")
        self._count = REQUESTS.labels(wanted.plan.name, "hit")
        self._number = -1
        self._until = 0.0
        self._head = b""
        self._part: str | None = None

    def reply(self) -> tuple[bytes, bytes] | None:
        """Return the answer from memory as head and body; None where the ordinary way must decide."""
        edge = self._edge
        now = edge.clock()
        if not edge.coherence.vouches(now) or not (self._own is None or edge.coherence.covers(self._own)):
            return None
        entry = edge.store.get(self._key, now)
        if entry is None:
            return None
        if entry.number != self._number or now >= self._until:
            if entry.remaining(now) <= 0:
                return None
            self._prepare(entry, now)
        self._count.inc()
        return self._head, entry.bodies[self._part] if self._part is not None else b""

    def _prepare(self, entry: Stored, now: float) -> None:
        status, headers, body = answers.headers(entry, *self._accept)
        age = entry.age_at(now)
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{n}: {value}" for n, value in headers.items())]
        lines += [f"Age: {age}", f"Cache-Status: edge; hit; ttl={entry.max_age - age}"]
        if status == HTTPStatus.OK:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"Date: {answers.http_date()}", f"Server: {SERVER_SOFTWARE}", "", ""]
        self._head = "\r\n".join(lines).encode("ascii")
        self._part = headers.get("Content-Encoding", "identity") if status == HTTPStatus.OK else None
        self._number = entry.number
        self._until = entry.stored_at + (age - entry.age) + 1


class FastHandler(web.RequestHandler):
    """aiohttp's connection, with the fast way in front.

    `_settled`: every byte handed to aiohttp so far belongs to a request that it has read to its end. `_candidate` is
    the newest request whose head came alone and whole: as aiohttp has read it, and its bytes.
    """

    __slots__ = ("_candidate", "_expiry", "_memory", "_settled")

    def __init__(self, memory: S3Fifo[bytes, Reply], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory = memory
        self._settled = True
        self._candidate: tuple[RawRequestMessage, bytes] | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, which must bring a request soon."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer at once what is recognised; hand all else to aiohttp."""
        if not data:  # aiohttp's own call, to look again at what it has
            super().data_received(data)
            return
        waiter = self._waiter  # is there while no request is being handled
        settled = self._settled
        if settled and waiter is not None and not waiter.done() and not self._paused and not self._close:
            known = self._memory.get(data)
            reply = known.reply() if known is not None else None
            if reply is not None and self.transport is not None:
                self.transport.writelines(reply)
                if self._expiry is not None:
                    self._head_came()
                self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
                return
        self._settled = False
        before = len(self._messages)
        super().data_received(data)
        if len(self._messages) > before:
            self._head_came()
        elif waiter is not None and not waiter.done() and self._expiry is None:
            self._expect_head()
        if settled and len(self._messages) == before + 1:
            self._judge(data, *self._messages[-1])

    def remember(self, request: web.BaseRequest, known: Reply) -> None:
        """Remember what a request means, if its head came alone and whole."""
        if self._candidate is not None and self._candidate[0] is request._message:  # noqa: SLF001 - tells requests apart
            data = self._candidate[1]
            self._memory.put(data, known, len(data) + _ENTRY_BYTES)

    def _expect_head(self) -> None:
        """Close the connection unless a request's head is complete in time: one that trickles in holds a socket."""
        self._expiry = self._loop.call_later(HEAD_SECONDS, self.force_close)

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


class FastServer(web.Server):
    """Makes fast connections, which share what they recognise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memory: S3Fifo[bytes, Reply] = S3Fifo(_MEMORY)

    def __call__(self) -> web.RequestHandler:
        """Make a connection's protocol."""
        return FastHandler(self.memory, self, loop=self._loop, **self._kwargs)


class FastRunner(web.AppRunner):
    """Serves an edge's application over fast connections."""

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        factory: Callable[..., Any] = plain.request_factory
        return FastServer(plain.request_handler, request_factory=factory, loop=plain._loop, **plain._kwargs)  # noqa: SLF001 - aiohttp has no other way to choose the protocol


def remember(request: web.BaseRequest, known: Reply) -> None:
    """Have the fast way answer the next request with the same head, where it serves this connection."""
    if isinstance(request.protocol, FastHandler):
        request.protocol.remember(request, known)

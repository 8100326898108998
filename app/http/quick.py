"""The quick way: a whole GET of `/graphql` is answered as soon as aiohttp has read it, past its application.

What aiohttp does for a request beside reading it (two tasks, routing, middlewares, its own request and response) costs
more than most look-ups do. Nothing is decided here: what is asked and answered is `GraphQLOverHTTP`'s affair on both
ways. Whatever is not one GET on its own is aiohttp's (see `edge.fast`), and so are pages, streams and WebSockets.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from app.http.graphql import GraphQLOverHTTP
from app.http.negotiation import EVENT_STREAM, negotiate, wants_page
from app.http.reply import Reply
from edge.fast import EarlyHandler, serving

log = logging.getLogger(__name__)
_PATH = re.compile(r"/graphql(?:/(?P<hash>[0-9a-f]{64}))?(?=[?#]|$)")

Replying = Callable[[RawRequestMessage, str | None], "Coroutine[Any, Any, Reply] | None"]
"""Returns what answers a complete GET without a body, from an address; None where the ordinary way must."""

REPLYING: web.AppKey[Replying] = web.AppKey("replying")
"""Under which an application says what it answers quickly."""


class Get:
    """A GET without a body, as `app.http.request.Incoming` has it."""

    __slots__ = ("_url", "headers", "raw_path", "remote")

    method = "GET"
    content_type = ""

    def __init__(self, message: RawRequestMessage, remote: str | None) -> None:
        self.headers: Mapping[str, str] = message.headers
        self.raw_path = message.path
        self.remote = remote
        self._url = message.url

    @property
    def query(self) -> Mapping[str, str]:
        """Return the parameters in its target."""
        return self._url.query

    @property
    def match_info(self) -> Mapping[str, Any]:
        """Return what its path says."""
        found = _PATH.fullmatch(self._url.raw_path)
        return {} if found is None else found.groupdict()

    async def read(self) -> bytes:
        """Return the body that it has not."""
        return b""


def replying(over_http: GraphQLOverHTTP) -> Replying:
    """Return what answers GETs of GraphQL."""

    def reply(message: RawRequestMessage, remote: str | None) -> Coroutine[Any, Any, Reply] | None:
        headers = message.headers
        if _PATH.match(message.path) is None:
            return None
        accept = headers.get("Accept", "")
        media_type = negotiate(accept)
        if media_type == EVENT_STREAM or wants_page(accept) or message.upgrade or "Expect" in headers:
            return None
        return over_http.reply(Get(message, remote), media_type)

    return reply


class QuickHandler(EarlyHandler):
    """aiohttp's connection, with the quick way in front. What comes while that is at work waits unread."""

    __slots__ = ("_remote", "_replying", "_unread", "_work")

    def __init__(self, replying: Replying, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._replying = replying
        self._work: asyncio.Task[None] | None = None
        self._unread = b""
        self._remote: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, and note where it comes from."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if isinstance(peer, tuple) else None

    def data_received(self, data: bytes) -> None:
        """Answer quickly what can be; hand all else to aiohttp."""
        if self._work is None:
            super().data_received(data)
        elif data:
            self._unread += data
            self._pause_reading_for_buffer()

    def answer_message(self, message: RawRequestMessage, data: bytes) -> bool:
        """Begin to answer a request, if it is one for the quick way."""
        del data
        replying = self._replying(message, self._remote)
        if replying is None:
            return False
        if self._keepalive_handle is not None:  # the connection is not idle
            self._keepalive_handle.cancel()
            self._keepalive_handle = None
        self._request_in_progress = True  # a shutdown waits for it
        self._work = self._loop.create_task(self._reply(replying))
        return True

    async def _reply(self, replying: Coroutine[Any, Any, Reply]) -> None:
        try:
            self.write((await replying).spelled())
        except asyncio.CancelledError:
            self.force_close()
            raise
        except Exception:
            log.exception("A request could not be answered.")
            self.force_close()
        finally:
            self._work = None
            self._request_in_progress = False
            if self._handler_waiter is not None and not self._handler_waiter.done():
                self._handler_waiter.set_result(None)
        if self._close and self.transport is not None:
            self.transport.close()
        elif self._unread:
            unread, self._unread = self._unread, b""
            self._resume_reading_for_buffer()
            self.data_received(unread)


class QuickRunner(web.AppRunner):
    """Serves an application that says what is `REPLYING` over quick connections."""

    async def _make_server(self) -> web.Server:
        return serving(await super()._make_server(), partial(QuickHandler, self.app[REPLYING]))

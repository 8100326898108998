"""Passing interim responses on (RFC 9110 §15.2), which aiohttp's client takes note of and drops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import HttpVersion11, web
from aiohttp.http_parser import RawResponseMessage

from edge.http import travelling

Hear = Callable[[RawResponseMessage], None]

_HEARD: ContextVar[Hear | None] = ContextVar("who hears of interim responses", default=None)


class InterimResponse(aiohttp.ClientResponse):
    """A response that tells of those before it."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Wait for the response; aiohttp reads message after message until one is final."""
        protocol, hear = connection.protocol, _HEARD.get()
        if protocol is None or hear is None:
            return await super().start(connection)
        read = protocol.read

        async def listening() -> Any:
            message, payload = await read()
            if message.code // 100 == 1 and message.code > HTTPStatus.SWITCHING_PROTOCOLS:
                hear(message)
            return message, payload

        protocol.read = listening
        try:
            return await super().start(connection)
        finally:
            del protocol.read


@contextmanager
def passing_on(request: web.Request) -> Iterator[None]:
    """Write interim responses to what is asked in this block to a client that waits for its answer."""

    def write(message: RawResponseMessage) -> None:
        if request.transport is None or request.version < HttpVersion11:
            return
        lines = [f"HTTP/1.1 {message.code} {message.reason}"]
        lines += [f"{name}: {value}" for name, value in travelling(message.headers).items()]
        request.transport.write("\r\n".join([*lines, "", ""]).encode("utf-8", "ignore"))

    token = _HEARD.set(write)
    try:
        yield
    finally:
        _HEARD.reset(token)

"""A lean client of `graphql-transport-ws`: a thousand of them on one core must not be what is measured."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

_SHORT, _LONG = 126, 127
_MEDIUM = 1 << 16
TEXT, BINARY = 0x81, 0x82
_CLOSE, _PING, _PONG = 0x88, 0x89, 0x8A


class Wire(asyncio.Protocol):
    """One socket. `heard` gets each text frame's payload as it is, with the time at which its last byte came."""

    def __init__(self, url: str, heard: Callable[[bytes, float], None]) -> None:
        self._host = urlsplit(url).netloc
        self._heard = heard
        self._held = b""
        self._greeted = False
        self._transport: asyncio.Transport | None = None
        self._clock = asyncio.get_running_loop().time
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closing = asyncio.Event()  # set once the server has said that it closes, or the connection has ended

    def connection_made(self, transport: Any) -> None:
        """Ask for a WebSocket."""
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, _: Exception | None) -> None:
        """End."""
        self.closing.set()
        if not self.ended.done():
            self.ended.set_result(None)
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the handshake was refused"))

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        held = self._held + data if self._held else data
        at = 0
        if not self._greeted:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                self._held = held
                return
            self._greeted, at = True, end + 4
            if held.startswith(b"HTTP/1.1 101"):
                self.opened.set_result(None)
        now, size = self._clock(), len(held)
        while size - at >= 2:
            length, start = held[at + 1], at + 2
            if length == _SHORT:
                length, start = int.from_bytes(held[start : start + 2], "big"), start + 2
            elif length == _LONG:
                length, start = int.from_bytes(held[start : start + 8], "big"), start + 8
            if size < start + length:
                break
            if held[at] == TEXT:
                self._heard(held[start : start + length], now)
            else:
                self._control(held[at], held[start : start + length])
            at = start + length
        self._held = held[at:]

    def _control(self, kind: int, body: bytes) -> None:
        if kind == _PING:
            self.write(_PONG, body)
        elif kind == _CLOSE:
            self.closing.set()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message of the protocol."""
        self.write(TEXT, json.dumps(message).encode())

    def close(self) -> None:
        """Leave without a word."""
        if self._transport is not None:
            self._transport.abort()

    def deafen(self) -> None:
        """Read nothing any more."""
        if self._transport is not None:
            self._transport.pause_reading()

    def write(self, kind: int, body: bytes) -> None:
        """Write a frame, with a mask of zeros."""
        length = len(body)
        if length < _SHORT:
            head = bytes((kind, 0x80 | length))
        elif length < _MEDIUM:
            head = bytes((kind, 0x80 | _SHORT)) + length.to_bytes(2, "big")
        else:
            head = bytes((kind, 0x80 | _LONG)) + length.to_bytes(8, "big")
        if self._transport is not None:
            self._transport.write(head + bytes(4) + body)


def _nothing(_payload: bytes, _now: float) -> None:
    """Hear of nothing."""


async def dial(url: str, heard: Callable[[bytes, float], None] = _nothing) -> Wire:
    """Open a socket."""
    parts = urlsplit(url)
    _, wire = await asyncio.get_running_loop().create_connection(
        lambda: Wire(url, heard), parts.hostname or "", parts.port or 80
    )
    await wire.opened
    return wire


async def connect(url: str, token: str, heard: Callable[[bytes, float], None] = _nothing) -> Wire:
    """Open a socket and sign in on it; the acknowledgement is heard as every message is."""
    wire = await dial(url, heard)
    wire.send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    return wire

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
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A


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
            if held[at] == _TEXT:
                self._heard(held[start : start + length], now)
            elif held[at] == _PING:
                self._send(_PONG, held[start : start + length])
            at = start + length
        self._held = held[at:]

    def send(self, message: dict[str, Any]) -> None:
        """Send a message of the protocol."""
        self._send(_TEXT, json.dumps(message).encode())

    def close(self) -> None:
        """Leave without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, kind: int, body: bytes) -> None:
        """Write a frame, with a mask of zeros."""
        length = len(body)
        head = bytes((kind, 0x80 | length)) if length < _SHORT else bytes((kind, 0xFE)) + length.to_bytes(2, "big")
        if self._transport is not None:
            self._transport.write(head + bytes(4) + body)


async def connect(url: str, token: str, heard: Callable[[bytes, float], None]) -> Wire:
    """Open a socket and sign in on it; the acknowledgement is heard as every message is."""
    parts = urlsplit(url)
    _, wire = await asyncio.get_running_loop().create_connection(
        lambda: Wire(url, heard), parts.hostname or "", parts.port or 80
    )
    await wire.opened
    wire.send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    return wire

"""GraphQL over server-sent events, distinct connections mode (the graphql-sse protocol)."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import ExitStack, suppress

from aiohttp import ClientConnectionResetError, web
from graphql import GraphQLError

from app.http.streaming import Asked, Streams
from auth.tokens import SIGNED_OUT
from edge.cdn.sharing import unshared
from models.errors import NotSignedInError

HEARTBEAT_SECONDS = 15.0
MOST_HELD_EVENTS = 256
MOST_HELD_BYTES = 1 << 20
STALLED_SECONDS = 15.0
_FEW_EVENTS = 16
_PIECE_BYTES = 64 * 1024
_COMPLETE = b"event: complete\ndata:\n\n"


class _Events:
    """What is on its way to one reader."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self._left = asyncio.Event()
        self._held: deque[bytes] = deque()
        self._bytes = 0

    def push(self, payload: bytes, *, last: bool = False) -> bool:
        """Hold an event until it is sent, unless too much is held."""
        if not last and (len(self._held) >= MOST_HELD_EVENTS or self._bytes + len(payload) > MOST_HELD_BYTES):
            return False
        self._held.append(b"event: next\ndata: " + payload + b"\n\n")
        self._bytes += len(payload)
        self.came.set()
        return True

    async def ready(self) -> None:
        """Wait until few events are held."""
        while len(self._held) > _FEW_EVENTS:
            self._left.clear()
            await self._left.wait()

    def take(self) -> bytes:
        """Return all that is held; nothing where nothing is."""
        taken = b"".join(self._held)
        self._held.clear()
        self._bytes = 0
        self.came.clear()
        self._left.set()
        return taken


async def _send(response: web.StreamResponse, data: bytes) -> None:
    """Send some events; raises TimeoutError where the reader takes nothing of them for long."""
    for at in range(0, len(data), _PIECE_BYTES):
        async with asyncio.timeout(STALLED_SECONDS):
            await response.write(data[at : at + _PIECE_BYTES])


async def respond(request: web.Request, streams: Streams, asked: Asked) -> web.StreamResponse:
    """Stream an operation's results as `next` events, then `complete`; comments keep a quiet stream alive."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            **unshared(),
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    events = _Events()
    running = asyncio.ensure_future(streams.run(asked, events))
    running.add_done_callback(lambda _: events.came.set())
    signed_out: list[bytes] = []

    def session_ended() -> None:
        signed_out.append(streams.told(None, [GraphQLError("", original_error=NotSignedInError(SIGNED_OUT))]))
        running.cancel()

    watched = ExitStack()
    watched.enter_context(streams.contexts.services.watch.watching(asked.context.viewer.session, session_ended))
    try:
        while not running.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await events.came.wait()
            await _send(response, events.take() or b":\n\n")
        if signed_out:
            events.push(signed_out[0], last=True)
        else:
            running.result()
        await _send(response, events.take() + _COMPLETE)
        await response.write_eof()
    except ClientConnectionResetError:
        pass  # the client has gone; what it followed is closed below
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    finally:
        watched.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return response

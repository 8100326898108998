"""GraphQL over WebSocket: the protocol `graphql-transport-ws`, as the package graphql-ws specifies it.

Results are written to the transport at once, since many sockets may be told the same: what a slow reader makes us hold
is bounded, and one that reads nothing for long is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web
from graphql import GraphQLError
from strawberry.http.websocket_origin import is_same_origin

from app.http.charging import BudgetSpentError
from app.http.streaming import Streams
from auth.tokens import SIGNED_OUT, InvalidTokenError
from auth.viewer import ANONYMOUS, Viewer, renew
from edge.cdn.sharing import unshared
from edge.draining import Draining
from edge.guards import Guards
from schema.prepared import PreparationError
from storage.cancellation import to_its_end

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
MOST_OPERATIONS = 100
MOST_FRAME_BYTES = 256 * 1024
MOST_HELD_EVENTS = 256
MOST_HELD_BYTES = 1 << 20
PING_SECONDS = 20.0
STALLED_SECONDS = 15.0

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
BAD_PROTOCOL = 4406
INIT_TIMEOUT = 4408
DUPLICATE = 4409
TOO_MANY = 4429
INTERNAL = 4500
"""Close codes of the protocol."""

_HOSTILE = {BAD_REQUEST, DUPLICATE, TOO_MANY}
_CLOSE_SECONDS = 2.0
_LITTLE_BYTES = 64 * 1024
_LOOK_SECONDS = 0.01
_SHORT, _MEDIUM = 126, 1 << 16  # lengths of a frame's payload from which its header is longer (RFC 6455 §5.2)
_LONGEST_REASON = 123

log = logging.getLogger(__name__)


_FOREIGN = "A page may open a WebSocket to its own origin, and where CORS_ORIGINS names its origin."


class _CloseError(Exception):
    """The socket must be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class WebSocketHandler:
    """The WebSocket side of `/graphql`."""

    def __init__(self, streams: Streams, draining: Draining, guards: Guards) -> None:
        self._streams = streams
        self._draining = draining
        self._guards = guards

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket to its end; a page of another origin gets none."""
        if not (_from_here(request) or self._guards.opens(request.headers.get("Origin", ""))):
            body = {"errors": [{"message": _FOREIGN, "extensions": {"code": "NOT_ALLOWED"}}]}
            return web.json_response(body, status=403, headers=unshared())
        contexts = self._streams.contexts
        await contexts.services.allowance.handshakes.turn(contexts.caller(request.remote, request.headers).address)
        socket = web.WebSocketResponse(
            protocols=[PROTOCOL],  # the legacy `graphql-ws` stays off
            heartbeat=PING_SECONDS,
            max_msg_size=MOST_FRAME_BYTES,
            compress=False,
            timeout=1.0,
        )
        await socket.prepare(request)
        self._draining.add(socket)
        if socket.ws_protocol != PROTOCOL:
            await socket.close(code=BAD_PROTOCOL, message=b"Subprotocol not acceptable")
            return socket
        await _Connection(request, socket, self._streams).serve()
        return socket


class _Connection:
    """One socket: who has signed in on it, and what it runs."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, streams: Streams) -> None:
        self._socket = socket
        self._transport = request.transport
        self._streams = streams
        self._caller = streams.contexts.caller(request.remote, request.headers)
        self._viewer: Viewer | None = None
        self._initialised = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._held_events = 0
        self._written = 0  # bytes, so far
        self._stalling: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._watched = ExitStack()

    async def serve(self) -> None:
        """Answer messages until the socket closes."""
        waiting = asyncio.get_running_loop().call_later(INIT_SECONDS, self._close_soon, INIT_TIMEOUT, "Initialisation")
        try:
            async for message in self._socket:
                await self._message(message.data if message.type is WSMsgType.TEXT else None)
                if self._viewer is not None:
                    waiting.cancel()
                if self._held() > MOST_HELD_BYTES:
                    await self.ready()  # who does not read is not read from
        except _CloseError as error:
            if error.code in _HOSTILE and self._transport is not None:
                self._transport.pause_reading()  # nothing more of it is worth the time
            await self._close(error.code, error.reason)
        except ConnectionResetError:
            pass  # the client has gone
        finally:
            self._watched.close()
            waiting.cancel()
            if self._stalling is not None:
                self._stalling.cancel()
            tasks = [*self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *filter(None, [self._closing]), return_exceptions=True)

    async def _message(self, text: str | None) -> None:
        """Answer one message; raises _CloseError for what is none."""
        message = _read(text)
        match message["type"]:
            case "connection_init":
                await self._sign_in(message.get("payload") or {})
            case "ping":
                self._write(orjson.dumps({"type": "pong", **_payload(message)}))
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message["id"], message["payload"])
            case "complete":
                task = self._running.pop(message["id"], None)
                if task is not None:
                    task.cancel()

    async def _sign_in(self, payload: Mapping[str, Any]) -> None:
        """Sign the connection in by `authorization`, once."""
        if self._initialised:
            raise _CloseError(TOO_MANY, "Too many initialisation requests")
        self._initialised = True
        sent = {name.lower(): value for name, value in payload.items()}
        contexts = self._streams.contexts
        services = contexts.services
        try:
            claims = await contexts.claims(str(sent.get("authorization") or ""))
            if claims is not None:
                await services.allowance.sockets.turn(claims.session)
                self._still_there()
                self._watched.enter_context(services.watch.watching(claims.session, self._session_ended))
            self._viewer = ANONYMOUS if claims is None else await contexts.signed_in(claims)
        except InvalidTokenError as error:
            raise _CloseError(FORBIDDEN, str(error)) from error
        self._write(b'{"type":"connection_ack"}')

    def _session_ended(self) -> None:
        """End all that runs, and the socket: its device is signed out."""
        for task in self._running.values():
            task.cancel()
        self._close_soon(UNAUTHORIZED, SIGNED_OUT)

    async def _subscribe(self, id_: str, payload: Mapping[str, Any]) -> None:
        """Run an operation; nothing more is read from whoever has begun many subscriptions, until it is their turn."""
        if self._viewer is None:
            raise _CloseError(UNAUTHORIZED, "Unauthorized")
        if id_ in self._running:
            raise _CloseError(DUPLICATE, f"Subscriber for {id_} already exists")
        if len(self._running) >= MOST_OPERATIONS:
            raise _CloseError(TOO_MANY, f"Too many operations; {MOST_OPERATIONS} may run at once")
        with suppress(PreparationError, GraphQLError):  # which are told in the operation's place
            operation = self._streams.preparer.prepare(payload["query"]).choose(payload.get("operationName"))
            await self._streams.turn(operation, self._viewer)
        self._still_there()
        task = self._running[id_] = asyncio.create_task(self._run(id_, payload, self._viewer))
        task.add_done_callback(lambda ended: self._ended(id_, ended))

    def _still_there(self) -> None:
        """Do nothing for who has left meanwhile; raises ConnectionResetError."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError

    def _ended(self, id_: str, task: asyncio.Task[None]) -> None:
        if self._running.get(id_) is task:
            del self._running[id_]

    async def _run(self, id_: str, payload: Mapping[str, Any], connected: Viewer) -> None:
        """Run an operation to its end, whatever that is."""
        name = orjson.dumps(id_)
        try:
            viewer = await to_its_end(renew(connected))  # roles and the sign-in itself may end while a socket is open
            asked = await self._streams.ask(
                payload["query"], payload.get("operationName"), payload.get("variables"), viewer, self._caller
            )
        except (PreparationError, GraphQLError) as error:
            errors = error.errors if isinstance(error, PreparationError) else [error]
            self._write(orjson.dumps({"id": id_, "type": "error", "payload": self._streams.shown(errors)}))
            return
        except BudgetSpentError as spent:
            refusal = GraphQLError("", original_error=spent)
            self._write(orjson.dumps({"id": id_, "type": "error", "payload": self._streams.shown([refusal])}))
            return
        except Exception as error:  # told to who asked, as every failure of an operation
            log.warning("An operation could not be started: %s", error, exc_info=error)
            failure = GraphQLError("", original_error=error)
            self._write(orjson.dumps({"id": id_, "type": "error", "payload": self._streams.shown([failure])}))
            return
        try:
            await self._streams.run(asked, _Operation(self, name))
        except Exception:
            log.exception("Request %s failed amid its results.", asked.context.request_id)
            self._close_soon(INTERNAL, "Internal server error")
            return
        self._write(b'{"id":' + name + b',"type":"complete"}')

    def push(self, message: bytes, *, last: bool) -> bool:
        """Send a message unless the reader is too far behind."""
        held = self._held()
        if not last and held and (held > MOST_HELD_BYTES or self._held_events >= MOST_HELD_EVENTS):
            return False
        self._write(message)
        return True

    async def ready(self) -> None:
        """Wait until little is held for the reader; one who reads nothing is closed meanwhile."""
        while self._held() > _LITTLE_BYTES and not self._socket.closed:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(_LOOK_SECONDS)

    def _held(self) -> int:
        """Return how many bytes wait for the reader to take them."""
        transport: Any = self._transport
        held: int = 0 if transport is None or transport.is_closing() else transport.get_write_buffer_size()
        if not held:
            self._held_events = 0
        return held

    def _write(self, message: bytes) -> None:
        """Write a text frame; nothing where the socket has closed."""
        transport: Any = self._transport
        if transport is None or transport.is_closing() or self._socket.closed:
            return
        frame = _header(len(message)) + message
        with suppress(RuntimeError):  # uvloop's word for a transport that has closed meanwhile
            transport.write(frame)
        self._held_events += 1
        self._written += len(frame)
        if self._stalling is None and self._held():
            self._watch()

    def _watch(self) -> None:
        """Look later whether the reader has taken anything of what is held."""
        taken = self._written - self._held()
        self._stalling = asyncio.get_running_loop().call_later(STALLED_SECONDS, self._look, taken)

    def _look(self, taken: int) -> None:
        self._stalling = None
        held = self._held()
        if held and self._written - held <= taken:
            self._close_soon(WSCloseCode.TRY_AGAIN_LATER, "Too slow")
        elif held:
            self._watch()

    def _close_soon(self, code: int, reason: str) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        """Close with a code, which a reader that takes nothing does not get."""
        with suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close(code=code, message=reason.encode()[:_LONGEST_REASON])
        transport: Any = self._transport
        with suppress(RuntimeError):  # as in `_write`
            if transport is not None and transport.get_write_buffer_size():
                transport.abort()  # else it would wait for the reader to take the rest


class _Operation:
    """The results of one operation on a connection."""

    def __init__(self, connection: _Connection, name: bytes) -> None:
        self._connection = connection
        self._head = b'{"id":' + name + b',"type":"next","payload":'
        self.ready = connection.ready

    def push(self, payload: bytes, *, last: bool = False) -> bool:
        """Send a result."""
        return self._connection.push(self._head + payload + b"}", last=last)


def _from_here(request: web.Request) -> bool:
    """Whether no page of another origin asks: browsers open sockets for those too."""
    origin = request.headers.get("Origin")
    same = request.headers.get("Sec-Fetch-Site") == "same-origin"
    return origin is None or same or is_same_origin(origin, request.headers.get("Host"))


def _read(text: str | None) -> dict[str, Any]:
    """Return a message of the protocol; raises _CloseError for what is none."""
    try:
        message: Any = orjson.loads(text) if text is not None else None
    except orjson.JSONDecodeError as error:
        raise _CloseError(BAD_REQUEST, "The message is no JSON") from error
    kind = message.get("type") if isinstance(message, dict) else None
    fits = _SHAPES.get(kind) if isinstance(kind, str) else None
    if fits is None or not fits(message):
        raise _CloseError(BAD_REQUEST, "The message is none of the protocol")
    found: dict[str, Any] = message
    return found


def _plain(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("payload"), dict | None)


def _subscribing(message: Mapping[str, Any]) -> bool:
    payload = message.get("payload")
    return (
        _named(message)
        and isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("extensions"), dict | None)
    )


def _named(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("id"), str) and bool(message["id"])


_SHAPES = {"connection_init": _plain, "ping": _plain, "pong": _plain, "subscribe": _subscribing, "complete": _named}


def _payload(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"payload": message["payload"]} if message.get("payload") is not None else {}


def _header(length: int) -> bytes:
    """Return the head of a text frame of a server: whole, unmasked (RFC 6455 §5.2)."""
    if length < _SHORT:
        return bytes((0x81, length))
    if length < _MEDIUM:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")

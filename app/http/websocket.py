"""Subscriptions over WebSocket: Strawberry's `graphql-transport-ws`, with our sign-in and a fresh context each time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from graphql import GraphQLError
from strawberry.aiohttp.views import AiohttpWebSocketAdapter, GraphQLView
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import PreExecutionError

from app.http.contexts import Contexts
from auth.tokens import InvalidTokenError
from auth.viewer import ANONYMOUS, Viewer, renew
from edge.draining import Draining
from resolvers.api import Api
from schema.errors import masked
from schema.prepared import PreparationError, Preparer

INIT_TIMEOUT = timedelta(seconds=10)
MOST_OPERATIONS = 100
MOST_FRAME_BYTES = 256 * 1024
PING_SECONDS = 20.0


@dataclass
class Connection:
    """One socket: who has signed in on it. Strawberry sets `connection_params` from `connection_init`."""

    viewer: Viewer = ANONYMOUS
    connection_params: Mapping[str, Any] = field(default_factory=dict)


class _FreshContexts:
    """The schema as Strawberry's handler uses it, with a context of its own for every operation of a connection."""

    def __init__(self, api: Api, preparer: Preparer, contexts: Contexts) -> None:
        self._api, self._preparer, self._contexts = api, preparer, contexts

    async def stream(self, query: str | None, *, context_value: Connection, **options: Any) -> Any:
        """Execute an operation for the connection's viewer."""
        try:
            operation = self._preparer.prepare(query or "").choose(options.get("operation_name"))
        except PreparationError as error:
            return self._refused(error.errors)
        except GraphQLError as error:
            return self._refused([error])
        as_of = self._contexts.as_of()
        viewer = await renew(context_value.viewer)  # roles and the sign-in itself may end while a socket is open
        context = self._contexts.make(operation, viewer, as_of)
        return await self._api.stream(query, context_value=context, **options)

    async def _refused(self, errors: list[GraphQLError]) -> AsyncIterator[PreExecutionError]:
        """Refuse an operation. Strawberry closes the whole socket for a `GraphQLSyntaxError`; these are not such."""
        shown = (masked(error, suggestions=self._preparer.suggestions) for error in errors)
        plain = [
            GraphQLError(e.message, e.nodes, e.source, e.positions, e.path, extensions=e.extensions) for e in shown
        ]
        yield PreExecutionError(data=None, errors=plain)


def _well_formed(frame: object) -> bool:
    """Whether a frame has the protocol's shape, as far as Strawberry takes it for granted."""
    if not isinstance(frame, dict) or not isinstance(frame.get("id", ""), str):
        return False
    payload = frame.get("payload")
    if frame.get("type") != "subscribe":
        return isinstance(payload, dict | None)
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )


class _Frames(AiohttpWebSocketAdapter):
    """Refuses frames that are no messages of the protocol, which closes the socket with 4400."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Yield the messages."""
        try:
            async for frame in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
                if not _well_formed(frame):
                    raise NonJsonMessageReceived
                yield frame
        except RecursionError as error:
            raise NonJsonMessageReceived from error


class WebSocketView(GraphQLView[Connection, None]):
    """The WebSocket side of `/graphql`."""

    websocket_adapter_class = _Frames

    def __init__(self, api: Api, preparer: Preparer, contexts: Contexts, draining: Draining) -> None:
        fresh: Any = _FreshContexts(api, preparer, contexts)
        super().__init__(
            fresh,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],  # the legacy `graphql-ws` stays off
            connection_init_wait_timeout=INIT_TIMEOUT,
            max_subscriptions_per_connection=MOST_OPERATIONS,
        )
        self._contexts = contexts
        self._draining = draining

    async def create_websocket_response(self, request: web.Request, subprotocol: str | None) -> web.WebSocketResponse:
        """Accept the handshake, with a ping every so often and a bound on frames."""
        socket = web.WebSocketResponse(
            protocols=[subprotocol] if subprotocol else [], heartbeat=PING_SECONDS, max_msg_size=MOST_FRAME_BYTES
        )
        await socket.prepare(request)
        self._draining.add(socket)
        return socket

    async def get_context(
        self,
        request: web.Request,  # noqa: ARG002 - Strawberry's signature
        response: web.Response | web.WebSocketResponse,  # noqa: ARG002
    ) -> Connection:
        """Return a connection on which nobody has signed in yet."""
        return Connection()

    async def on_ws_connect(self, context: Connection) -> Any:
        """Sign the connection in by `connection_init`'s `authorization`; 4403 if the token is not good."""
        sent = {name.lower(): value for name, value in context.connection_params.items()}
        try:
            context.viewer = await self._contexts.viewer(str(sent.get("authorization") or ""))
        except InvalidTokenError as error:
            raise ConnectionRejectionError({"message": str(error)}) from error
        return await super().on_ws_connect(context)

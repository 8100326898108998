"""Subscriptions over WebSocket: Strawberry's `graphql-transport-ws`, with our sign-in and a fresh context each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from strawberry.aiohttp.views import GraphQLView
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from app.http.contexts import Contexts
from auth.tokens import InvalidTokenError
from auth.viewer import ANONYMOUS, Viewer, renew, load_viewer
from edge.draining import Draining
from resolvers.api import Api
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
        operation = None
        try:
            operations = self._preparer.prepare(query or "").operations
            operation = operations.get(options.get("operation_name")) or next(iter(operations.values()))
        except PreparationError:
            pass  # `stream` refuses it in the protocol's words
        viewer, as_of = context_value.viewer, self._contexts.as_of()
        if viewer.user is not None:  # roles change while a socket is open
            viewer = await load_viewer(viewer.user, viewer.session)
        context = self._contexts.make(operation, viewer, as_of)
        return await self._api.stream(query, context_value=context, **options)


class WebSocketView(GraphQLView[Connection, None]):
    """The WebSocket side of `/graphql`."""

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

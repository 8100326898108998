"""Assembling the API process."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from app.http.access import Access
from app.http.audit import export
from app.http.charging import Charging
from app.http.contexts import Contexts
from app.http.export import Exports
from app.http.graphiql import add_graphiql
from app.http.graphql import GraphQLOverHTTP
from app.http.jwks import JWKS_PATH, jwks
from app.http.meanings import Meanings
from app.http.passkeys import add_passkeys
from app.http.plans import PlanHeaders
from app.http.previews import drawing
from app.http.quick import REPLYING, replying
from app.http.registry import Registry
from app.http.request import MOST_BODY_BYTES
from app.http.streaming import Streams
from app.http.uploads import progress, receive
from app.http.websocket import WebSocketHandler
from edge.cdn.sharing import unshared
from edge.draining import Draining
from edge.guards import Guards
from edge.plans import Plan
from resolvers.api import Api
from schema.compiled.executor import Executor
from schema.prepared import Preparer


@web.middleware
async def readable_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have aiohttp's own refusals (an unknown path, a wrong method) look like every other answer."""
    try:
        return await handler(request)
    except web.HTTPClientError as error:
        message = f"{request.method} {request.path}: {error.reason}. The API is at /graphql."
        body = {"errors": [{"message": message, "extensions": {"code": error.reason.upper().replace(" ", "_")}}]}
        headers = unshared() | {n: v for n, v in error.headers.items() if n == "Allow"}
        return web.json_response(body, status=error.status, headers=headers)


def preflights(guards: Guards) -> Middleware:
    """Return what answers browsers that ask whether a page of another origin may ask."""

    @web.middleware
    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        preflight = guards.preflight(request.headers) if request.method == "OPTIONS" else None
        return await handler(request) if preflight is None else preflight

    return answered


def create_api_app(
    api: Api,
    executor: Executor,
    preparer: Preparer,
    registry: Registry,
    access: Access,
    contexts: Contexts,
    charging: Charging,
    *,
    own: Mapping[str, Plan],
    development: bool,
    cloudfront: bool = False,
    guards: Guards | None = None,
) -> web.Application:
    """Assemble the API; `own` are the plans of the release."""
    guards = guards or Guards()
    app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=[readable_refusals, preflights(guards)])
    app.on_response_prepare.append(guards.prepare)
    draining = Draining()
    headers = PlanHeaders(preparer.schema, own)
    streams = Streams(api, preparer, contexts, charging)
    over_http = GraphQLOverHTTP(
        api,
        executor,
        Meanings(registry, preparer),
        access,
        contexts,
        streams,
        headers,
        draining,
        guards,
        development,
        cloudfront,
    )
    over_websocket = WebSocketHandler(streams, draining, guards)

    async def graphql(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await over_websocket.handle(request)
        return await over_http.handle(request)

    async def upload(request: web.Request) -> web.StreamResponse:
        return await receive(request, contexts.services)

    async def upload_progress(request: web.Request) -> web.StreamResponse:
        return await progress(request, contexts.services)

    async def preview(request: web.Request) -> web.StreamResponse:
        return await drawing(request, contexts.services)

    async def audit(request: web.Request) -> web.StreamResponse:
        return await export(request, contexts)

    async def published_keys(request: web.Request) -> web.Response:
        del request
        return await jwks(contexts.services.keys)

    app[REPLYING] = replying(over_http)
    app.on_shutdown.append(draining.drain)
    app.router.add_route("*", "/graphql", graphql)
    app.router.add_route("*", "/graphql/{hash}", graphql)
    app.router.add_get("/internal/api-key", access.api_key)
    app.router.add_get("/account/export", Exports(contexts).handle, allow_head=False)
    app.router.add_get(JWKS_PATH, published_keys)
    app.router.add_put("/uploads/{token}", upload)
    app.router.add_get("/uploads/{token}", upload_progress)
    app.router.add_get("/previews/{token}", preview)
    app.router.add_get("/audit/{organization}.{format}", audit)
    if development:
        add_graphiql(app)
        add_passkeys(app)
    return app

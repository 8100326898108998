"""Plain Strawberry: the platform's own schema behind Strawberry's own view for aiohttp.

    python -m bench.origin.plain

Loaders, permissions and signed addresses are the platform's; parsed documents are remembered by its schema. There are
no caching headers, no registered operations, and no moment to read as of. It listens on `API_PORT`.
"""

from __future__ import annotations

import sys

import orjson
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView

from app.acting import services
from app.http.contexts import Contexts
from app.process import Process, serve
from app.services import image_links, open_asset_store, open_database, open_redis
from app.settings import Settings
from edge.follower import Follower
from resolvers.api import Api, build
from resolvers.context import RequestContext
from schema.combined import Combined


class View(GraphQLView[RequestContext, None]):
    """Strawberry's view, with the platform's context and orjson in place of `json`, as Strawberry recommends."""

    def __init__(self, api: Api, contexts: Contexts) -> None:
        super().__init__(schema=api, graphql_ide=None)
        self._contexts = contexts

    async def get_context(self, request: web.Request, response: web.Response | web.WebSocketResponse) -> RequestContext:
        """Make one operation's context."""
        del response
        viewer = await self._contexts.viewer(request.headers.get("Authorization", ""))
        return self._contexts.make(None, viewer)

    def encode_json(self, data: object) -> bytes:
        """Return an answer's body."""
        return orjson.dumps(data)


async def process(settings: Settings) -> Process:
    """Open what it stands on; the follower is never started."""
    database, redis = await open_database(settings), open_redis(settings)
    api, preparer = build()
    store = await open_asset_store(settings)
    acting = services(settings, database, redis, store, (api, preparer))
    app = web.Application()
    contexts = Contexts(acting, image_links(settings), Follower(redis), Combined(database))
    app.router.add_route("*", "/graphql", View(api, contexts))
    return Process(
        name="plain",
        application=app,
        port=settings.api_port,
        port_setting="API_PORT",
        close=(redis.aclose, store.close, database.close),
    )


if __name__ == "__main__":
    chosen = Settings.from_environment()
    sys.exit(serve(lambda: process(chosen), chosen))

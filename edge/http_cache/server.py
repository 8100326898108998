"""The edge on its own: `python -m app edge --origin URL`, an HTTP cache before any origin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import web

from edge.draining import Draining
from edge.fast import PEEK
from edge.http_cache.cache import HttpCache
from edge.http_cache.gateway import Gateway, leave_as_given
from edge.http_cache.interim import InterimResponse
from edge.http_cache.upstream import FOR_US
from edge.proxy import Proxy, open_session

CAPACITY = 256 * 1024 * 1024
_TIMEOUT = 30.0
_CONNECTIONS = 1000
_IDLE_SECONDS = 4  # less than after what servers usually close a connection that idles

GATEWAY: web.AppKey[Gateway] = web.AppKey("gateway", Gateway)


def create_gateway_app(
    origin: str, *, capacity: int = CAPACITY, timeout: float = _TIMEOUT, clock: Callable[[], float] | None = None
) -> web.Application:
    """Assemble a cache of so many bytes before an origin, which may be silent for `timeout` seconds.

    `clock` gives Unix seconds; by default the machine's, but for its adjustments.
    """
    app = web.Application(client_max_size=0)
    draining = Draining()

    async def run(app: web.Application) -> AsyncIterator[None]:
        # What may change something goes over a connection of its own: one that the origin was about to close could not
        # be told from one that it closed on receiving it, and such a request must not be sent twice.
        reading = aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_IDLE_SECONDS)
        writing = aiohttp.TCPConnector(limit=_CONNECTIONS, force_close=True)
        async with (
            open_session(timeout, reading, InterimResponse) as session,
            open_session(timeout, writing) as careful,
        ):
            proxy = Proxy(careful, origin, draining, stopped=FOR_US)
            gateway = app[GATEWAY] = Gateway(session, origin, proxy, HttpCache(capacity), clock)
            yield
            await gateway.close()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await app[GATEWAY].handle(request)

    app[PEEK] = lambda message: app[GATEWAY].peek(message)  # noqa: PLW0108 - there is none before the start
    app.cleanup_ctx.append(run)
    app.on_response_prepare.append(leave_as_given)
    app.on_shutdown.append(draining.drain)
    app.router.add_route("*", "/{tail:.*}", handle)
    return app

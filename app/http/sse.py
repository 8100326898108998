"""GraphQL over server-sent events, distinct connections mode (the graphql-sse protocol)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import ClientConnectionResetError, web

from edge.cdn.sharing import unshared
from resolvers.api import Api
from resolvers.context import RequestContext
from schema.prepared import Operation, Prepared

HEARTBEAT_SECONDS = 15.0


async def respond(
    request: web.Request,
    api: Api,
    prepared: Prepared,
    operation: Operation,
    variables: dict[str, Any],
    context: RequestContext,
) -> web.StreamResponse:
    """Stream an operation's results as `next` events, then `complete`; comments keep a quiet stream alive."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            **unshared(),
            "X-Content-Type-Options": "nosniff",  # here, because the middleware comes too late for a stream
            "X-Accel-Buffering": "no",
        }
    )
    results = await api.stream(
        prepared.text, variable_values=variables, context_value=context, operation_name=operation.name
    )
    await response.prepare(request)
    try:
        async for chunk in _with_heartbeat(_events(results)):
            await response.write(chunk)
        await response.write_eof()
    except ClientConnectionResetError:
        pass  # the client has gone; what it followed is closed below
    return response


async def _events(results: Any) -> AsyncIterator[bytes]:
    async for result in results:
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = [error.formatted for error in result.errors]
        yield b"event: next\ndata: " + orjson.dumps(payload) + b"\n\n"
    yield b"event: complete\ndata:\n\n"


async def _with_heartbeat(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Put a comment between events that are long in coming."""
    pending: asyncio.Future[bytes] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([pending], timeout=HEARTBEAT_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            try:
                yield pending.result()
            except StopAsyncIteration:
                return
            pending = None
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)

"""The edge process: one front door, answering registered public operations from memory.

Everything else is passed on: GraphQL to the API, `/images/…` to the image worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from redis.asyncio import Redis

from edge import answers
from edge.admin import observe
from edge.api_keys import Refusal
from edge.cache import Edge, EdgeConfig
from edge.fast import PEEK, TOLLS
from edge.gate import Admitted, payer_of, refused
from edge.http import matches, media_type
from edge.keys import Lookup, lookup
from edge.leases import Leases
from edge.metrics import PICTURES, REQUESTS
from edge.pictures import Picture, accepted, keepable
from edge.proxy import OriginError, Overheard, open_session
from edge.recognised import peek, recognise
from edge.second_layer import SecondLayer
from edge.store import Stored
from edge.stream import EntryId
from edge.tolls import SpentError, Tolls, answer_price, hit_price, refusal
from edge.usage import Usage

__all__ = ["EDGE", "Edge", "EdgeConfig", "create_edge_app"]

EDGE: web.AppKey[Edge] = web.AppKey("edge", Edge)


async def graphql(request: web.Request) -> web.StreamResponse:
    """Answer a GraphQL request from memory where that is right, from the API otherwise."""
    edge = request.app[EDGE]
    wanted = lookup(request.path, request.query, edge.plans) if request.method in {"GET", "HEAD"} else None
    if wanted is None or media_type(request.headers.get("Accept", "")) is None:
        listener = edge.listener(request)
        return await edge.api.forward(request, request.raw_path, cache_status="edge; fwd=bypass", listener=listener)
    own = edge.config.own_write(request.headers.get("Edge-As-Of", ""))
    if not edge.coherence.vouches(edge.clock()) or not edge.coherence.covers(own):
        REQUESTS.labels(wanted.plan.label, "bypass").inc()
        detail = "behind-own-write" if not edge.coherence.covers(own) else "no-pulse"
        return await edge.api.forward(request, request.raw_path, cache_status=f"edge; fwd=bypass; detail={detail}")
    admitted = await edge.gate.admit(request.headers, wanted.plan)
    if isinstance(admitted, Refusal):
        REQUESTS.labels(wanted.plan.label, "refused").inc()
        return refused(admitted)
    if isinstance(admitted, str) or not edge.coherence.vouches(edge.clock()):  # a key may take long
        REQUESTS.labels(wanted.plan.label, "bypass").inc()
        listener = edge.listener(request)
        return await edge.api.forward(request, request.raw_path, cache_status="edge; fwd=bypass", listener=listener)
    return await _look_up(request, edge, wanted, own, admitted)


async def _look_up(
    request: web.Request, edge: Edge, wanted: Lookup, own: EntryId | None, admitted: Admitted | None
) -> web.StreamResponse:
    """Answer from memory, from the second layer, or from the API, at the expense of who asks."""
    held = edge.store.get(wanted.key, edge.clock())
    try:
        if held is not None and held.remaining(edge.clock()) + held.stale_while_revalidate > 0:
            return await _hit(request, edge, wanted, (held, own, admitted))
        recalled = await edge.recall(wanted)
        if recalled is None:
            return await _miss(request, edge, wanted, admitted)
        status = f"edge; hit; ttl={recalled.remaining(edge.clock())}; detail=second-layer"
        response = answers.response(request, recalled, status, edge.clock())
        await _paid(request, edge, response, (recalled, admitted))
        REQUESTS.labels(wanted.plan.label, "recalled").inc()
    except SpentError as spent:
        return refusal(spent.verdict)
    return response


async def _hit(
    request: web.Request, edge: Edge, wanted: Lookup, found: tuple[Stored, EntryId | None, Admitted | None]
) -> web.StreamResponse:
    """Answer from memory; an aged answer is asked for anew meanwhile."""
    now, (held, own, admitted) = edge.clock(), found
    remaining = held.remaining(now)
    response = answers.response(request, held, f"edge; hit; ttl={remaining}", now)
    recognise(edge, request, wanted, own, _price(response, held), admitted)
    await _paid(request, edge, response, (held, admitted))
    REQUESTS.labels(wanted.plan.label, "hit" if remaining > 0 else "stale").inc()
    if remaining <= 0:
        edge.revalidate(wanted)
    return response


def _price(response: web.Response, held: Stored) -> int:
    return hit_price(len(held.bodies["identity"]) if response.status == HTTPStatus.OK else 0)


async def _paid(
    request: web.Request, edge: Edge, response: web.Response, found: tuple[Stored, Admitted | None]
) -> None:
    """Have an answer from memory paid, and counted where a key pays; raises SpentError."""
    held, admitted = found
    price = _price(response, held)
    if edge.tolls is not None:
        toll = await edge.tolls.pay(request, price, payer_of(admitted))
        response.headers.update(toll.headers)
    _count(edge, response, admitted, price)


def _count(edge: Edge, response: web.StreamResponse, admitted: Admitted | None, cost: int) -> None:
    """Count what a key has used, if it was one."""
    if admitted is not None and isinstance(response, web.Response):
        edge.gate.answered(admitted, cost, len(response.body) if isinstance(response.body, bytes) else 0)


async def _miss(request: web.Request, edge: Edge, wanted: Lookup, admitted: Admitted | None) -> web.StreamResponse:
    """Answer from the origin, or, where it fails, from what has merely aged meanwhile; raises SpentError.

    Who has waited for an answer pays for it as the origin would have them pay; who gets another pays nothing here.
    """
    if edge.tolls is None:
        response, body = await _fetched(request, edge, wanted)
        if body:
            _count(edge, response, admitted, answer_price(body))
        return response
    toll = await edge.tolls.pay(request, max(1, wanted.plan.cost), payer_of(admitted))
    body = b""
    try:
        response, body = await _fetched(request, edge, wanted)
    finally:
        toll.settle(answer_price(body) if body else 0)
    if body:
        response.headers.update(toll.headers)
        _count(edge, response, admitted, toll.actual)
    return response


async def _fetched(request: web.Request, edge: Edge, wanted: Lookup) -> tuple[web.StreamResponse, bytes]:
    """Answer from the origin, or where it fails: the response, and the body that was fetched for it, if any."""
    try:
        fetched = await edge.fetch(wanted)
    except OriginError as error:
        held = edge.store.get(wanted.key, edge.clock())
        if held is None or not edge.coherence.vouches(edge.clock()) or not _may_cover_for_error(held, edge.clock()):
            REQUESTS.labels(wanted.plan.label, "error").inc()
            return error.response(), b""
        REQUESTS.labels(wanted.plan.label, "stale").inc()
        status = f"edge; fwd=stale; fwd-status={error.status}; detail=stale-if-error"
        return answers.response(request, held, status, edge.clock()), b""
    if fetched is None:
        REQUESTS.labels(wanted.plan.label, "pass").inc()
        status, listener = "edge; fwd=miss; stored=?0", edge.listener(request)
        return await edge.api.forward(request, request.raw_path, cache_status=status, listener=listener), b""
    REQUESTS.labels(wanted.plan.label, "miss").inc()
    stored = "" if edge.store.peek(wanted.key) is None else "; stored"
    response = answers.response(request, fetched, f"edge; fwd=uri-miss{stored}", edge.clock())
    return response, fetched.bodies["identity"]


def _may_cover_for_error(held: Stored, now: float) -> bool:
    return held.remaining(now) + held.stale_if_error > 0


async def picture(request: web.Request) -> web.StreamResponse:
    """Answer with a picture from memory; else pass on to the image worker, which knows nothing of our prefix."""
    edge, path = request.app[EDGE], request.raw_path.removeprefix("/images")
    key, now, asked = (path, accepted(request.headers.get("Accept", ""))), edge.clock(), edge.coherence.position
    readable = request.method in {"GET", "HEAD"} and edge.coherence.vouches(now)
    held = edge.pictures.get(key, now) if readable else None
    if held is not None:
        PICTURES.labels("hit").inc()
        return _held(request, held, now)

    def listen(upstream: aiohttp.ClientResponse) -> Overheard | None:
        PICTURES.labels("miss").inc()
        length = upstream.content_length or 0
        if not readable or not keepable(upstream.status, upstream.headers) or not 0 < length <= edge.pictures.largest:
            return None
        headers = CIMultiDict(upstream.headers)
        return Overheard("edge; fwd=uri-miss; stored", lambda body: edge.pictures.keep(key, headers, body, asked, now))

    listener = listen if request.method == "GET" else None
    return await edge.images.forward(request, path, cache_status="edge; fwd=bypass", listener=listener)


def _held(request: web.Request, held: Picture, now: float) -> web.Response:
    """Make the response from a picture in memory; 304 where the client has it."""
    age, remaining = int(now - held.came), int(held.ends - now)
    headers = {**held.headers, "Age": str(age), "Cache-Status": f"edge; hit; ttl={remaining}"}
    if matches(request.headers.get("If-None-Match", ""), held.headers.get("ETag", "")):
        return web.Response(status=304, headers=headers)
    return web.Response(body=held.body, headers=headers)


async def anything(request: web.Request) -> web.StreamResponse:
    """Pass everything else on to the API."""
    return await request.app[EDGE].api.forward(request, request.raw_path, cache_status="edge; fwd=bypass")


def create_edge_app(
    config: EdgeConfig, redis: Redis, cache_redis: Redis | None = None, leases: Leases | None = None
) -> web.Application:
    """Assemble the edge; its follower runs from start-up to clean-up.

    `cache_redis` is the second layer's, `leases` are those of budgets; without them nothing is limited.
    """
    app = web.Application(client_max_size=0)
    app.on_response_prepare.append(config.guards.prepare)
    if leases is not None:
        app[TOLLS] = Tolls(leases, config.callers, config.guards.shared)

    async def run(app: web.Application) -> AsyncIterator[None]:
        async with open_session(config.timeout, aiohttp.TCPConnector(limit=1000)) as session:
            second_layer = SecondLayer(cache_redis) if cache_redis else None
            edge = app[EDGE] = Edge(config, session, Usage(redis), second_layer, app.get(TOLLS))
            observe(edge)
            working = [asyncio.create_task(work) for work in (edge.follow(redis).run(), edge.usage.run())]
            yield
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            await asyncio.gather(edge.close(), return_exceptions=True)

    async def drain(app: web.Application) -> None:
        await app[EDGE].draining.drain(app)

    app[PEEK] = lambda message: peek(app[EDGE], message)
    app.cleanup_ctx.append(run)
    app.on_shutdown.append(drain)
    app.router.add_route("*", "/graphql", graphql)
    app.router.add_route("*", "/graphql/{hash}", graphql)
    app.router.add_route("*", "/images/{tail:.*}", picture)
    app.router.add_route("*", "/{tail:.*}", anything)
    return app

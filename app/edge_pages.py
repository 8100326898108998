"""The pages of an edge's admin site: `/stats`, `/answers?most=N`, `/answers/{key}`. What they show is public anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import SystemRandom
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from redis.asyncio import Redis

from edge.admin import MOST_SAMPLED, held, sample, statistics
from edge.cache import Edge
from edge.lag import measure

_USUAL = 10


def pages(running: Callable[[], Edge], redis: Redis) -> Mapping[str, Handler]:
    """Return the pages by path; `running` gives the edge once it runs, `redis` is what carries its stream."""
    chance = SystemRandom()

    async def stats(_: web.Request) -> web.Response:
        edge = running()
        return _json(200, statistics(edge, await measure(redis, edge.coherence.position)))

    async def answers(request: web.Request) -> web.Response:
        given = request.query.get("most", str(_USUAL))
        if not (given.isascii() and given.isdecimal() and 1 <= int(given[:9]) <= MOST_SAMPLED):
            return _json(400, {"error": f"most: expected 1 to {MOST_SAMPLED}, got {given[:40]!r}"})
        edge = running()
        vouches = edge.coherence.vouches(edge.clock())
        return _json(200, {"vouches": vouches, "answers": sample(edge, int(given), chance)})

    async def answer(request: web.Request) -> web.Response:
        found = held(running(), request.match_info["key"])
        if found is None:
            return _json(404, {"error": "no answer would be served from memory for this key"})
        return _json(200, found)

    return {"/stats": stats, "/answers": answers, "/answers/{key}": answer}


def _json(status: int, body: Mapping[str, Any]) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)

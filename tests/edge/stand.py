"""An edge between a hand-made origin and a stream that is written by hand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from app.embedded.ports import free_port
from edge import stream
from edge.fast import FastRunner
from edge.gate import Credential, no_keys
from edge.leases import Leases
from edge.plans import Plan
from edge.server import EDGE, Edge, EdgeConfig, create_edge_app
from edge.stream import START, Change, Entry, EntryId
from edge.tags import header
from edge.tolls import NOBODY_KNOWN, Callers

PUBLIC, PRIVATE = "ab" * 32, "cd" * 32
PLANS = {
    id_: Plan(id_, name, "web", scope, 300, 1, ("first",), {}, "digest")
    for id_, name, scope in ((PUBLIC, "Shelf", "PUBLIC"), (PRIVATE, "Home", "VIEWER"))
}


@dataclass
class Origin:
    """Answers by `answer`, counts what it is asked, and makes whoever asks wait while `gate` is closed."""

    tags: set[str] = field(default_factory=lambda: {"Shelf", "Shelf:1"})
    as_of: EntryId = START
    body: dict[str, Any] = field(default_factory=lambda: {"data": {"shelf": ["libro"] * 200}})
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: Counter[str] = field(default_factory=Counter)
    requests: list[web.BaseRequest] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    other: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        self.asked[f"{request.method} {request.path}"] += 1
        self.requests.append(request)
        if self.other is not None:
            return await self.other(request)
        body, as_of = orjson.dumps(self.body), self.as_of
        self.waiting.set()
        await self.gate.wait()
        headers = {
            "Content-Type": "application/json",
            "CDN-Cache-Control": "max-age=300",
            "Surrogate-Key": header(self.tags),
            "Edge-As-Of-Read": str(as_of),
            **self.headers,
        }
        return web.Response(body=body, status=self.status, headers={k: v for k, v in headers.items() if v})


@dataclass
class Stand:
    """The edge, what is before and behind it."""

    url: str
    origin: Origin
    redis: Redis
    edge: Edge
    session: aiohttp.ClientSession
    runner: web.BaseRunner
    tail: EntryId = START
    front: web.BaseRunner | None = None

    def handled(self) -> int:
        """Return how many requests aiohttp has handled at the edge: the fast way's are not among them."""
        assert self.front is not None
        assert self.front.server is not None
        return self.front.server.requests_count

    async def publish(self, *tags: str, gap: bool = False) -> EntryId:
        """Append an event (a pulse where no tag is given) and wait until the edge has applied it."""
        before = EntryId(self.tail.time, self.tail.ordinal + 1) if gap else self.tail
        entry = Entry(EntryId(self.tail.time + 1, 0), before, "", tuple(map(Change, tags)))
        assert await stream.append(self.redis, self.tail, [entry]) is None
        self.tail = entry.id
        await until(lambda: self.edge.coherence.position == self.tail)
        return self.tail

    async def fresh(self) -> None:
        """Have the edge vouch for what it holds, and the origin know the stream's tail."""
        self.origin.as_of = await self.publish()
        for _ in range(3):  # a pulse counts from when the last one was heard
            if not self.edge.coherence.vouches(self.edge.clock()):
                self.origin.as_of = await self.publish()

    async def get(self, first: int = 1, **headers: str) -> tuple[str, int, Any]:
        """Ask for the shelf: (Cache-Status, status, body)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(self.shelf(first), headers=named) as response:
            return response.headers.get("Cache-Status", ""), response.status, await response.json()

    def shelf_asked(self) -> int:
        """Return how often the origin was asked for the shelf."""
        return self.origin.asked[f"GET /graphql/{PUBLIC}"]

    def shelf(self, first: int = 1) -> str:
        """Return the address of the public operation."""
        return f'{self.url}/graphql/{PUBLIC}?variables={{"first":{first}}}'


def counted(result: str) -> float:
    """Return how many look-ups of the shelf ended so."""
    return REGISTRY.get_sample_value("edge_requests_total", {"operation": "Shelf", "result": result}) or 0.0


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition that nothing tells of."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


def own_write(text: str) -> EntryId | None:
    """Read a client's own write; unsigned, since signing is not the edge's affair."""
    return EntryId.parse(text) if text else None


@asynccontextmanager
async def served(handler: web.Server | web.Application) -> AsyncIterator[tuple[int, web.BaseRunner]]:
    """Serve on a free port of this machine until the end: (port, what stops it earlier)."""
    runner: web.BaseRunner
    if isinstance(handler, web.Application):
        runner = FastRunner(handler, access_log=None, shutdown_timeout=1)
    else:
        runner = web.ServerRunner(handler, shutdown_timeout=1)
    await runner.setup()
    try:
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield port, runner
    finally:
        await runner.cleanup()


@asynccontextmanager
async def standing(
    redis_url: str,
    *,
    host: str = "127.0.0.1",
    silence: float = 30,
    capacity: int = 10**7,
    cache_redis: Redis | None = None,
    callers: Callers | None = None,
    plans: Mapping[str, Plan] = PLANS,
    credential: Credential = no_keys,
    flush: bool = True,
) -> AsyncIterator[Stand]:
    """Start an origin, called `host`, and an edge on a Redis database, which is emptied unless not `flush`.

    With `callers`, they have to pay.
    """
    origin = Origin()
    origin.gate.set()
    async with (
        Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=1) as redis,
        served(web.Server(origin.handle, access_log=None)) as (port, behind),
        aiohttp.ClientSession(auto_decompress=False, headers={"Accept-Encoding": "identity"}) as session,
    ):
        if flush:
            await redis.flushdb()
        behind_url = f"http://{host}:{port}"
        config = EdgeConfig(
            api=behind_url,
            images=behind_url,
            plans=plans,
            credential=credential,
            own_write=own_write,
            sign=str,
            prove=lambda hash_: f"{hash_}-0",
            timeout=silence,
            capacity=capacity,
            callers=callers or NOBODY_KNOWN,
        )
        app = create_edge_app(config, redis, cache_redis, Leases(redis) if callers else None)
        async with served(app) as (edge_port, front):
            stand = Stand(f"http://127.0.0.1:{edge_port}", origin, redis, app[EDGE], session, behind, front=front)
            await until(lambda: stand.edge.coherence.position is not None)
            yield stand

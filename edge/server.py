"""The edge process: one front door, answering registered public operations from memory.

Everything else is passed on: GraphQL to the API, `/images/…` to the image worker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import aiohttp
from aiohttp import web
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis

from edge import codings
from edge.coherence import Coherence
from edge.draining import Draining
from edge.follower import Follower
from edge.http import GRAPHQL_JSON, JSON, matches, media_type, shared_max_age
from edge.keys import Lookup, lookup
from edge.plans import Plan
from edge.proxy import OriginError, Proxy, reaching
from edge.store import Store, Stored
from edge.stream import Entry, EntryId

_REQUESTS = Counter("edge_requests_total", "GraphQL look-ups by result.", ["operation", "result"])
_INVALIDATED = Counter("edge_invalidated_total", "Answers dropped because something they show has changed.")
_BYTES = Gauge("edge_store_bytes", "Memory in use by stored answers.")


@dataclass(frozen=True, kw_only=True)
class EdgeConfig:
    """Where things are, and how much the edge may keep (bytes). `own_write` verifies a client's `Edge-As-Of`."""

    api: str
    images: str
    plans: Mapping[str, Plan]
    own_write: Callable[[str], EntryId | None]
    capacity: int = 256 * 1024 * 1024
    timeout: float = 30


@dataclass
class Edge:
    """What one edge holds: its store, what it knows of the stream, and the fetches under way."""

    config: EdgeConfig
    session: aiohttp.ClientSession
    coherence: Coherence = field(default_factory=Coherence)
    fetches: dict[str, asyncio.Future[Stored | None]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.store = Store(self.config.capacity)
        self.draining = Draining()
        self.api = Proxy(self.session, self.config.api, self.draining)
        self.images = Proxy(self.session, self.config.images, self.draining)

    def follow(self, redis: Redis) -> Follower:
        """Return the follower that keeps this edge coherent."""
        return Follower(
            redis,
            on_start=self._start,
            on_entries=self._apply,
            on_lost=self.coherence.lost,
            clock=lambda: self.clock(),  # noqa: PLW0108 - tests change the clock of a running edge
        )

    def _start(self, position: EntryId) -> None:
        self.coherence.position = position
        self.coherence.forget(position)
        self.store.clear()

    def _apply(self, entries: list[Entry], since: float) -> None:
        for entry in entries:
            tags = self.coherence.apply(entry, since)
            if tags is None:
                self.store.clear()
            elif tags:
                _INVALIDATED.inc(self.store.invalidate(tags, entry.id))
        _BYTES.set(self.store.used)

    async def ready(self) -> None:
        """Raise unless stored answers may be served."""
        if not self.coherence.vouches(self.clock()):
            raise RuntimeError("no pulse from the relay within 2 s: answering from the origin only")

    async def graphql(self, request: web.Request) -> web.StreamResponse:
        """Answer a GraphQL request from memory where that is right, from the API otherwise."""
        wanted = lookup(request.path, request.query, self.config.plans) if request.method in {"GET", "HEAD"} else None
        if wanted is None or media_type(request.headers.get("Accept", "")) is None:
            return await self.api.forward(request, request.raw_path, cache_status="edge; fwd=bypass")
        own = self.config.own_write(request.headers.get("Edge-As-Of", ""))
        if not self.coherence.vouches(self.clock()) or not self.coherence.covers(own):
            _REQUESTS.labels(wanted.plan.name, "bypass").inc()
            detail = "behind-own-write" if not self.coherence.covers(own) else "no-pulse"
            return await self.api.forward(request, request.raw_path, cache_status=f"edge; fwd=bypass; detail={detail}")
        held = self.store.get(wanted.key, self.clock())
        if held is not None:
            _REQUESTS.labels(wanted.plan.name, "hit").inc()
            remaining = held.max_age - held.age_at(self.clock())
            return self._answer(request, held, f"edge; hit; ttl={remaining}")
        try:
            fetched = await self._fetch(wanted)
        except OriginError as error:
            _REQUESTS.labels(wanted.plan.name, "error").inc()
            return error.response()
        if fetched is None:
            _REQUESTS.labels(wanted.plan.name, "pass").inc()
            return await self.api.forward(request, request.raw_path, cache_status="edge; fwd=miss; stored=?0")
        _REQUESTS.labels(wanted.plan.name, "miss").inc()
        stored = "" if self.store.get(wanted.key, self.clock()) is None else "; stored"
        return self._answer(request, fetched, f"edge; fwd=uri-miss{stored}")

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """Pass a picture's request on to the image worker, which knows nothing of our prefix."""
        return await self.images.forward(
            request, request.raw_path.removeprefix("/images"), cache_status="edge; fwd=bypass"
        )

    async def anything(self, request: web.Request) -> web.StreamResponse:
        """Pass everything else on to the API."""
        return await self.api.forward(request, request.raw_path, cache_status="edge; fwd=bypass")

    async def _fetch(self, wanted: Lookup) -> Stored | None:
        """Fetch an answer once for all who ask at the same time; None: it is not one that may be shared.

        Raises OriginError where there is no answer. Who joined a fetch gets its answer only if nothing that it shows
        moved between its `as_of` and their arrival.
        """
        while running := self.fetches.get(wanted.key):
            answer = await asyncio.shield(running)
            if answer is None or self.coherence.unmoved(answer.tags, answer.as_of):
                return answer
        task = asyncio.ensure_future(self._fetch_alone(wanted))
        self.fetches[wanted.key] = task
        task.add_done_callback(lambda _: self.fetches.pop(wanted.key, None))
        return await asyncio.shield(task)

    async def _fetch_alone(self, wanted: Lookup) -> Stored | None:
        request = self.session.get(
            f"{self.config.api}/graphql/{wanted.plan.id}",
            params={"variables": wanted.variables.decode()},
            headers={"Accept": JSON, "Accept-Encoding": "identity"},
        )
        with reaching(self.config.api):
            async with request as response:
                body = await response.read()
        headers = response.headers
        tags = frozenset(headers.get("Surrogate-Key", "").split())
        max_age = shared_max_age(headers)
        plain = "Content-Encoding" not in headers
        if response.status != 200 or max_age <= 0 or not tags or not plain:  # noqa: PLR2004 - OK alone is shared
            return None
        try:
            as_of = EntryId.parse(headers.get("Edge-As-Of-Read", ""))
        except ValueError:
            return None
        answer = Stored(
            bodies={"identity": body},
            etag=blake2b(body, digest_size=12).hexdigest(),
            tags=tags,
            as_of=as_of,
            stored_at=self.clock(),
            age=0,
            max_age=min(max_age, wanted.plan.max_age),
        )
        self._keep(wanted.key, answer)
        self._compress_later(wanted.key, answer)
        return answer

    def _keep(self, key: str, answer: Stored) -> None:
        if self.coherence.unmoved(answer.tags, answer.as_of):
            self.store.put(key, answer)
            _BYTES.set(self.store.used)

    def _compress_later(self, key: str, answer: Stored) -> None:
        """Encode the body in a thread, and put the result in its place if the answer is still the one that is held."""
        body = answer.bodies["identity"]

        async def compress() -> None:
            bodies = await asyncio.to_thread(codings.encode, body)
            if self.store.get(key, self.clock()) is answer:
                names = ("etag", "tags", "as_of", "stored_at", "age", "max_age")
                self.store.put(key, Stored(bodies=bodies, **{name: getattr(answer, name) for name in names}))

        task = asyncio.ensure_future(compress())
        _BACKGROUND.add(task)
        task.add_done_callback(_BACKGROUND.discard)

    def _answer(self, request: web.Request, answer: Stored, cache_status: str) -> web.Response:
        """Make a response: 304 where the client has the body, else the body in a coding it accepts."""
        content_type = media_type(request.headers.get("Accept", "")) or JSON
        coding = codings.choose(request.headers.get("Accept-Encoding", ""), answer.bodies)
        variant = ("g" if content_type == GRAPHQL_JSON else "j") + coding[0]
        etag = f'"{answer.etag}-{variant}"'
        headers = {
            "Cache-Control": "no-cache",
            "ETag": etag,
            "Vary": "Accept, Accept-Encoding",
            "Age": str(answer.age_at(self.clock())),
            "Cache-Status": cache_status,
        }
        if matches(request.headers.get("If-None-Match", ""), etag):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = f"{content_type}; charset=utf-8"
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return web.Response(body=answer.bodies[coding], headers=headers)


_BACKGROUND: set[asyncio.Future[None]] = set()  # asyncio itself keeps weak references only
EDGE: web.AppKey[Edge] = web.AppKey("edge", Edge)


def create_edge_app(config: EdgeConfig, redis: Redis) -> web.Application:
    """Assemble the edge; its follower runs from start-up to clean-up."""
    app = web.Application(client_max_size=0)

    async def run(app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=config.timeout)
        async with aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=1000),
            cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are never sent for another
            max_field_size=65536,
            timeout=timeout,
        ) as session:
            edge = app[EDGE] = Edge(config, session)
            following = asyncio.create_task(edge.follow(redis).run())
            yield
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def graphql(request: web.Request) -> web.StreamResponse:
        return await request.app[EDGE].graphql(request)

    async def picture(request: web.Request) -> web.StreamResponse:
        return await request.app[EDGE].picture(request)

    async def anything(request: web.Request) -> web.StreamResponse:
        return await request.app[EDGE].anything(request)

    async def drain(app: web.Application) -> None:
        await app[EDGE].draining.drain(app)

    app.cleanup_ctx.append(run)
    app.on_shutdown.append(drain)
    app.router.add_route("*", "/graphql", graphql)
    app.router.add_route("*", "/graphql/{hash}", graphql)
    app.router.add_route("*", "/images/{tail:.*}", picture)
    app.router.add_route("*", "/{tail:.*}", anything)
    return app

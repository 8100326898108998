"""One edge's cache: looking up, fetching once for many, keeping what is certain, and following the stream."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy
from redis.asyncio import Redis

from edge import codings
from edge.api_keys import Record, decode
from edge.coherence import Coherence
from edge.dependencies import Dependencies
from edge.draining import Draining
from edge.eviction import S3Fifo
from edge.fast import MEMORY, Reply
from edge.follower import Follower
from edge.gate import Credential, Gate, no_keys
from edge.guards import Guards
from edge.http import JSON, Lifetimes, lifetimes
from edge.keys import Lookup, document_hash, lookup
from edge.known_keys import KnownKeys
from edge.learned import Plans
from edge.metrics import INVALIDATED
from edge.pictures import Pictures
from edge.plans import Plan
from edge.proxy import FETCH, Listener, OriginError, OriginFailedError, Overheard, Proxy, reaching
from edge.second_layer import SecondLayer
from edge.store import Store, Stored
from edge.stream import Entry, EntryId
from edge.tolls import NOBODY_KNOWN, Callers, Tolls
from edge.usage import Usage

_MOST_TAGS_COUNTED = 10_000
_MOST_PLANS = 1000  # whose reads are remembered
_MOST_OVERHEARD = 1024 * 1024  # bytes of an answer that is kept while it is passed on
_HISTORY = 20_000  # entries of the stream that a new edge reads back, by which it judges what others have kept


@dataclass(frozen=True, kw_only=True)
class EdgeConfig:
    """Where things are, and how much the edge may keep (bytes).

    `own_write` verifies a client's `Edge-As-Of`; `sign` makes one of the edge's own position, and `mark` the
    `Edge-Fetch` by which the API knows a fetch of a document for the cache. `guards` are of answers. `callers` knows
    who calls, and who pays. `credential` reads an API key, and `prove` marks the question what a key may do.
    """

    api: str
    images: str
    plans: Mapping[str, Plan]
    own_write: Callable[[str], EntryId | None]
    sign: Callable[[EntryId], str]
    guards: Guards = field(default_factory=Guards)
    mark: Callable[[str], str] = str
    callers: Callers = NOBODY_KNOWN
    credential: Credential = no_keys
    prove: Callable[[str], str] = str
    capacity: int = 256 * 1024 * 1024
    timeout: float = 30


@dataclass
class Edge:
    """What one edge holds: its store, what it knows of the stream, and the fetches under way.

    `recognised` are requests that were answered from memory, by their meaning. `tolls` charges for answers from here;
    without it nothing is limited.
    """

    config: EdgeConfig
    session: aiohttp.ClientSession
    usage: Usage
    second_layer: SecondLayer | None = None
    tolls: Tolls | None = None
    coherence: Coherence = field(default_factory=Coherence)
    fetches: dict[str, asyncio.Future[Stored | None]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.store = Store(self.config.capacity)
        self.plans = Plans(self.config.plans, self.coherence)
        self.draining = Draining()
        address = self.config.callers.address
        self.api = Proxy(self.session, self.config.api, self.draining, address)
        self.images = Proxy(self.session, self.config.images, self.draining, address)
        self.pictures = Pictures(self.coherence)
        self.gate = Gate(self.config.credential, KnownKeys(self._api_key, self.coherence), self.usage)
        self.invalidations: Counter[str] = Counter()
        self.recognised: S3Fifo[Hashable, Reply] = S3Fifo(MEMORY)
        self._reads: dict[str, Mapping[str, frozenset[str]]] = {}
        self._background: set[asyncio.Task[None]] = set()  # asyncio itself keeps weak references only

    def follow(self, redis: Redis) -> Follower:
        """Return the follower that keeps this edge coherent."""
        return Follower(
            redis,
            history=_HISTORY if self.second_layer else 1,
            on_start=self._start,
            on_entries=self._apply,
            on_lost=self.coherence.lost,
            clock=lambda: self.clock(),  # noqa: PLW0108 - tests change the clock of a running edge
        )

    def _start(self, position: EntryId, history: list[Entry]) -> None:
        self.coherence.begin(position, history)
        self.store.clear()
        self.pictures.clear()
        self.plans.learned.clear()
        self.gate.keys.clear()

    def _apply(self, entries: list[Entry], since: float) -> None:
        for entry in entries:
            touches = self.coherence.apply(entry, since)
            if touches is None:
                self._count("*", self.store.clear() + self.pictures.clear())
                self.plans.learned.clear()
                self.gate.keys.clear()
                continue
            for touched in touches:
                self.plans.heard(touched.name)
                self.gate.keys.heard(touched)
                if dropped := self.store.invalidate(touched, entry.id) + self.pictures.invalidate(touched):
                    self._count(touched.name, dropped)

    def _count(self, tag: str, dropped: int) -> None:
        """Count what was dropped: in the metrics by type or list, for the operator by tag."""
        INVALIDATED.labels(tag.partition("?")[0].partition(":")[0]).inc(dropped)
        self.invalidations[tag] += dropped
        if len(self.invalidations) > _MOST_TAGS_COUNTED:
            self.invalidations = Counter(dict(self.invalidations.most_common(_MOST_TAGS_COUNTED // 2)))

    async def ready(self) -> None:
        """Raise unless stored answers may be served."""
        if not self.coherence.vouches(self.clock()):
            raise RuntimeError("no pulse from the relay for 1.5 s: answering from the origin only")

    async def close(self) -> None:
        """End what runs in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.usage.flush()

    async def fetch(self, wanted: Lookup) -> Stored | None:
        """Fetch an answer once for all who ask at the same time; None: it is not one that may be shared.

        Raises OriginError where there is no answer. Who joined a fetch gets its answer only if nothing that it shows
        moved between its `as_of` and their arrival.
        """
        while (running := self.fetches.get(wanted.key)) is not None and not running.done():
            answer = await asyncio.shield(running)
            if answer is None or self.coherence.unmoved(answer.dependencies, answer.as_of):
                return answer
        task = asyncio.ensure_future(self._fetch_alone(wanted))
        self.fetches[wanted.key] = task
        task.add_done_callback(lambda ended: self._forget(wanted.key, ended))
        return await asyncio.shield(task)

    def _forget(self, key: str, ended: asyncio.Future[Stored | None]) -> None:
        """Forget a fetch that has ended; who came between its end and this has begun another."""
        if self.fetches.get(key) is ended:
            del self.fetches[key]

    async def recall(self, wanted: Lookup) -> Stored | None:
        """Return what another edge has kept of this answer, if it is certain that it may still be served."""
        if self.second_layer is None:
            return None
        found = await self.second_layer.get(wanted, self.reads_of(wanted.plan), self.clock())
        if found is None or found.remaining(self.clock()) <= 0:
            return None
        if not self.coherence.unmoved(found.dependencies, found.as_of):
            return None
        self._keep(wanted.key, found)
        return found

    def revalidate(self, wanted: Lookup) -> None:
        """Fetch an answer anew in the background, unless that is under way."""
        if wanted.key not in self.fetches:
            self._later(self._refresh(wanted))

    async def _refresh(self, wanted: Lookup) -> None:
        try:
            await self.fetch(wanted)
        except OriginError:
            return  # the aged answer stays as long as it may

    async def _fetch_alone(self, wanted: Lookup) -> Stored | None:
        request = self.session.get(
            f"{self.config.api}/graphql/{wanted.plan.id}",
            params={"variables": wanted.variables.decode()},
            headers={
                "Accept": JSON,
                "Accept-Encoding": "identity",
                FETCH: self.config.mark(wanted.plan.id),
                **self._position(),
            },
        )
        with reaching(self.config.api):
            async with request as response:
                body = await response.read()
        if response.status >= 500:  # noqa: PLR2004 - the origin failed
            raise OriginFailedError(response.status, body, response.headers)
        return self._accept(wanted, response, body, self.clock())

    def _position(self) -> dict[str, str]:
        """Return the header by which the API reads no older than what this edge has applied: it may be behind us."""
        position = self.coherence.position
        return {"Edge-As-Of": self.config.sign(position)} if position is not None and position.time else {}

    async def _api_key(self, hash_: str) -> tuple[Record | None, EntryId]:
        """Ask the API for what it knows of a key; raises OriginError."""
        proof = {"Edge-Key": self.config.prove(hash_)}
        with reaching(self.config.api):
            async with self.session.get(
                f"{self.config.api}/internal/api-key", headers={**proof, **self._position()}
            ) as response:
                body, said = await response.read(), response.headers.get("Edge-As-Of-Read", "")
        try:
            if response.status == 200:  # noqa: PLR2004 - OK
                return decode(body), EntryId.parse(said)
        except ValueError as error:
            raise OriginError(502, "The origin does not say what a key may do.", "BAD_GATEWAY") from error
        raise OriginFailedError(response.status, body, response.headers)

    def listener(self, request: web.Request) -> Listener | None:
        """Return what learns from the answer that is passed on to a request, and keeps it where that is right.

        None where the request does not ask for an operation by its id alone.
        """
        id_ = document_hash(request.path, request.query) if request.method == "GET" else None
        if id_ is None:
            return None

        def listen(upstream: aiohttp.ClientResponse) -> Overheard | None:
            if self.plans.learn(id_, upstream.headers) is None:
                return None
            wanted, at = lookup(request.path, request.query, self.plans), self.clock()
            if wanted is None or not 0 < (upstream.content_length or 0) <= _MOST_OVERHEARD:
                return None
            status = "edge; fwd=uri-miss; detail=learned"
            return Overheard(status, lambda body: self._accept(wanted, upstream, body, at))

        return listen

    def _accept(self, wanted: Lookup, response: aiohttp.ClientResponse, body: bytes, at: float) -> Stored | None:
        """Keep an answer that came at a time, if that is certain to be right; None if it is not one to be shared."""
        life = lifetimes(response.headers)
        if response.status != 200 or life.max_age <= 0 or "Content-Encoding" in response.headers:  # noqa: PLR2004 - OK alone is shared
            return None
        if not self.plans.made_by(wanted.plan, response.headers):
            return None
        answer = self._stored(wanted, body, response.headers, life, at)
        if answer is not None:
            self._keep(wanted.key, answer)
            self._later(self._compress(wanted, answer))
        return answer

    def _stored(
        self, wanted: Lookup, body: bytes, headers: CIMultiDictProxy[str], life: Lifetimes, at: float
    ) -> Stored | None:
        tags = headers.get("Surrogate-Key", "")
        try:
            as_of = EntryId.parse(headers.get("Edge-As-Of-Read", ""))
            dependencies = Dependencies.parse(tags, headers.get("Edge-Ranges", ""), self.reads_of(wanted.plan))
        except ValueError:
            return None
        if not dependencies.tags:
            return None
        return Stored(
            plan=wanted.plan,
            variables=wanted.variables,
            bodies={"identity": body},
            etag=blake2b(body, digest_size=12).hexdigest(),
            dependencies=dependencies,
            as_of=as_of,
            stored_at=at,
            max_age=min(life.max_age, wanted.plan.max_age),
            stale_while_revalidate=life.stale_while_revalidate,
            stale_if_error=life.stale_if_error,
        )

    def reads_of(self, plan: Plan) -> Mapping[str, frozenset[str]]:
        """Return the fields that an operation reads, by type; one object for all its answers."""
        if plan.digest not in self._reads:
            if len(self._reads) >= _MOST_PLANS:
                self._reads.clear()
            self._reads[plan.digest] = {kind: frozenset(names) for kind, names in plan.fields.items()}
        return self._reads[plan.digest]

    def _keep(self, key: str, answer: Stored) -> bool:
        return self.coherence.unmoved(answer.dependencies, answer.as_of) and self.store.put(key, answer)

    async def _compress(self, wanted: Lookup, answer: Stored) -> None:
        """Encode the body in a thread, and put the result in its place if the answer is still the one that is held."""
        bodies = await asyncio.to_thread(codings.encode, answer.bodies["identity"])
        encoded = answer.encoded(bodies)
        if self.store.peek(wanted.key) is answer and self._keep(wanted.key, encoded) and self.second_layer:
            await self.second_layer.put(wanted, encoded, self.clock())

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

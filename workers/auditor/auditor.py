"""The auditor's loop: sample, compare, wait for the permitted lag, look again, tell.

It changes nothing and holds nothing up: it costs each edge a few look-ups, and the origin a few queries, every few
seconds. Several may run; each counts what it finds itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import aiohttp
from prometheus_client import Counter as Metric
from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge import stream
from edge.plans import Plan
from edge.stream import EntryId
from models.database import cancelled
from workers.auditor.asking import SECONDS, Edges, Origin, UnansweredError
from workers.auditor.findings import Finding, Touched, dependencies, most_telling, touching
from workers.auditor.verdicts import PERMITTED_LAG, Held, differs, stale

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 3.0
SAMPLE = 4
"""Answers of each edge that are compared every interval."""

_MOST_SEARCHED = 20_000  # entries of the stream, for the event that was missed
_PAGE = 1_000  # at once, so that the relay beside goes on meanwhile
_TOLD_AFTER = 3  # times in a row that an edge did not answer, before it is said
_MOST_TOLD = 1_000  # findings that are remembered, so that each counts once

_COMPARED = Metric("auditor_compared_total", "Answers of edges compared with the origin's.", ["operation"])
_STALE = Metric("auditor_stale_total", "Answers that still differed after the permitted lag.", ["operation"])
_UNANSWERED = Metric("auditor_unanswered_total", "Comparisons without a verdict, by who did not answer.", ["by"])


class Auditor:
    """Audits edges, named by the base URLs of their admin sites, against an origin.

    `plans` say which fields an operation reads, `sign` makes a moment an `Edge-As-Of`, `mark` an
    `Edge-Fetch`; `lag` and `interval` in seconds.
    """

    def __init__(
        self,
        edges: Sequence[str],
        origin: str,
        redis: Redis,
        *,
        plans: Mapping[str, Plan],
        sign: Callable[[EntryId], str],
        mark: Callable[[str], str] = str,
        lag: float = PERMITTED_LAG,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._edges = edges
        self._origin = origin
        self._redis = redis
        self._plans = plans
        self._sign = sign
        self._mark = mark
        self._lag = lag
        self._interval = interval
        self._told: dict[tuple[str, str, EntryId, str], None] = {}  # in the order of telling
        self._silent: Counter[str] = Counter()  # how often each edge did not answer, in a row
        for by in ("edge", "origin"):
            _UNANSWERED.labels(by)

    async def run(self) -> None:
        """Audit until cancelled."""
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, max_field_size=65536) as session:
            await asyncio.gather(*(self._keep_auditing(session, edge) for edge in self._edges))

    async def _keep_auditing(self, session: aiohttp.ClientSession, edge: str) -> None:
        while not cancelled():
            await asyncio.sleep(self._interval)  # first, since an edge that starts beside this process is soon there
            await self.audit(session, edge)

    async def audit(self, session: aiohttp.ClientSession, edge: str) -> list[Finding]:
        """Compare a sample of what one edge serves; return, count and log what is stale."""
        edges, origin = Edges(session), Origin(session, self._origin, self._sign, self._mark)
        try:
            sample = await edges.sample(edge, SAMPLE)
        except UnansweredError as error:
            _gave_up(error)
            self._silent[edge] += 1
            if self._silent[edge] == _TOLD_AFTER:
                log.warning("The edge at %s cannot be audited (%s); is EDGE_ADMIN_URLS right?", edge, error)
            return []
        self._silent[edge] = 0
        suspects = [held for held in sample if await self._differs(edge, held, origin)]
        if not suspects:
            return []
        await asyncio.sleep(self._lag)
        found = [await self._look_again(edge, held, edges, origin) for held in suspects]
        return [finding for finding in found if finding is not None]

    async def _differs(self, edge: str, held: Held, origin: Origin) -> bool:
        if (edge, held.key, held.as_of, held.digest) in self._told:
            return False
        try:
            digest = await origin.digest(held)
        except UnansweredError as error:
            _gave_up(error)
            return False
        _COMPARED.labels(held.operation).inc()
        _STALE.labels(held.operation)  # there from the first comparison on, so that a rate sees the first finding
        return differs(held, digest)

    async def _look_again(self, edge: str, then: Held, edges: Edges, origin: Origin) -> Finding | None:
        try:
            now = await edges.held(edge, then.key)
            if now is None:
                return None
            digest = await origin.digest(now)
        except UnansweredError as error:
            _gave_up(error)
            return None
        if not stale(then, now, digest):
            return None
        finding = Finding(edge, now, digest, *await self._missed(now))
        self._tell(finding)
        return finding

    async def _missed(self, held: Held) -> tuple[tuple[Touched, ...] | None, int]:
        """Return the events since an answer's `as_of` that name one of its tags, and among how many."""
        plan = self._plans.get(held.id)
        found: list[Touched] = []
        searched, position = 0, held.as_of
        try:
            read = dependencies(held, plan.fields if plan else {})
            while searched < _MOST_SEARCHED:
                entries = await stream.following(self._redis, position, _PAGE)
                if not entries:
                    break
                searched, position = searched + len(entries), entries[-1].id
                found += touching(entries, read)
        except (RedisError, OSError, ValueError) as error:
            log.warning("What a stale answer has missed cannot be told: %s", error)
            return None, searched
        return most_telling(found), searched

    def _tell(self, finding: Finding) -> None:
        held = finding.held
        self._told[finding.edge, held.key, held.as_of, held.digest] = None
        if len(self._told) > _MOST_TOLD:
            del self._told[next(iter(self._told))]
        _STALE.labels(held.operation).inc()
        log.error(finding.summary(), extra={"edge": finding.edge, **finding.details()})


def _gave_up(error: UnansweredError) -> None:
    _UNANSWERED.labels(error.by).inc()
    log.debug("No verdict: %s", error)

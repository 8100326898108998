"""What an edge tells its operator: what it counted, and which answers it holds."""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import Any

import orjson

from edge.cache import Edge
from edge.lag import Lag, seconds
from edge.metrics import BYTES, ENTRIES, HEARD, PICTURE_BYTES, POSITION, REQUESTS
from edge.store import Stored
from edge.tags import spelled

MOST_SAMPLED = 50
"""Answers that one request for a sample gets."""

_TOP = 20


def statistics(edge: Edge, lag: Lag | None) -> dict[str, Any]:
    """Return the counts since the start: by operation, by tag, the store, and the place in the stream.

    Times are seconds, sizes bytes; `heard_seconds` is the age of the newest pulse, null before the first;
    `position_seconds` MongoDB's time of the newest entry applied (Unix); `lag` is null where Redis does not answer.
    """
    operations: dict[str, dict[str, int]] = {}
    for sample in (sample for metric in REQUESTS.collect() for sample in metric.samples):
        if sample.name.endswith("_total"):
            counts = operations.setdefault(sample.labels["operation"], {})
            counts[sample.labels["result"]] = int(sample.value)
    heard = edge.clock() - edge.coherence.heard_at
    position = edge.coherence.position
    return {
        "operations": {
            name: {**counts, "bytes": edge.store.used_by[name], "hit_rate": _rate(counts)}
            for name, counts in sorted(operations.items())
        },
        "store": {"entries": len(edge.store), "bytes": edge.store.used, "capacity": edge.store.capacity},
        "pictures": {"entries": len(edge.pictures), "bytes": edge.pictures.used},
        "learned": {"plans": len(edge.plans.learned), "bytes": edge.plans.learned.used},
        "invalidations": dict(edge.invalidations.most_common(_TOP)),
        "stream": {
            "position": str(position) if position else None,
            "position_seconds": seconds(position) if position else None,
            "lag": lag._asdict() if lag else None,
            "heard_seconds": round(heard, 3) if heard < float("inf") else None,
            "vouches": edge.coherence.vouches(edge.clock()),
        },
    }


def observe(edge: Edge) -> None:
    """Have `/metrics` tell what an edge knows whenever it is asked."""
    BYTES.set_function(lambda: edge.store.used)
    PICTURE_BYTES.set_function(lambda: edge.pictures.used)
    ENTRIES.set_function(lambda: len(edge.store))
    HEARD.set_function(lambda: edge.clock() - edge.coherence.heard_at)
    POSITION.set_function(lambda: seconds(edge.coherence.position) if edge.coherence.position else 0)


def sample(edge: Edge, most: int, chance: Random) -> list[dict[str, Any]]:
    """Describe at most so many answers, drawn at random among those that memory would answer with now."""
    now = edge.clock()
    if not edge.coherence.vouches(now):
        return []
    drawn = edge.store.sample(min(most, MOST_SAMPLED), chance, lambda entry: _served(entry, now))
    return [_described(key, entry, now) for key, entry in drawn.items()]


def held(edge: Edge, key: str) -> dict[str, Any] | None:
    """Describe the answer that memory would give for a key now; None where it would not."""
    now = edge.clock()
    entry = edge.store.peek(key)
    if entry is None or not _served(entry, now) or not edge.coherence.vouches(now):
        return None
    return _described(key, entry, now)


def body_digest(body: bytes) -> str:
    """Return 96 bits of a body's BLAKE2b (hex), by which it is compared with another."""
    return blake2b(body, digest_size=12).hexdigest()


def _served(entry: Stored, now: float) -> bool:
    """Whether a client gets it: fresh, or aged and asked for anew meanwhile."""
    return entry.remaining(now) + entry.stale_while_revalidate > 0


def _described(key: str, entry: Stored, now: float) -> dict[str, Any]:
    """Say what an answer is; what it depends on is spelled as the origin's headers spell it. For `orjson`."""
    return {
        "key": key,
        "id": entry.plan.id,
        "operation": entry.plan.label,
        "variables": orjson.Fragment(entry.variables),
        "digest": body_digest(entry.bodies["identity"]),
        "as_of": str(entry.as_of),
        "age": entry.age_at(now),
        "ttl": entry.remaining(now),
        "tags": " ".join(map(spelled, entry.dependencies.tags)),
        "ranges": entry.dependencies.ranges.decode(),
    }


def _rate(counts: dict[str, int]) -> float:
    """Return the share of look-ups that memory answered."""
    hits = sum(counts.get(result, 0) for result in ("hit", "stale", "recalled"))
    return round(hits / max(1, sum(counts.values())), 4)

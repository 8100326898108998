"""What an edge tells its operator."""

from __future__ import annotations

from typing import Any

from edge.cache import Edge
from edge.metrics import REQUESTS

_TOP = 20


def statistics(edge: Edge) -> dict[str, Any]:
    """Return the counts since the start: by operation, by tag, the store, and the place in the stream.

    Times are seconds, sizes bytes; `heard_seconds` is the age of the newest pulse, null before the first.
    """
    operations: dict[str, dict[str, int]] = {}
    for sample in (sample for metric in REQUESTS.collect() for sample in metric.samples):
        if sample.name.endswith("_total"):
            counts = operations.setdefault(sample.labels["operation"], {})
            counts[sample.labels["result"]] = int(sample.value)
    sizes: dict[str, int] = {}
    for _, entry in edge.store.items():  # noqa: PERF102 - no mapping, but pairs
        sizes[entry.plan.name] = sizes.get(entry.plan.name, 0) + entry.cost
    heard = edge.clock() - edge.coherence.heard_at
    return {
        "operations": {
            name: {**counts, "bytes": sizes.get(name, 0), "hit_rate": _rate(counts)}
            for name, counts in sorted(operations.items())
        },
        "store": {"entries": len(edge.store), "bytes": edge.store.used, "capacity": edge.store.capacity},
        "invalidations": dict(edge.invalidations.most_common(_TOP)),
        "stream": {
            "position": str(edge.coherence.position) if edge.coherence.position else None,
            "heard_seconds": round(heard, 3) if heard < float("inf") else None,
            "vouches": edge.coherence.vouches(edge.clock()),
        },
    }


def _rate(counts: dict[str, int]) -> float:
    """Return the share of look-ups that memory answered."""
    hits = sum(counts.get(result, 0) for result in ("hit", "stale", "recalled"))
    return round(hits / max(1, sum(counts.values())), 4)

"""What an edge counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

REQUESTS = Counter("edge_requests_total", "GraphQL look-ups by result.", ["operation", "result"])
HTTP_REQUESTS = Counter("edge_http_requests_total", "Requests to an origin of any kind, by result.", ["result"])
INVALIDATED = Counter(
    "edge_invalidated_total", "Answers dropped because what they show has changed, by type or list.", ["by"]
)
BYTES = Gauge("edge_store_bytes", "Memory in use by stored answers.")

"""What an edge counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

REQUESTS = Counter("edge_requests_total", "GraphQL look-ups by result.", ["operation", "result"])
HTTP_REQUESTS = Counter("edge_http_requests_total", "Requests to an origin of any kind, by result.", ["result"])
PICTURES = Counter("edge_pictures_total", "Requests for pictures, by result.", ["result"])
LIMITED = Counter("edge_limited_total", "Requests refused by the edge because an address had spent its budget.")
INVALIDATED = Counter(
    "edge_invalidated_total", "Answers dropped because what they show has changed, by type or list.", ["by"]
)
ENTRIES = Gauge("edge_store_entries", "Stored answers.")
HEARD = Gauge("edge_heard_seconds", "Age of the newest pulse; from 1.5 s on nothing is answered from memory.")
POSITION = Gauge("edge_position_seconds", "MongoDB's time of the newest entry applied (Unix seconds).")
LAG_ENTRIES = Gauge("edge_lag_entries", "Entries of the stream not yet applied, 1000 for more; NaN if Redis is away.")
LAG_SECONDS = Gauge("edge_lag_seconds", "From the newest entry applied to the stream's tail, by MongoDB's clock.")
BYTES = Gauge("edge_store_bytes", "Memory in use by stored answers.")
PICTURE_BYTES = Gauge("edge_picture_bytes", "Memory in use by stored pictures.")

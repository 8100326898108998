"""What the image worker tells Prometheus, on the client library's default registry."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("images_requests_total", "Answers of the image worker, by status.", ["status"])
STAGE_SECONDS = Histogram(
    "images_stage_seconds",
    "Seconds that a picture spent in each stage: waiting for its turn, reading the original, rendering.",
    ["stage"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
QUEUE_LENGTH = Gauge("images_queue_length", "Pictures being made or waiting for it.")
VARIANTS = Counter(
    "images_variants_total", "Pictures sent, by whether they were kept already or had to be made.", ["by"]
)
MEMORY_BYTES = Gauge("images_memory_bytes", "Resident memory of the worker with its rendering processes.")
WARMED = Counter("images_jobs_total", "Jobs that make variants ahead, by how an attempt ended.", ["status"])

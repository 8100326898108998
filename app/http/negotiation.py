"""Which media type an answer has, by `Accept` (RFC 9110 §12.5.1, GraphQL over HTTP); pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"

_OFFERED = (JSON, GRAPHQL_JSON, EVENT_STREAM)  # the first wins where the client does not care


@lru_cache(maxsize=256)
def negotiate(accept: str) -> str | None:
    """Return the media type that a client prefers among ours, None if it accepts none of them."""
    if not accept.strip():
        return JSON
    best: tuple[float, int, int, str] | None = None
    for place, item in enumerate(accept.lower().split(",")):
        media_range, *parameters = (part.strip() for part in item.split(";"))
        quality = _quality(parameters)
        offered = next((offer for offer in _OFFERED if _matches(media_range, offer)), None)
        if offered is None or quality <= 0:
            continue
        rank = (quality, -media_range.count("*"), -place, offered)
        if best is None or rank > best:
            best = rank
    return best[3] if best else None


@lru_cache(maxsize=256)
def wants_page(accept: str) -> bool:
    """Whether a browser asks for a page rather than for data."""
    ranges = [item.split(";")[0].strip().lower() for item in accept.split(",")]
    return "text/html" in ranges and not {JSON, GRAPHQL_JSON, EVENT_STREAM} & set(ranges)


def _matches(media_range: str, offer: str) -> bool:
    if media_range in {"*/*", offer}:
        return True
    return media_range.endswith("/*") and offer.startswith(media_range[:-1])


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0

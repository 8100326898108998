"""Content codings: encoding a body once for each, and choosing one by `Accept-Encoding` (RFC 9110 §12.5.3)."""

from __future__ import annotations

import gzip

import brotli

from edge.http import weight

_SMALLEST = 512  # bytes; below, a coding saves nothing
_PREFERRED = ("br", "gzip")


def encode(body: bytes) -> dict[str, bytes]:
    """Return the body per coding; `identity` always, the others where they are smaller. Costs milliseconds of CPU."""
    bodies = {"identity": body}
    if len(body) < _SMALLEST:
        return bodies
    coded = {"br": brotli.compress(body, quality=5), "gzip": gzip.compress(body, compresslevel=6, mtime=0)}
    return bodies | {name: data for name, data in coded.items() if len(data) < len(body)}


def choose(accept_encoding: str, available: object) -> str:
    """Return the preferred coding among those available that the client accepts, else `identity`.

    `available` is a container of coding names.
    """
    if not accept_encoding:
        return "identity"
    accepted: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        name, _, parameter = item.partition(";")
        accepted[name.strip()] = weight(parameter.strip()) if parameter.strip() else 1.0
    anything = accepted.get("*", 0.0)
    for name in _PREFERRED:
        if name in available and accepted.get(name, anything) > 0:  # type: ignore[operator]  # see the docstring
            return name
    return "identity"

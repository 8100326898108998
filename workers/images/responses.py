"""The headers and bodies of the worker's answers: plain functions of what was asked and made."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from aiohttp import web

from edge.tags import header
from workers.images import render
from workers.images.errors import BusyError, ImageError, MethodError
from workers.images.negotiate import Accepted
from workers.images.render import Variant
from workers.images.sources import ASSET
from workers.images.url import Target

YEAR_SECONDS = 31_536_000
RETRY_SECONDS = 1
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # partners show our pictures in their pages
}


def entity_tag(target: Target, client: Accepted, mark: str = "") -> str:
    """Make a variant's strong ETag, without quotes; `mark` names the watermark's content.

    Keys of originals name their content, so the tag follows from what was asked and from what renders it, and a
    conditional request is answered without rendering.
    """
    negotiated = "" if target.options.format else client
    marked = mark if target.options.watermark else ""
    parts = (render.VERSION, target.source, repr(target.options.variant()), negotiated, marked)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def success_headers(target: Target, tag: str, now: float) -> dict[str, str]:
    """Make the headers that a picture and a 304 have in common; `now` is in seconds of Unix time."""
    age = min(YEAR_SECONDS, int(target.options.expires - now)) if target.options.expires else YEAR_SECONDS
    caching = {"ETag": f'"{tag}"', "Cache-Control": f"public, max-age={age}, immutable"}
    return GUARDS | caching | vary(target) | _surrogate_key(target)


def _surrogate_key(target: Target) -> dict[str, str]:
    """Name what caches before us forget the picture by: `Asset:<key>` is purged with the original."""
    key = target.source.removeprefix(ASSET)
    return {"Surrogate-Key": header(["Asset", f"Asset:{key}"])} if key != target.source else {}


def vary(target: Target | None) -> dict[str, str]:
    """Say what an answer depends on: the `Accept` header where the URL names no format."""
    return {"Vary": "Accept"} if target is not None and target.options.format is None else {}


def disposition(target: Target, variant: Variant) -> dict[str, str]:
    """Say how a browser should present the picture, where the URL has a wish (RFC 6266)."""
    options = target.options
    if not options.filename and not options.return_attachment:
        return {}
    kind = "attachment" if options.return_attachment else "inline"
    extension = variant.media_type.partition("/")[2].replace("jpeg", "jpg")
    name = f"{options.filename or target.source.rpartition('/')[2]}.{extension}"
    parameter = f'filename="{name}"' if name.isascii() else f"filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": f"{kind}; {parameter}"}


def problem(error: ImageError, target: Target | None = None) -> web.Response:
    """Make the answer for an error: JSON that names the problem, which nobody may keep."""
    headers = GUARDS | {"Cache-Control": "no-store"} | vary(target)
    if isinstance(error, BusyError):
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, MethodError):
        headers["Allow"] = "GET, HEAD"
    body = {"error": {"code": error.code, "message": str(error)}}
    return web.json_response(body, status=error.status, headers=headers)

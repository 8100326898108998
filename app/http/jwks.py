"""`/.well-known/jwks.json`: the public keys by which others can verify access tokens (RFC 7517, 8037)."""

from __future__ import annotations

import logging

import orjson
from aiohttp import web
from pymongo.errors import ConnectionFailure

from auth.keyring import Keyring
from auth.signing_keys import PUBLISHED_SECONDS
from edge.cdn.sharing import unshared

JWKS_PATH = "/.well-known/jwks.json"

log = logging.getLogger(__name__)


async def jwks(keys: Keyring) -> web.Response:
    """Answer with the keys that verify now, and those that will sign; caches may keep them for five minutes."""
    try:
        published = await keys.published()
    except ConnectionFailure as error:
        log.warning("The published keys cannot be read: %s", error)
        return web.json_response({"keys": []}, status=503, headers={**unshared(), "Retry-After": "2"})
    headers = {"Cache-Control": f"public, max-age={PUBLISHED_SECONDS}"}
    return web.Response(body=orjson.dumps(published), content_type="application/jwk-set+json", headers=headers)

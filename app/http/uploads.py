"""Receiving pictures: `PUT /uploads/<token>`, straight to the asset store's staging area."""

from __future__ import annotations

from aiohttp import web
from beanie import PydanticObjectId

from models.asset import UPLOAD_LIMIT, Upload
from models.entity import now
from resolvers.context import Services
from storage.assets import AssetStoreError, AssetTooLargeError

_CHUNK = 256 * 1024


def _error(status: int, message: str, code: str) -> web.Response:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


async def receive(request: web.Request, services: Services) -> web.Response:
    """Write a body to its staging key. Sending again replaces what was sent; 404 for a token that is not good."""
    token = services.keys.verified("upload", request.match_info["token"])
    upload = await Upload.get(PydanticObjectId(token)) if token else None
    if upload is None or upload.expires_at <= now() or upload.asset is not None:
        return _error(404, "This upload is unknown, expired or completed; create another.", "NOT_FOUND")
    if (request.content_length or 0) > UPLOAD_LIMIT:
        return _error(413, f"A picture has at most {UPLOAD_LIMIT} bytes.", "TOO_LARGE")
    try:
        stored = await services.assets.write(upload.key, request.content.iter_chunked(_CHUNK), limit=UPLOAD_LIMIT)
    except AssetTooLargeError:
        return _error(413, f"A picture has at most {UPLOAD_LIMIT} bytes.", "TOO_LARGE")
    except AssetStoreError as error:
        return _error(507, f"The picture could not be kept: {error}", "UNAVAILABLE")
    return web.json_response({"bytes": stored.size, "sha256": stored.sha256}, headers={"Cache-Control": "no-store"})

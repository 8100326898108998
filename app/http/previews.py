"""Drawings of designs' canvases: `GET /previews/<token>`, for the image worker, which makes pictures of them."""

from __future__ import annotations

import asyncio

from aiohttp import web
from bson import ObjectId

from models.element import Element
from resolvers.context import Services
from workers.previews.drawing import draw

_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}
_SHOWN = ("key", "kind", "x", "y", "width", "height", "rotation", "parent", "order", "props")


async def drawing(request: web.Request, services: Services) -> web.Response:
    """Draw a canvas as it is now, as SVG; 404 for a token that is not good, or where the design is gone.

    The token names an edit too, so that there is another address after each; an older one is drawn like the newest.
    """
    name = services.keys.verified("preview", request.match_info["token"])
    design, _, _ = (name or "").partition("-")
    database = services.database.handle
    if not name or await database["designs"].find_one({"_id": ObjectId(design)}, {"_id": 1}) is None:
        raise web.HTTPNotFound
    shown = dict.fromkeys(_SHOWN, 1)
    cursor = database[Element.Settings.name].find({"design": ObjectId(design), "removed": False}, shown)
    svg = await asyncio.to_thread(draw, await cursor.to_list())
    return web.Response(text=svg, content_type="image/svg+xml", headers=_HEADERS)

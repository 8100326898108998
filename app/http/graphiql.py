"""GraphiQL, the query page of the development server, from the bundle in `web/graphiql/dist`.

Everything the page loads is ours, so it works with the network blocked and under a strict content security policy.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_DIST = Path(__file__).resolve().parents[2] / "web" / "graphiql" / "dist"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # Monaco writes its themes into <style> elements
    "font-src 'self' data:; "  # the code font stands in the style sheet
    "img-src 'self' data:; "
    "connect-src 'self'; "  # the API, and its WebSocket: 'self' covers ws: and wss: (CSP level 3)
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)

# Said here, not left to the machine's table of types: under `nosniff` a script of another type does not run.
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ttf": "font/ttf"}


def add_graphiql(app: web.Application) -> None:
    """Serve the page's assets at `/graphiql/assets/…`; the page itself is `graphiql_page`.

    Raises:
        FileNotFoundError: the bundle is missing; `npm ci && npm run build` in `web/graphiql` makes it.

    """
    # The files are listed once: a name that is not in this list is not looked for on the disk at all.
    assets = {path.name: path for path in (_DIST / "assets").iterdir()}

    async def asset(request: web.Request) -> web.StreamResponse:
        path = assets.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound(text="GraphiQL has no such asset.")
        return web.FileResponse(
            path,
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",  # the name carries the content's hash
                "Content-Type": _MEDIA_TYPES[path.suffix],
                "X-Content-Type-Options": "nosniff",
            },
        )

    app.router.add_get("/graphiql/assets/{name}", asset)


def graphiql_page() -> web.Response:
    """Answer a browser's `GET /graphql` with the page. It shares its address with the API, hence `Vary`."""
    return web.Response(
        text=(_DIST / "index.html").read_text(encoding="utf-8"),
        content_type="text/html",
        charset="utf-8",
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
        },
    )

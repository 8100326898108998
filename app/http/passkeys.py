"""A small page of the development server to try passkeys with, from `web/passkeys`; it loads nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).resolve().parents[2] / "web" / "passkeys"
_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_passkeys(app: web.Application) -> None:
    """Serve the page at `/passkeys`, and its script and style below it."""

    def serving(name: str) -> web.Response:
        path = _FOLDER / name
        return web.Response(
            text=path.read_text(encoding="utf-8"),
            content_type=_MEDIA_TYPES[path.suffix],
            charset="utf-8",
            headers={
                "Cache-Control": "no-cache",
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Referrer-Policy": "no-referrer",
            },
        )

    async def page(_: web.Request) -> web.Response:
        return serving("index.html")

    async def asset(request: web.Request) -> web.Response:
        return serving(request.match_info["name"])

    app.router.add_get("/passkeys", page)
    app.router.add_get("/passkeys/{name:passkeys\\.(?:css|js)}", asset)

"""The headers that every answer has: what browsers may do with it, and whose pages may read it (CORS); pure.

Sources: the OWASP REST Security Cheat Sheet (headers), the Fetch standard §3.2 (CORS), RFC 6797 (HSTS). No answer of
ours depends on cookies, so a page of another origin sees nothing that its own server could not ask for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Final

from aiohttp import web

from edge import fields
from edge.cdn.sharing import unshared

ANY: Final = "*"
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",  # pages read with CORS, or not at all
    "Server": "disenopro",  # and not which versions of what
}
_HSTS: Final = {"Strict-Transport-Security": "max-age=31536000"}
_READABLE: Final = (
    "Age, Cache-Status, Edge-As-Of, ETag, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id"
)
_ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT"
_PREFLIGHT_SECONDS: Final = 7200  # the most that Chromium remembers


class Headers(dict[str, str]):
    """Headers that many answers have, which are spelled once; they are not changed after that."""

    @cached_property
    def lines(self) -> str:
        """Return them as they stand in a head."""
        return "".join([f"{name}: {value}\r\n" for name, value in self.items()])


class Guards:
    """What answers are guarded by. `origins` are those whose pages may read them, or `*`; `https` says we are on TLS.

    `shared` are the headers of what is everybody's, and the same whoever asks: a cache may keep it for all.
    """

    def __init__(self, origins: Collection[str] = (), *, https: bool = False) -> None:
        self._origins = frozenset(origins)
        self._always = Headers({**_ALWAYS, **(_HSTS if https else {})})
        self.shared = Headers({**self._always, **(_readable_by(ANY) if origins else {})})

    def headers(self, origin: str | None) -> Headers:
        """Return those of an answer to a page of `origin` (None: to no page), which nobody else is given."""
        if not self._admits(origin):
            return self._always
        return self.shared if ANY in self._origins else Headers({**self._always, **_readable_by(origin or "")})

    def opens(self, origin: str) -> bool:
        """Whether a page of another origin may open a socket: only of one that is named, since `*` names nobody."""
        return origin in self._origins and origin != ANY

    def preflight(self, asked: Mapping[str, str]) -> web.Response | None:
        """Answer a browser that asks whether its page may ask (its headers are `asked`); None where it may not."""
        origin = asked.get("Origin")
        if "Access-Control-Request-Method" not in asked or not self._admits(origin):
            return None
        wanted = fields.items([asked.get("Access-Control-Request-Headers", "")])
        headers = {
            "Access-Control-Allow-Methods": _ALLOWED_METHODS,
            "Access-Control-Allow-Headers": ", ".join(name for name in wanted if name.replace("-", "").isalnum()),
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
            **unshared(),
        }
        return web.Response(status=204, headers=headers)

    async def prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add what an answer lacks before its head is sent; aiohttp's applications do it `on_response_prepare`.

        What was passed on has them from where it comes; a page may have a policy of its own.
        """
        kept = "no-store" not in response.headers.get("Cache-Control", "no-store")
        for name, value in (self.shared if kept else self.headers(request.headers.get("Origin"))).items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = _ALWAYS["Server"]  # aiohttp has put its own there

    def _admits(self, origin: str | None) -> bool:
        return origin is not None and (ANY in self._origins or origin in self._origins)


def _readable_by(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": _READABLE,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }

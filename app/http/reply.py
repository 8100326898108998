"""An answer to one GraphQL request, before it is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from app.http.negotiation import GRAPHQL_JSON, JSON

_REASONS = {int(status): status.phrase for status in HTTPStatus}
_TYPES = {type_: f"{type_}; charset=utf-8" for type_ in (JSON, GRAPHQL_JSON)}


class Reply(NamedTuple):
    """A status, the media type that the client prefers, headers beside it, and a body; what is no stream is JSON."""

    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes

    def response(self) -> web.Response:
        """Return it for aiohttp to send."""
        return web.Response(body=self.body, status=self.status, headers={**self._content_headers(), **self.headers})

    def spelled(self) -> tuple[bytes, bytes]:
        """Return it as bytes, head and body, with the headers that aiohttp and the application would add."""
        fields = {
            **self._content_headers(),
            **self.headers,
            "Content-Length": str(len(self.body)),
            "Date": rfc822_formatted_time(),
        }
        lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
        head = f"HTTP/1.1 {self.status} {_REASONS.get(self.status, '')}\r\n{''.join(lines)}\r\n".encode()
        if head.count(b"\n") != len(lines) + 2 or head.count(b"\r") != len(lines) + 2:
            raise ValueError("A header's value has a line break.")
        return head, self.body

    def _content_headers(self) -> dict[str, str]:
        return {"Content-Type": _TYPES.get(self.media_type, _TYPES[JSON]), "Vary": "Accept"}

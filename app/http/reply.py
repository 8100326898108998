"""An answer to one GraphQL request, before it is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from app.http.negotiation import GRAPHQL_JSON, JSON
from edge.guards import Headers

_REASONS = {int(status): status.phrase for status in HTTPStatus}
_CONTENT = {
    type_: Headers({"Content-Type": f"{type_}; charset=utf-8", "Vary": "Accept"}) for type_ in (JSON, GRAPHQL_JSON)
}
_UNGUARDED: Final = Headers()


class Reply(NamedTuple):
    """A status, the media type that the client prefers, headers beside it, and a body; what is no stream is JSON.

    `guards` are headers that every answer has.
    """

    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes
    guards: Headers = _UNGUARDED

    def response(self) -> web.Response:
        """Return it for aiohttp to send."""
        headers = {**self._content, **self.guards, **self.headers}
        return web.Response(body=self.body, status=self.status, headers=headers)

    def spelled(self) -> tuple[bytes, bytes]:
        """Return it as bytes, head and body, with the headers that aiohttp and the application would add."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers.items()])
        if lines.count("\n") != len(self.headers) or lines.count("\r") != len(self.headers):
            raise ValueError("A header's value has a line break.")
        head = (
            f"HTTP/1.1 {self.status} {_REASONS.get(self.status, '')}\r\n{self._content.lines}{self.guards.lines}{lines}"
            f"Content-Length: {len(self.body)}\r\nDate: {rfc822_formatted_time()}\r\n\r\n"
        )
        return head.encode(), self.body

    @property
    def _content(self) -> Headers:
        return _CONTENT.get(self.media_type, _CONTENT[JSON])

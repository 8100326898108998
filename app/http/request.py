"""Reading a GraphQL request from HTTP: parameters, checked in shape; pure but for reading the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import orjson
from aiohttp import web

from app.http.negotiation import JSON

MOST_BODY_BYTES = 1024 * 1024
_HEX = re.compile(r"[0-9a-f]{64}")


class RequestError(Exception):
    """A request is refused before GraphQL sees it: an HTTP status, a message and a code."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Parameters(NamedTuple):
    """What a GraphQL request says. `document_id` is a SHA-256 in hex; `apq` tells Apollo's spelling of it."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any]
    apq: bool = False


class Incoming(Protocol):
    """A request as far as GraphQL needs it: aiohttp's, or one that was recognised before (see `app.http.quick`)."""

    @property
    def method(self) -> str:
        """Its method, in capital letters."""
        ...

    @property
    def raw_path(self) -> str:
        """Its target, as it was sent."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, whose names may be written in any case."""
        ...

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters in its target, decoded."""
        ...

    @property
    def match_info(self) -> Mapping[str, Any]:
        """What its path says: the `hash` of a document, if any."""
        ...

    @property
    def content_type(self) -> str:
        """The media type of its body."""
        ...

    @property
    def remote(self) -> str | None:
        """The address at the other end of the connection."""
        ...

    async def read(self) -> bytes:
        """Return its body."""
        ...


async def read(request: Incoming) -> Parameters:
    """Return a request's parameters.

    Raises:
        RequestError: the method, the media type, the size or the shape is wrong; names the parameter.

    """
    if request.method in {"GET", "HEAD"}:
        return parse(_from_query(request.query), request.match_info.get("hash"))
    if request.method != "POST":
        raise RequestError(405, "GraphQL is asked with GET or POST.", "METHOD_NOT_ALLOWED", Allow="GET, POST")
    if request.content_type != JSON:
        raise RequestError(415, f"The body must be {JSON}, not {request.content_type!r}.", "UNSUPPORTED_MEDIA_TYPE")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise RequestError(413, f"A body has at most {MOST_BODY_BYTES} bytes.", "TOO_LARGE") from error
    return parse(_object(body, "The body"), request.match_info.get("hash"))


def parse(data: Mapping[str, Any], path_hash: str | None = None) -> Parameters:
    """Check the parameters' types; raises RequestError."""
    query, operation_name = _text(data, "query"), _text(data, "operationName")
    variables, extensions = _mapping(data, "variables"), _mapping(data, "extensions")
    document_id = _text(data, "documentId")
    persisted = extensions.get("persistedQuery")
    apq = isinstance(persisted, dict)
    if document_id is not None:
        if not document_id.startswith("sha256:"):
            raise RequestError(400, "documentId: expected `sha256:` and 64 hexadecimal digits.")
        document_id = document_id.removeprefix("sha256:")
    elif isinstance(persisted, dict):
        if persisted.get("version") != 1 or not isinstance(persisted.get("sha256Hash"), str):
            raise RequestError(400, "extensions.persistedQuery: expected version 1 and a sha256Hash.")
        document_id = persisted["sha256Hash"]
    document_id = path_hash or document_id
    if document_id is not None and not _HEX.fullmatch(document_id):
        raise RequestError(400, "An operation's id is a SHA-256: 64 small hexadecimal digits.")
    if query is None and document_id is None:
        raise RequestError(400, "query: it is missing, and so is the id of a registered operation.")
    return Parameters(query, document_id, operation_name, variables, apq)


def _from_query(query: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {name: query[name] for name in ("query", "operationName", "documentId") if name in query}
    for name in ("variables", "extensions"):
        if query.get(name):
            data[name] = _object(query[name].encode(), name)
    return data


def _object(text: bytes, name: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"{name}: this is not JSON ({error}).") from error
    if isinstance(value, list):
        raise RequestError(400, f"{name}: expected one JSON object, got a list; batches are not supported.")
    if value is None and name != "The body":
        return {}
    if not isinstance(value, dict):
        raise RequestError(400, f"{name}: expected a JSON object.")
    return value


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(400, f"{name}: expected a string.")
    return value or None


def _mapping(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if value is not None and not isinstance(value, dict):
        raise RequestError(400, f"{name}: expected an object.")
    return value or {}

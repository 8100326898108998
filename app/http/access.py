"""Who may ask an operation: everybody, who has a key, members.

A key asks registered operations by their ids, and nothing else. Operations of an organization are asked with a key of
it or by its members; to all others there is no such operation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web
from graphql import OperationType

from app.edge_fetches import what_is_marked
from app.http.api_keys import ApiKeys, viewer_of
from app.http.contexts import Contexts
from app.http.registry import Document
from app.http.request import Parameters, RequestError
from app.services import own_write
from auth import api_keys
from auth.signatures import Keys
from auth.tokens import InvalidTokenError
from auth.viewer import Viewer
from edge.api_keys import (
    MALFORMED,
    NEEDED,
    NO_RECORD,
    READS_ONLY,
    UNREGISTERED,
    Record,
    Refusal,
    refused,
    unregistered,
    unusable,
)
from edge.cdn.sharing import unshared
from edge.plans import PARTNERS
from edge.proxy import FETCH
from edge.stream import EntryId
from edge.usage import Usage
from schema.prepared import Operation, document_id


class Asker(NamedTuple):
    """What a request came with: a key's record, and the document that an edge proves to ask on its own account."""

    record: Record | None = None
    edge_asks: str = ""


@dataclass(frozen=True)
class Access:
    """Decides for one process of the API."""

    contexts: Contexts
    records: ApiKeys
    usage: Usage

    async def asker(self, headers: Mapping[str, str], parameters: Parameters, as_of: EntryId | None) -> Asker:
        """Return what a request came with; raises RequestError for a key that may not be used, or not for this."""
        hash_ = api_keys.presented(headers.get("Authorization", ""))
        if hash_ is None:
            return Asker(edge_asks=what_is_marked(self._keys, headers.get(FETCH, "")))
        if not hash_:
            raise refusal(MALFORMED)
        record = await self.records.record(hash_, as_of)
        why = unusable(record, headers.get("Origin", ""), time.time())
        if why is None and (parameters.document_id is None or parameters.query is not None):
            why = UNREGISTERED
        if why is not None:
            raise refusal(why)
        return Asker(record)

    async def admit(self, asker: Asker, document: Document, operation: Operation, authorization: str) -> Viewer | None:
        """Let a request through to its operation, and return who asks, if that is known by now; else RequestError."""
        id_ = document_id(document.text) if document.audience or asker.record is not None else ""
        if asker.record is not None:
            why = refused(asker.record, id_, document.audience, "PUBLIC" if operation.public else "VIEWER")
            if why is None and operation.kind is not OperationType.QUERY:
                why = READS_ONLY
            if why is not None:
                raise refusal(why)
            return viewer_of(asker.record)
        if not document.audience or asker.edge_asks == id_:
            return None
        if document.audience == PARTNERS:
            raise refusal(NEEDED)
        return await self._member(id_, authorization)

    async def check_token(self, authorization: str) -> None:
        """Refuse a token that is not good; raises RequestError.

        Also where nothing is found to ask: what is refused must not tell whether there is something.
        """
        try:
            await self.contexts.claims(authorization)
        except InvalidTokenError as error:
            raise invalid_token(error) from error

    async def api_key(self, request: web.Request) -> web.Response:
        """Tell an edge what a key may do, whose hash it knows; to all others there is no such page."""
        hash_ = what_is_marked(self._keys, request.headers.get("Edge-Key", ""), purpose="api-key")
        if not hash_:
            raise web.HTTPNotFound
        as_of = self.contexts.as_of(own_write(self._keys, request.headers.get("Edge-As-Of", "")))
        if as_of is None:
            raise web.HTTPServiceUnavailable
        record = await self.records.record(hash_, as_of)
        headers = {**unshared(), "Edge-As-Of-Read": str(as_of)}
        body = NO_RECORD if record is None else record.encode()
        return web.Response(body=body, content_type="application/json", headers=headers)

    @property
    def _keys(self) -> Keys:
        return self.contexts.services.keys

    async def _member(self, id_: str, authorization: str) -> Viewer:
        """Return the member who asks an operation of their organization; raises RequestError for all others."""
        try:
            viewer = await self.contexts.viewer(authorization)
        except InvalidTokenError as error:
            raise invalid_token(error) from error
        if not await self.records.registered_by(id_, [*viewer.roles]):
            raise refusal(unregistered(id_))
        return viewer


def refusal(why: Refusal) -> RequestError:
    """Return the error that answers with a refusal."""
    return RequestError(why.status, why.message, why.code, **why.headers)


def invalid_token(error: InvalidTokenError) -> RequestError:
    """Return the error that answers a token that is not good."""
    return RequestError(401, str(error), "NOT_SIGNED_IN", WWW_Authenticate='Bearer error="invalid_token"')

"""The documents that may be asked for by id: the release's, partners', and Apollo's automatic ones if switched on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.http.partners import PartnerDocuments
from app.http.request import Parameters, RequestError
from edge.api_keys import unregistered
from edge.plans import EVERYBODY, OPERATIONS, ORGANIZATION, PARTNERS
from edge.stream import EntryId
from schema.prepared import document_id

log = logging.getLogger(__name__)
_APQ_SECONDS = 24 * 3600
_LONGEST_APQ = 65_536
_REDIS_SECONDS = 0.25  # how long a request waits for a Redis that hangs


def load(folder: Path = OPERATIONS) -> dict[str, str]:
    """Read `manifest.json`: documents by id."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    return {operation["id"]: operation["body"] for operation in manifest["operations"]}


class Document(NamedTuple):
    """A document's text, whether it is known to be registered, and who may ask it (see `edge.plans`)."""

    text: str
    registered: bool
    audience: str = EVERYBODY


class Registry:
    """Finds the document that a request means. `for_partners` are the ids of those that the release has for them."""

    def __init__(
        self,
        registered: dict[str, str],
        partners: PartnerDocuments,
        redis: Redis,
        *,
        apq: bool,
        for_partners: Collection[str] = (),
    ) -> None:
        self.registered = registered
        self._partners = partners
        self._redis = redis
        self._apq = apq
        self._for_partners = for_partners

    async def document(self, parameters: Parameters, as_of: EntryId | None) -> Document:
        """Return the document, as it was registered at `as_of` or later.

        Raises:
            RequestError: the id is unknown, or is not that of the document that came with it.

        """
        wanted, query = parameters.document_id, parameters.query
        if wanted is None:
            return Document(query or "", registered=False)
        if query is not None:
            if document_id(query) != wanted:
                raise RequestError(400, "The operation's id is not the SHA-256 of the document that came with it.")
            if parameters.apq and self._apq and wanted not in self.registered:
                await self._remember(wanted, query)
            return Document(query, registered=False)
        if wanted in self.registered:
            audience = PARTNERS if wanted in self._for_partners else EVERYBODY
            return Document(self.registered[wanted], registered=True, audience=audience)
        partners = await self._partners.document(wanted, as_of)
        if partners is not None:
            return Document(partners, registered=True, audience=ORGANIZATION)
        known = await self._recall(wanted) if self._apq else None
        if known is not None:
            return Document(known, registered=False)
        if parameters.apq:  # the words that Apollo's clients wait for before they send the document
            raise RequestError(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        unknown = unregistered(wanted)
        raise RequestError(unknown.status, unknown.message, unknown.code)

    async def _remember(self, id_: str, query: str) -> None:
        if len(query) > _LONGEST_APQ:
            return
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                await self._redis.set(f"apq:{id_}", query, ex=_APQ_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("A document was not remembered: %s", error)

    async def _recall(self, id_: str) -> str | None:
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                found = await self._redis.get(f"apq:{id_}")
        except (RedisError, OSError) as error:
            log.warning("A document could not be looked up: %s", error)
            return None
        return found.decode() if isinstance(found, bytes) else None

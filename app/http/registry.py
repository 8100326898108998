"""The documents that may be asked for by id: the release's, partners', and Apollo's automatic ones if switched on."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import NamedTuple

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.http.partners import PartnerDocuments
from app.http.request import Parameters, RequestError
from edge.plans import OPERATIONS
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
    """A document's text, and whether it is known to be registered."""

    text: str
    registered: bool


class Registry:
    """Finds the document that a request means."""

    def __init__(self, registered: dict[str, str], partners: PartnerDocuments, redis: Redis, *, apq: bool) -> None:
        self.registered = registered
        self._partners = partners
        self._redis = redis
        self._apq = apq

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
            return Document(self.registered[wanted], registered=True)
        partners = await self._partners.document(wanted, as_of)
        if partners is not None:
            return Document(partners, registered=True)
        known = await self._recall(wanted) if self._apq else None
        if known is not None:
            return Document(known, registered=False)
        if parameters.apq:  # the words that Apollo's clients wait for before they send the document
            raise RequestError(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        raise RequestError(404, f"No operation is registered as sha256:{wanted}.", "PERSISTED_QUERY_NOT_FOUND")

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

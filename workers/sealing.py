"""Sealing the audit log: what actions have written is chained afterwards, so that none of them waits for another.

Several relays may seal. A batch is one transaction, which moves the ends of chains from what it has read: of two that
read the same, one is undone and finds nothing more to do. Entries are taken in the order of their times; one that
commits late gets a later number than younger ones.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bson import ObjectId
from prometheus_client import Counter, Gauge
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from auth.chain import Head, Row, chain_name, ends_with, genesis, head_of, read, seal, signed
from auth.signatures import Keys
from models.audit import AuditChain
from models.database import Database, cancelled
from models.entity import now
from workers.stored_entries import raw

log = logging.getLogger(__name__)

REST_SECONDS: Final = 0.5
"""Between two looks; with a batch's own time, how long an entry is there without a seal."""

_BATCH: Final = 500
_CHECKED: Final = 20
_ANOTHER_SECRET_SECONDS: Final = 60.0
_ORDER: Final = [("created_at", 1), ("_id", 1)]

_SEALED = Counter("audit_sealed_total", "Entries of the audit log that were sealed.")
_WAITING = Gauge("audit_unsealed_seconds", "Age of the oldest entry of the audit log that waits to be sealed.")
_REFUSED = Gauge("audit_refused_entries", "Entries of the audit log that are not sealed, since no process signed them.")


class ForkedError(Exception):
    """The end of a chain is not where the transaction has read it, or an entry has been sealed meanwhile."""


@dataclass(frozen=True)
class _Page:
    """What one transaction has looked at."""

    entries: int = 0
    sealed: int = 0
    last: tuple[Any, ...] | None = None


class AnotherSecretError(Exception):
    """The chains that are there were sealed with another secret: to go on would spoil them."""

    def __init__(self) -> None:
        super().__init__("it was sealed with another secret: set AUDIT_SECRET to what SECRET_KEY was then")


class Sealer:
    """Seals the log of one database. `sealed` counts what this one has sealed."""

    def __init__(self, database: Database, key: bytes, keys: Keys) -> None:
        self._database, self._key, self._keys = database, key, keys
        self._fits = False
        self.sealed = 0

    async def run(self) -> None:
        """Seal until cancelled; come back by itself from whatever MongoDB does."""
        refused = 0
        while not cancelled():
            try:
                before, (_, refused) = refused, await self.seal()
                if refused > before:
                    log.error(
                        "%s entries of the audit log are not sealed: none of our processes wrote them so. "
                        "`python -m app audit verify` names them.",
                        refused,
                    )
            except AnotherSecretError as error:
                log.error("The audit log is not sealed: %s.", error)  # noqa: TRY400 - told in words
                await asyncio.sleep(_ANOTHER_SECRET_SECONDS)
            except (PyMongoError, ForkedError) as error:
                log.warning("The audit log was not sealed (%s); trying again.", error)
            await asyncio.sleep(REST_SECONDS)

    async def seal(self) -> tuple[int, int]:
        """Seal what waits for it now; return how many entries that were, and how many no process of ours wrote.

        Raises:
            AnotherSecretError: our key is not that of the chains.

        """
        await self._check_key()
        sealed = refused = 0
        page = _Page(_BATCH)
        while page.entries == _BATCH:
            page = await self._database.transaction(partial(self._page, page.last))
            sealed += page.sealed
            refused += page.entries - page.sealed
            self.sealed += page.sealed
            _SEALED.inc(page.sealed)
        _REFUSED.set(refused)
        _WAITING.set(0)
        return sealed, refused

    async def _check_key(self) -> None:
        """Look at the ends of some chains, once: where none was sealed with our key, it is another."""
        if self._fits:
            return
        looked = 0
        async for stored in self._database.handle[AuditChain.stored_in()].find({}).limit(_CHECKED):
            end = head_of(stored)
            of = {"organization": stored["organization"], "seq": {"$type": "number", "$eq": end.seq if end else 0}}
            entry = await raw(self._database).find_one(of)
            row = None if entry is None else read(bytes(entry.raw))
            if end is not None and row is not None:
                looked += 1
                if ends_with(self._key, end, row):
                    self._fits = True
                    return
        if looked:
            raise AnotherSecretError
        self._fits = True

    async def _page(self, behind: tuple[Any, ...] | None, session: AsyncClientSession) -> _Page:
        """Seal a batch of what is behind these order keys."""
        events, chains = raw(self._database), self._database.handle[AuditChain.stored_in()]
        query: dict[str, Any] = {"seq": None, "created_at": {"$type": "date"}}
        if behind is not None:
            query["$or"] = [
                {"created_at": {"$gt": behind[0]}},
                {"created_at": behind[0], "_id": {"$gt": behind[1]}},
            ]
        found = await events.find(query, session=session).sort(_ORDER).limit(_BATCH).to_list()
        read_ = [row for stored in found if (row := read(bytes(stored.raw))) is not None]
        rows = [row for row in read_ if _in_a_chain(row) and signed(self._keys, row)]
        heads = await self._heads([*{row["organization"] for row in rows}], chains, session) if rows else {}
        moved, writes = dict(heads), list[UpdateOne]()
        for row in rows:
            organization = row["organization"]
            if organization in moved:
                sealed = seal(self._key, moved[organization], row)
                moved[organization] = Head(sealed.seq, sealed.mac)
                writes.append(UpdateOne({"_id": row["_id"], "seq": None}, {"$set": sealed._asdict()}))
        if writes:
            _WAITING.set(max(0.0, time.time() - rows[0]["created_at"].timestamp()))
            await self._move(heads, moved, chains, session)
            result = await events.bulk_write(writes, ordered=False, session=session)
            if result.modified_count != len(writes):
                raise ForkedError("another has sealed an entry")
        last = (read_[-1]["created_at"], read_[-1]["_id"]) if read_ else None
        return _Page(len(found) if read_ else 0, len(writes), last)

    async def _heads(
        self, organizations: Sequence[ObjectId | None], chains: Any, session: AsyncClientSession
    ) -> dict[ObjectId | None, Head]:
        """Return the ends of chains; of those that are new, where they begin; none that somebody has spoilt."""
        found = {organization: genesis(self._key, chain_name(organization)) for organization in organizations}
        async for row in chains.find({"organization": {"$in": [*organizations]}}, session=session):
            head = head_of(row)
            found.pop(row["organization"])
            if head is not None:
                found[row["organization"]] = head
        return found

    async def _move(
        self,
        heads: dict[ObjectId | None, Head],
        moved: dict[ObjectId | None, Head],
        chains: Any,
        session: AsyncClientSession,
    ) -> None:
        """Move the ends of chains from where they were read."""
        begun = [
            {"_id": ObjectId(), "created_at": now(), "organization": of, **moved[of]._asdict()}
            for of, head in heads.items()
            if head.seq == 0
        ]
        if begun:
            await chains.insert_many(begun, session=session)
        writes = [
            UpdateOne({"organization": of, "seq": head.seq, "mac": head.mac}, {"$set": moved[of]._asdict()})
            for of, head in heads.items()
            if head.seq
        ]
        if writes:
            result = await chains.bulk_write(writes, ordered=False, session=session)
            if result.matched_count != len(writes):
                raise ForkedError("another has moved the end of a chain")


def _in_a_chain(row: Row) -> bool:
    """Whether an entry says whose chain it belongs to."""
    organization = row.get("organization", "")
    return organization is None or isinstance(organization, ObjectId)

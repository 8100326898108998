"""An audit log in a database of its own, as processes write it and sealers seal it, for tests that bend it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bson import ObjectId
from pymongo import AsyncMongoClient

from auth.chain import chain_key, sign
from auth.signatures import Keys
from models.audit import AuditChain, AuditEvent
from models.database import Database
from workers.anchoring import Anchoring
from workers.sealing import Sealer
from workers.verifying import Report, Verifier

SECRET = "a secret of tests, of 32 bytes at least"
KEY, KEYS = chain_key(SECRET), Keys(SECRET)
BEGUN = datetime(2026, 11, 27, tzinfo=UTC)
Row = dict[str, Any]


@dataclass
class Log:
    """A log; `url` and `name` are for processes of their own."""

    database: Database
    url: str
    name: str
    folder: Path

    @property
    def events(self) -> Any:
        """The entries, for whoever can write to the database."""
        return self.database.handle["audit_events"]

    @property
    def chains(self) -> Any:
        """The ends of chains."""
        return self.database.handle["audit_chains"]

    @property
    def file(self) -> Path:
        """Where its anchors are."""
        return self.folder / "audit" / "anchors.jsonl"

    def sealer(self) -> Sealer:
        """Return one more sealer."""
        return Sealer(self.database, KEY, KEYS)

    def anchoring(self, **more: Any) -> Anchoring:
        """Return what takes anchors."""
        return Anchoring(self.database, KEY, self.file, **more)

    async def write(self, organization: ObjectId | None, *seconds: float, signed: bool = True) -> list[Row]:
        """Write an entry at each of these seconds, signed as our processes do, or not."""
        rows = [made(organization, second) for second in seconds]
        for row in rows:
            row["signature"] = sign(KEYS, row) if signed else "0" * 32
        await self.events.insert_many(rows)
        return rows

    async def sealed(self, organization: ObjectId | None, count: int) -> list[Row]:
        """Write entries and seal them; return them as they are stored."""
        await self.write(organization, *range(count))
        await self.sealer().seal()
        return await self.rows(organization)

    async def rows(self, organization: ObjectId | None) -> list[Row]:
        """Return a chain's entries by their numbers."""
        found = self.events.find({"organization": organization, "seq": {"$type": "number"}})
        rows: list[Row] = await found.sort("seq", 1).to_list()
        return rows

    async def verify(self, *only: ObjectId | None, anchors: Path | None = None) -> Report:
        """Verify it, and hold it against anchors."""
        verifier = Verifier(self.database, KEY, KEYS, *only)
        report = await verifier.verify()
        return report if anchors is None else await verifier.against(anchors)


def made(organization: ObjectId | None, second: float) -> Row:
    """Return an entry."""
    return {
        "_id": ObjectId(),
        "created_at": BEGUN + timedelta(seconds=second),
        "organization": organization,
        "action": "MEMBER_ADDED",
        "actor": ObjectId(),
        "details": {"role": "ADMIN", "second": second},
        "seq": None,
        "previous": None,
        "mac": None,
    }


@asynccontextmanager
async def log(url: str, folder: Path) -> AsyncIterator[Log]:
    """Make a log with its indexes, and remove it at the end."""
    name = f"log_{uuid4().hex}"
    async with AsyncMongoClient[Row](url, tz_aware=True) as client:
        found = Log(Database(client, name), url, name, folder)
        await found.events.create_indexes(AuditEvent.Settings.indexes)
        await found.chains.create_indexes(AuditChain.Settings.indexes)
        try:
            yield found
        finally:
            await client.drop_database(name)

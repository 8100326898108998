"""Verifying the audit log as it is stored, against its seals and against anchors; in bounded memory.

It reads what the sealer of a running system goes on writing: the end of a chain is read first, then its entries, and
what was sealed meanwhile must follow from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from bson import ObjectId
from bson.errors import InvalidId

from auth import anchors
from auth.chain import IDENTITY, Fault, Finding, Head, Walk, chain_name, head_of, number, read, signed
from auth.signatures import Keys
from models.audit import AuditChain, AuditEvent
from models.database import Database
from workers.stored_entries import raw

_BATCH: Final = 2000
_SEALED: Final = {"$type": "number"}
_LINES_AT_ONCE: Final = 100


@dataclass
class Report:
    """What verifying has found: the first fault of each chain, of what is in none, and of the anchors."""

    findings: list[Finding] = field(default_factory=list)
    entries: int = 0
    chains: int = 0
    waiting: int = 0
    oldest: datetime | None = None
    anchors: int = 0
    anchored: datetime | None = None


class Verifier:
    """Verifies the log of one database; `organization` narrows it to one chain (None: identity's)."""

    def __init__(self, database: Database, key: bytes, keys: Keys, *only: ObjectId | None) -> None:
        self._database, self._key, self._keys = database, key, keys
        self._only = {"organization": {"$in": [*only]}} if only else {}
        self._chains = database.handle[AuditChain.stored_in()]
        self.report = Report()

    async def verify(self) -> Report:
        """Walk each chain, then look at what is in none."""
        async for organization in self._organizations():
            self.report.chains += 1
            if finding := await self._chain(organization):
                self.report.findings.append(finding)
        await self._outside()
        return self.report

    async def _organizations(self) -> AsyncIterator[Any]:
        """Yield whose chains there are: those that end somewhere, and those that entries say they belong to."""
        entries = {"coll": AuditEvent.stored_in(), "pipeline": [{"$match": self._only | {"seq": _SEALED}}, *_GROUPED]}
        named: list[dict[str, Any]] = [{"$match": self._only}, {"$project": {"_id": "$organization"}}]
        pipeline = [*named, {"$unionWith": entries}, {"$group": {"_id": "$_id"}}, _BY_ID]
        async for row in await self._chains.aggregate(pipeline, allowDiskUse=True, batchSize=_BATCH):
            yield row["_id"]

    async def _chain(self, organization: Any) -> Finding | None:
        stored = await self._chains.find_one({"organization": organization})
        head, name = None if stored is None else head_of(stored), chain_name(organization)
        if stored is not None and head is None:
            return Finding(name, None, None, Fault.ALTERED, "where the chain ends is stored, but cannot be read")
        walk = Walk(self._key, name, head)
        entries = raw(self._database).find({"organization": organization, "seq": _SEALED}, batch_size=_BATCH)
        async for row in entries.sort("seq", 1):
            self.report.entries += 1
            if finding := walk.step(bytes(row.raw)):
                return finding
        return walk.end()

    async def _outside(self) -> None:
        """Look at entries that are not sealed: those that wait for it must be signed, and there are no others."""
        async for stored in raw(self._database).find(self._only | {"seq": None}, batch_size=_BATCH):
            row = read(bytes(stored.raw))
            if row is None or not signed(self._keys, row):
                self._found(row, "none of our processes has written it so, and it waits to be sealed")
                break
            self.report.waiting += 1
            self.report.oldest = min(self.report.oldest or row["created_at"], row["created_at"])
        neither = {"$nor": [{"seq": None}, {"seq": _SEALED}]}
        async for stored in raw(self._database).find(self._only | neither, batch_size=1).limit(1):
            self._found(read(bytes(stored.raw)), "it has a number that is none")

    def _found(self, row: Mapping[str, Any] | None, why: str) -> None:
        chain = chain_name(None if row is None else row.get("organization"))
        named = None if row is None else str(row.get("_id"))
        self.report.findings.append(Finding(chain, None, named, Fault.INSERTED, why))

    async def against(self, file: Path) -> Report:
        """Hold the log against a file of anchors; `verify` has said what is wrong within it."""
        known, last = anchors.Known(), None
        with await asyncio.to_thread(file.open, "rb") as lines:
            while batch := [line for line in islice(lines, _LINES_AT_ONCE) if line.endswith(b"\n")]:
                try:
                    taken = [anchors.follow(self._key, known, line) for line in batch]
                except anchors.AnchorError as error:
                    self.report.findings.append(Finding("anchors", known.count + 1, None, Fault.ALTERED, str(error)))
                    return self.report
                last = taken[-1]
                for anchor in taken:
                    await self._anchored(anchor)
        if last is not None and not anchors.whole(known, last):
            why = "the last anchor was taken over other chains than the anchors name"
            self.report.findings.append(Finding("anchors", known.count, None, Fault.ALTERED, why))
        self.report.anchors, self.report.anchored = known.count, known.at
        return self.report

    async def _anchored(self, anchor: anchors.Anchor) -> None:
        """Look for the entries at which chains ended when an anchor was taken."""
        told = {finding.chain for finding in self.report.findings}
        wanted = {chain: head for chain, head in anchor.moved.items() if chain not in told and self._wants(chain)}
        missing = dict(wanted)
        pairs = [*wanted.items()]
        for first in range(0, len(pairs), 100):
            for row in await self._ends(pairs[first : first + 100]):
                chain = chain_name(row.get("organization"))
                head = missing.get(chain)
                if head is not None and (number(row), row.get("mac")) == head:
                    del missing[chain]
        for chain, head in missing.items():
            why = (
                f"the chain ended with it on {anchor.at:%Y-%m-%d at %H:%M:%S} UTC, by its anchor, and does not have it"
            )
            self.report.findings.append(Finding(chain, head.seq, None, Fault.REMOVED, why))

    def _wants(self, chain: str) -> bool:
        return not self._only or chain in {chain_name(one) for one in self._only["organization"]["$in"]}

    async def _ends(self, pairs: Sequence[tuple[str, Head]]) -> list[Mapping[str, Any]]:
        each = [{"organization": _organization(chain), "seq": {"$eq": head.seq, **_SEALED}} for chain, head in pairs]
        rows = await raw(self._database).find({"$or": each}, batch_size=len(each) + 1).to_list()
        return [row for stored in rows if (row := read(bytes(stored.raw))) is not None]


_GROUPED: Final[list[dict[str, Any]]] = [{"$group": {"_id": "$organization"}}]
_BY_ID: Final[dict[str, Any]] = {"$sort": {"_id": 1}}


def _organization(chain: str) -> Any:
    """Return whose chain has this name."""
    try:
        return None if chain == IDENTITY else ObjectId(chain)
    except InvalidId:
        return chain

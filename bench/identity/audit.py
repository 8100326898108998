"""What the audit log costs: privileged actions a second without it, with it, and if each were chained at once.

An action is what changing a role writes: an organization's counter and a membership, in one transaction, by sixteen at
a time. Chaining within the action has all of an organization wait for each other, which is why a sealer does it later.
Then how many entries a second are sealed, and verified.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from app.embedded import EmbeddedMongoDB
from app.embedded.ports import free_port
from auth.chain import Head, chain_key, chain_name, genesis, seal, sign
from auth.recording import record
from auth.signatures import Keys
from bench.stand import local_versions, show
from models.audit import AuditAction, AuditEvent
from models.database import Database
from workers.sealing import Sealer
from workers.verifying import Verifier

SECONDS = 4.0
AT_ONCE = 16
VERIFIED = 20_000
SECRET = secrets.token_hex(32)
KEYS, KEY = Keys(SECRET), chain_key(SECRET)
ORGANIZATION = PydanticObjectId()

Write = Callable[[Database, AsyncClientSession, AuditEvent], Awaitable[None]]


async def nothing(*_: Any) -> None:
    """Write no entry."""


async def entry(database: Database, session: AsyncClientSession, event: AuditEvent) -> None:
    """Write the entry, as the API does."""
    del database
    await record(KEYS, session, event)


async def chained(database: Database, session: AsyncClientSession, event: AuditEvent) -> None:
    """Write the entry with its seal, behind the one before."""
    chains = database.handle["chained"]
    stored = await chains.find_one({"organization": event.organization}, session=session)
    head = genesis(KEY, chain_name(event.organization)) if stored is None else Head(stored["seq"], stored["mac"])
    row = event.row()
    row["signature"] = sign(KEYS, row)
    sealed = seal(KEY, head, row)
    await chains.update_one(
        {"organization": event.organization},
        {"$set": {"seq": sealed.seq, "mac": sealed.mac}},
        upsert=True,
        session=session,
    )
    await database.handle["chained_events"].insert_one({**row, **sealed._asdict()}, session=session)


async def actions(database: Database, write: Write, organizations: list[PydanticObjectId]) -> float:
    """Return how many actions a second are done, each in one of these organizations."""
    done, end = 0, time.monotonic() + SECONDS
    members = database.handle["memberships"]

    async def act(organization: PydanticObjectId) -> None:
        nonlocal done
        member = PydanticObjectId()
        await members.insert_one({"_id": member, "organization": organization, "user": PydanticObjectId()})

        async def change(session: AsyncClientSession) -> None:
            await members.update_one({"_id": member}, {"$set": {"role": "EDITOR"}, "$inc": {"n": 1}}, session=session)
            details: Any = {"was": "VIEWER", "role": "EDITOR", "user": str(member)}
            action = AuditAction.MEMBER_ROLE_CHANGED
            event = AuditEvent(organization=organization, action=action, actor=member, subject=member, details=details)
            await write(database, session, event)

        while time.monotonic() < end:
            await database.transaction(change)
            done += 1

    await asyncio.gather(*(act(organizations[number % len(organizations)]) for number in range(AT_ONCE)))
    return done / SECONDS


async def fill() -> None:
    """Write entries that wait to be sealed."""
    rows = []
    for _ in range(VERIFIED):
        event = AuditEvent(organization=ORGANIZATION, action=AuditAction.SIGNED_IN, actor=ORGANIZATION, address="::1")
        row = event.row()
        rows.append({**row, "signature": sign(KEYS, row)})
    await AuditEvent.get_pymongo_collection().insert_many(rows)


async def measure() -> bool:
    """Measure, print the figures, and return whether an entry costs less than half of the actions."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedMongoDB(Path(folder), free_port()) as mongodb:
            database = await Database.open(mongodb.url, "bench")
            await database.prepare()
            one, several = [ORGANIZATION], [PydanticObjectId() for _ in range(AT_ONCE)]
            rates = {
                (write.__name__, len(of)): await actions(database, write, of)
                for of in (one, several)
                for write in (nothing, entry, chained)
            }
            await fill()
            began = time.monotonic()
            sealed, _ = await Sealer(database, KEY, KEYS).seal()
            sealing, began = sealed / (time.monotonic() - began), time.monotonic()
            report = await Verifier(database, KEY, KEYS).verify()
            verifying = report.entries / (time.monotonic() - began)
            await database.close()
    rows = [
        [
            "one organization" if count == 1 else f"{count} organizations",
            *(f"{rates[name, count]:,.0f}" for name in ("nothing", "entry", "chained")),
        ]
        for count in (1, AT_ONCE)
    ]
    show(
        "Privileged actions a second",
        ("in", "no entry", "an entry, sealed later", "chained at once"),
        rows,
        local_versions(),
    )
    show(
        "The log itself",
        ("entries", "sealed a second", "verified a second", "findings"),
        [[f"{sealed:,}", f"{sealing:,.0f}", f"{verifying:,.0f}", str(len(report.findings))]],
        "",
    )
    return not report.findings and all(rates["entry", count] > rates["nothing", count] / 2 for count in (1, AT_ONCE))


if __name__ == "__main__":
    raise SystemExit(0 if asyncio.run(measure()) else 1)

"""Sealing the audit log over a real MongoDB: one chain for each organization, however many seal it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient

from auth.chain import chain_key
from models.database import Database
from tests.sealed import BEGUN, KEY, KEYS, Log, Row, log, made
from workers.sealing import AnotherSecretError, Sealer

A, B = ObjectId(), ObjectId()


class _Slow(Sealer):
    """A sealer that another one overtakes once, between its reading and its writing."""

    overtaken = False

    async def _heads(self, *arguments: Any) -> Any:
        found = await super()._heads(*arguments)
        if not self.overtaken:
            self.overtaken = True
            await Sealer(self._database, KEY, KEYS).seal()
        return found


@pytest.fixture
async def kept(mongodb_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    """Give a log of its own to each test."""
    async with log(mongodb_url, tmp_path) as made_:
        yield made_


async def test_each_organization_and_identity_have_a_chain(kept: Log) -> None:
    """Given entries of three logs, then each is numbered from 1 in the order of their times, and verifies."""
    for organization in (A, B, None):
        await kept.write(organization, 3, 1, 2)
    assert await kept.sealer().seal() == (9, 0)
    for organization in (A, B, None):
        rows = await kept.rows(organization)
        assert [row["seq"] for row in rows] == [1, 2, 3]
        assert [row["details"]["second"] for row in rows] == [1, 2, 3]
    report = await kept.verify()
    assert (report.findings, report.entries, report.chains, report.waiting) == ([], 9, 3, 0)


async def test_one_that_commits_late_gets_a_later_number(kept: Log) -> None:
    """Given an older entry that comes after younger ones were sealed, then it follows them; nothing is renumbered."""
    before = await kept.sealed(A, 3)
    await kept.write(A, 0.5)
    await kept.sealer().seal()
    after = await kept.rows(A)
    assert after[:3] == before
    assert (after[3]["seq"], after[3]["details"]["second"]) == (4, 0.5)
    assert (await kept.verify()).findings == []


async def test_more_than_a_batch_is_sealed_in_one_look(kept: Log) -> None:
    """Given more entries than one transaction takes, then none is left; a second look finds nothing."""
    await kept.write(A, *range(1234))
    sealer = kept.sealer()
    assert await sealer.seal() == (1234, 0)
    assert await sealer.seal() == (0, 0)
    assert sealer.sealed == 1234
    assert [row["seq"] for row in await kept.rows(A)] == [*range(1, 1235)]


async def test_many_sealers_at_once_never_fork_a_chain(kept: Log) -> None:
    """Given four sealers, each with a connection of its own, while entries come, then the chains are as of one."""
    clients = [AsyncMongoClient[Row](kept.url, tz_aware=True) for _ in range(4)]
    sealers = [Sealer(Database(client, kept.name), KEY, KEYS) for client in clients]
    writing = asyncio.Event()

    async def write() -> None:
        for number in range(60):
            await kept.write([A, B, None][number % 3], *range(number, number + 10))
        writing.set()

    async def seal(sealer: Sealer) -> None:
        while not writing.is_set():
            await sealer.seal()

    await asyncio.gather(write(), *map(seal, sealers))
    await kept.sealer().seal()
    for client in clients:
        await client.close()
    report = await kept.verify()
    assert (report.findings, report.entries, report.waiting) == ([], 600, 0)
    assert sum(sealer.sealed for sealer in sealers) > 0
    assert [row["seq"] for row in await kept.rows(A)] == [*range(1, 201)]


async def test_a_sealer_that_has_read_an_end_which_moved_writes_nothing(kept: Log) -> None:
    """Given two that have read the same end, then what the slower one has done is undone: compare-and-set."""
    await kept.sealed(A, 2)
    await kept.write(A, 5)
    slow = _Slow(kept.database, KEY, KEYS)
    assert await slow.seal() == (0, 0)
    assert slow.overtaken
    assert [row["seq"] for row in await kept.rows(A)] == [1, 2, 3]
    assert (await kept.verify()).findings == []


async def test_a_sealer_with_another_secret_spoils_nothing(kept: Log) -> None:
    """Given a relay whose secret was changed, then it seals nothing and says what to set; the old one goes on."""
    await kept.sealed(A, 3)
    await kept.write(A, 9)
    with pytest.raises(AnotherSecretError, match="AUDIT_SECRET"):
        await Sealer(kept.database, chain_key("another secret, of 32 bytes and more"), KEYS).seal()
    assert [row["seq"] for row in await kept.rows(A)] == [1, 2, 3]
    assert await kept.sealer().seal() == (1, 0)
    assert (await kept.verify()).findings == []


async def test_attack_entries_that_nobody_signed_are_never_sealed(kept: Log) -> None:
    """Given made-up entries, more than a batch and older than all others, then the others are sealed, and those not."""
    await kept.write(A, *range(700), signed=False)
    await kept.write(A, 1000, 1001)
    assert await kept.sealer().seal() == (2, 700)
    assert [row["details"]["second"] for row in await kept.rows(A)] == [1000, 1001]
    (finding,) = (await kept.verify()).findings
    assert "was inserted" in str(finding)


@pytest.mark.parametrize(
    "change",
    [
        {"details": {"role": "OWNER"}},
        {"actor": ObjectId()},
        {"organization": B},
        {"created_at": BEGUN},
        {"added": True},
    ],
)
async def test_attack_altering_an_entry_before_it_is_sealed(kept: Log, change: Row) -> None:
    """Given an entry changed within the second that it waits, then it is not sealed, and verifying names it."""
    (row,) = await kept.write(A, 7)
    await kept.events.update_one({"_id": row["_id"]}, {"$set": change})
    assert await kept.sealer().seal() == (0, 1)
    (finding,) = (await kept.verify()).findings
    assert finding.entry == str(row["_id"])


@pytest.mark.parametrize(
    "odd",
    [
        {"created_at": "yesterday"},
        {"created_at": None},
        {"organization": "somebody"},
        {"organization": [A]},
        {"signature": None},
        {"signature": 5},
    ],
)
async def test_attack_entries_of_any_shape_stop_nobody(kept: Log, odd: Row) -> None:
    """Given what is no entry, then others are sealed all the same, and it is found."""
    await kept.events.insert_one(made(A, 0) | {"signature": "0" * 32} | odd)
    await kept.write(A, 1)
    assert (await kept.sealer().seal())[0] == 1
    assert len((await kept.verify()).findings) == 1


@pytest.mark.parametrize("spoilt", [{"seq": "x"}, {"mac": 5}, {"mac": "zz"}, {"seq": -1}])
async def test_attack_spoiling_the_end_of_a_chain_stops_no_other(kept: Log, spoilt: Row) -> None:
    """Given an end that is none, then that chain waits and is named, and the others go on."""
    await kept.sealed(A, 2)
    await kept.chains.update_one({"organization": A}, {"$set": spoilt})
    await kept.write(A, 8)
    await kept.write(B, 9)
    assert await kept.sealer().seal() == (1, 1)
    (finding,) = (await kept.verify()).findings
    assert finding.chain == str(A)

"""Verifying the audit log over a real MongoDB that somebody has written to with the driver, and against its anchors."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bson
import orjson
import pytest
from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from app.embedded.service import poll
from auth.anchors import AnchorError
from auth.chain import Fault, Head, genesis, seal
from storage.assets import FolderAssetStore
from tests.app.processes import ROOT, environment
from tests.sealed import KEY, SECRET, Log, log, made

A, B = ObjectId(), ObjectId()
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
async def kept(mongodb_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    """Give a log of its own to each test."""
    async with log(mongodb_url, tmp_path) as made_:
        yield made_


async def _alter(kept: Log) -> None:
    await kept.events.update_one({"organization": A, "seq": 5}, {"$set": {"actor": ObjectId()}})


async def _alter_address(kept: Log) -> None:
    await kept.events.update_one({"organization": A, "seq": 5}, {"$set": {"address": "192.0.2.7"}})


async def _remove(kept: Log) -> None:
    await kept.events.delete_one({"organization": A, "seq": 5})


async def _cut(kept: Log) -> None:
    await kept.events.delete_many({"organization": A, "seq": {"$gte": 5}})


async def _shift(kept: Log) -> None:
    """Remove one and number those behind it anew, in an order that the unique index allows."""
    await kept.events.delete_one({"organization": A, "seq": 5})
    for seq in range(6, 11):
        await kept.events.update_one({"organization": A, "seq": seq}, {"$set": {"seq": seq - 1}})


async def _insert(kept: Log) -> None:
    for seq in range(10, 4, -1):
        await kept.events.update_one({"organization": A, "seq": seq}, {"$set": {"seq": seq + 1}})
    before = await kept.events.find_one({"organization": A, "seq": 4})
    await kept.events.insert_one(made(A, 4.5) | {"seq": 5, "previous": before["mac"], "mac": "ab" * 32})


async def _append(kept: Log) -> None:
    last = await kept.events.find_one({"organization": A, "seq": 10})
    await kept.events.insert_one(made(A, 99) | {"seq": 11, "previous": last["mac"], "mac": "ab" * 32})


async def _swap(kept: Log) -> None:
    for old, new in ((5, 0), (8, 5), (0, 8)):
        await kept.events.update_one({"organization": A, "seq": old}, {"$set": {"seq": new}})


async def _give_away(kept: Log) -> None:
    await kept.events.update_one({"organization": A, "seq": 5}, {"$set": {"organization": ObjectId()}})


async def _number(kept: Log) -> None:
    await kept.events.update_one({"organization": A, "seq": 5}, {"$set": {"seq": "5"}})


async def _unseal(kept: Log) -> None:
    await kept.events.update_one({"organization": A, "seq": 5}, {"$set": {"seq": None, "previous": None, "mac": None}})


async def _head(kept: Log) -> None:
    await kept.chains.delete_one({"organization": A})


TAMPERINGS: dict[str, tuple[Callable[[Log], Awaitable[None]], int | None, Fault]] = {
    "who did it is another": (_alter, 5, Fault.ALTERED),
    "an attribute is added": (_alter_address, 5, Fault.ALTERED),
    "one is removed": (_remove, 5, Fault.REMOVED),
    "the tail is cut": (_cut, 5, Fault.REMOVED),
    "one is removed and the gap closed": (_shift, 5, Fault.REMOVED),
    "one is made up between others": (_insert, 5, Fault.INSERTED),
    "one is made up at the end": (_append, 11, Fault.INSERTED),
    "two change places": (_swap, 5, Fault.REORDERED),
    "one is given to another organization": (_give_away, 5, Fault.REMOVED),
    "a number is a text": (_number, 5, Fault.REMOVED),
    "one is to be sealed again": (_unseal, 5, Fault.REMOVED),
    "the end is removed": (_head, 10, Fault.REMOVED),
}


@pytest.mark.parametrize("attack", TAMPERINGS)
async def test_attack_through_the_driver(kept: Log, attack: str) -> None:
    """Given a chain of ten of which somebody has bent the fifth, then it is named, and the other chains verify."""
    tamper, seq, fault = TAMPERINGS[attack]
    for organization in (A, B, None):
        await kept.sealed(organization, 10)
    assert (await kept.verify()).findings == []
    await tamper(kept)
    found = [finding for finding in (await kept.verify()).findings if finding.chain == str(A)]
    assert [(finding.seq, finding.fault) for finding in found][:1] == [(seq, fault)]
    assert (await kept.verify(B, None)).findings == []


async def test_attack_bytes_that_no_driver_reads(kept: Log) -> None:
    """Given an entry whose text is no text, then verifying names it and goes on with the next chain."""
    rows = await kept.sealed(A, 3)
    await kept.sealed(B, 3)
    bad = bson.encode(rows[1] | {"details": {"role": "XXXX"}}).replace(b"XXXX", b"\xff\xfe\xff\xfe")
    await kept.events.delete_one({"_id": rows[1]["_id"]})
    await kept.events.insert_one(RawBSONDocument(bad))
    (finding,) = (await kept.verify()).findings
    assert (finding.chain, finding.seq, finding.fault) == (str(A), 2, Fault.ALTERED)


async def _rewind(kept: Log, organization: ObjectId, count: int) -> None:
    """Cut a chain's tail as somebody does who knows how it is made, its stored end too."""
    await kept.events.delete_many({"organization": organization, "seq": {"$gt": count}})
    last = await kept.events.find_one({"organization": organization, "seq": count})
    await kept.chains.update_one({"organization": organization}, {"$set": {"seq": count, "mac": last["mac"]}})


async def test_attack_cutting_the_tail_with_the_end_is_shown_by_an_anchor(kept: Log) -> None:
    """Given a chain that was cut so that it verifies, then the anchor names the entry that it ended with."""
    await kept.sealed(A, 10)
    await kept.sealed(B, 10)
    assert await kept.anchoring().anchor(NOON) is not None
    await _rewind(kept, A, 7)
    assert (await kept.verify()).findings == []  # which is why there are anchors
    (finding,) = (await kept.verify(anchors=kept.file)).findings
    assert (finding.chain, finding.seq, finding.fault) == (str(A), 10, Fault.REMOVED)
    assert "2026-11-27 at 12:00:00" in finding.why


async def test_attack_sealing_on_behind_a_cut_is_shown_by_the_older_anchor(kept: Log) -> None:
    """Given a cut chain that our own sealer went on with, beyond where it was, and another anchor: still the first."""
    await kept.sealed(A, 10)
    await kept.anchoring().anchor(NOON)
    await _rewind(kept, A, 7)
    await kept.write(A, *range(100, 106))
    await kept.sealer().seal()
    await kept.anchoring().anchor(NOON + timedelta(hours=1))
    assert (await kept.verify()).findings == []
    (finding,) = (await kept.verify(anchors=kept.file)).findings
    assert finding.seq == 10


async def test_attack_removing_a_whole_chain_is_shown_by_an_anchor(kept: Log) -> None:
    """Given an organization of which nothing is left, then the anchor misses it, and no other."""
    await kept.sealed(A, 3)
    await kept.sealed(B, 3)
    await kept.anchoring().anchor(NOON)
    await kept.events.delete_many({"organization": A})
    await kept.chains.delete_many({"organization": A})
    assert (await kept.verify()).findings == []
    (finding,) = (await kept.verify(anchors=kept.file)).findings
    assert (finding.chain, finding.seq) == (str(A), 3)
    assert (await kept.verify(B, anchors=kept.file)).findings == []


async def test_attack_the_file_beside_the_log_is_cut_too(kept: Log, tmp_path: Path) -> None:
    """Given somebody who cuts the anchors as well, then a copy that is kept elsewhere shows it."""
    await kept.sealed(A, 5)
    await kept.anchoring().anchor(NOON)
    await kept.write(A, *range(100, 105))
    await kept.sealer().seal()
    await kept.anchoring().anchor(NOON + timedelta(hours=1))
    copy = Path(shutil.copy(kept.file, tmp_path / "elsewhere.jsonl"))
    first, _ = kept.file.read_bytes().splitlines(keepends=True)
    kept.file.write_bytes(first)
    await _rewind(kept, A, 5)
    assert (await kept.verify(anchors=kept.file)).findings == []
    (finding,) = (await kept.verify(anchors=copy)).findings
    assert finding.seq == 10


async def test_attack_altering_the_anchors(kept: Log) -> None:
    """Given a line that is changed or removed, then the file is named; nothing is added to it any more."""
    for hour in range(3):
        await kept.write(A, hour)
        await kept.sealer().seal()
        await kept.anchoring().anchor(NOON + timedelta(hours=hour))
    lines = kept.file.read_bytes().splitlines(keepends=True)
    kept.file.write_bytes(b"".join((lines[0], lines[2])))
    (finding,) = (await kept.verify(anchors=kept.file)).findings
    assert (finding.chain, finding.seq) == ("anchors", 2)
    await kept.write(A, 50)
    await kept.sealer().seal()
    with pytest.raises(AnchorError):
        await kept.anchoring().anchor(NOON + timedelta(hours=9))


async def test_an_anchor_that_was_never_finished_is_taken_anew(kept: Log) -> None:
    """Given a power cut within the last line, then verifying passes it over, and the next anchor replaces it."""
    await kept.sealed(A, 3)
    await kept.anchoring().anchor(NOON)
    whole = kept.file.read_bytes()
    kept.file.write_bytes(whole + whole[:40])
    assert (await kept.verify(anchors=kept.file)).findings == []
    await kept.write(A, 9)
    await kept.sealer().seal()
    await kept.anchoring().anchor(NOON + timedelta(hours=1))
    report = await kept.verify(anchors=kept.file)
    assert (report.findings, report.anchors) == ([], 2)


async def test_anchors_name_what_moved_and_go_to_the_store_too(kept: Log, tmp_path: Path) -> None:
    """Given a store, then each anchor is an object of its own there, in the order of their times."""
    store = FolderAssetStore(tmp_path / "bucket")
    anchoring = kept.anchoring(store=store)
    await kept.sealed(A, 2)
    await anchoring.anchor(NOON)
    await kept.sealed(B, 2)
    await anchoring.anchor(NOON + timedelta(hours=1))
    assert await anchoring.anchor(NOON + timedelta(hours=2)) is None
    objects = sorted((tmp_path / "bucket" / "audit" / "anchors").rglob("*.json"))
    assert b"".join(path.read_bytes() for path in objects) == kept.file.read_bytes()
    assert [[chain for chain, *_ in orjson.loads(path.read_bytes())["moved"]] for path in objects] == [
        [str(A)],
        [str(B)],
    ]


async def test_verifying_while_sealing_finds_nothing(kept: Log) -> None:
    """Given sealers at work, then verifying again and again has no finding."""
    await kept.sealed(A, 50)

    async def work() -> None:
        for number in range(40):
            await kept.write([A, B][number % 2], *range(number, number + 20))
            await kept.sealer().seal()

    working = asyncio.create_task(work())
    looked = 0
    while not working.done():
        assert (await kept.verify()).findings == []
        looked += 1
    await working
    assert looked > 0


async def command(kept: Log, tmp_path: Path, *arguments: str, secret: str = SECRET) -> tuple[int, str]:
    """Run `python -m app audit`: (exit code, what it said)."""
    environ = environment(tmp_path, MONGODB_URL=kept.url, MONGODB_DATABASE=kept.name, SECRET_KEY=secret)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "audit", *arguments),
        cwd=ROOT,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return int(process.returncode or 0), said.decode()


async def test_the_command_names_what_was_bent(kept: Log, tmp_path: Path) -> None:
    """0 and a summary where nothing was; 1 and the entry where something was; anchors are looked at by themselves."""
    rows = await kept.sealed(A, 10)
    await kept.sealed(None, 2)
    code, said = await command(kept, tmp_path, "anchor")
    assert (code, orjson.loads(said)["moved"][0][:2]) == (0, [str(A), 10])
    code, said = await command(kept, tmp_path, "verify")
    assert code == 0
    assert "nothing was bent: 12 entries of 2 chains" in said
    assert "1 anchors" in said
    await _alter(kept)
    code, said = await command(kept, tmp_path, "verify")
    assert code == 1
    assert f"chain {A}: entry 5 ({rows[4]['_id']}) was altered" in said
    assert (await command(kept, tmp_path, "verify", "--organization", "identity"))[0] == 0
    assert (await command(kept, tmp_path, "verify", "--organization", str(A)))[0] == 1
    assert (await command(kept, tmp_path, "verify", "--organization", "nobody"))[0] == 2
    assert (await command(kept, tmp_path, "verify", "--anchors", "none.jsonl"))[0] == 2


async def test_attack_a_log_made_up_with_another_secret(kept: Log, tmp_path: Path) -> None:
    """Given a log that verifies with one secret, then with another it does not, from its first entry on."""
    await kept.sealed(A, 3)
    code, said = await command(kept, tmp_path, "verify", secret="another secret, which nobody has, of any use")
    assert code == 1
    assert "entry 1" in said


async def test_attack_sealing_with_a_guess_of_the_seal(kept: Log) -> None:
    """Given a chain whose last entry was altered and sealed by another key, with its end, then it is named."""
    rows = await kept.sealed(A, 4)
    head = Head(3, rows[2]["mac"]) if rows else genesis(KEY, str(A))
    bent: Any = rows[3] | {"details": {"role": "OWNER"}}
    sealed = seal(b"k" * 32, head, bent)
    await kept.events.replace_one({"_id": bent["_id"]}, bent | sealed._asdict())
    await kept.chains.update_one({"organization": A}, {"$set": {"seq": 4, "mac": sealed.mac}})
    (finding,) = (await kept.verify()).findings
    assert (finding.seq, finding.fault) == (4, Fault.ALTERED)


async def test_a_relay_anchors_when_it_begins(kept: Log) -> None:
    """Given a relay that starts, then there is an anchor at once, and none more while nothing moves."""
    await kept.sealed(A, 2)
    running_ = asyncio.create_task(kept.anchoring().run())

    async def anchored() -> bool:
        return kept.file.exists() and kept.file.read_bytes().endswith(b"\n")

    try:
        await asyncio.wait_for(poll(anchored), 10)
    finally:
        running_.cancel()
    report = await kept.verify(anchors=kept.file)
    assert (report.anchors, report.findings) == (1, [])

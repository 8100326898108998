"""Backup and restore: of real data, while people write; and what is refused."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from app.backup import BackupError, DamagedError, Manifest, OccupiedError, restore, take
from app.backup.bson_files import batches, split
from app.backup.manifest import Kept
from app.backup.restoring import examine
from app.backup.taking import LEFT_OUT
from app.commands.restore import forget_stream
from edge.stream import STREAM
from models.database import PULSES, Database
from models.entity import now
from models.register import DOCUMENTS
from schema import ids
from storage.assets import AssetMissingError, FolderAssetStore
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User, added
from tests.test_asset import picture


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Give somebody with an organization that has something of everything."""
    user = await platform.user("Ana")
    organization = await user.organization()
    project = await user.public_project(organization)
    design = await user.design(project, published=True)
    await user.edit(design, added("sofa"))
    await user.do("saveVersion", "DesignVersion", {"designId": design, "name": "V"})
    await user.do("addComment", "Comment", {"designId": design, "body": "B", "mentions": [user.id]})
    await user.by_id("likeDesign", "Design", design)
    face = await picture(user, organization, jpeg(64, 48))
    await user.do("updateViewer", "User", {"avatarId": face["id"]})
    user.made[:] = [organization, project, design]
    return user


@pytest.fixture
async def elsewhere(mongodb_url: str) -> AsyncIterator[Database]:
    """Give an empty database of its own; documents stay bound to the platform's."""
    client: AsyncMongoClient[Json] = AsyncMongoClient(mongodb_url, tz_aware=True)
    async with client:
        name = f"restored_{uuid4().hex[:8]}"
        yield _Unbound(client, name)
        await client.drop_database(name)


class _Unbound(Database):
    """A database whose preparing does not bind the documents to it, which are the platform's."""

    async def prepare(self) -> None:
        """Create one of the indexes, as a sign."""
        await self.handle["users"].create_index("email", unique=True)


async def stored(database: Database) -> dict[str, list[Json]]:
    """Return all that a database has, by collection; not what tells of a running platform."""
    names = {*await database.handle.list_collection_names()} - LEFT_OUT
    return {name: await database.handle[name].find().sort("_id", 1).to_list() for name in sorted(names)}


async def test_what_is_restored_equals_what_was(
    ana: User, platform: Platform, elsewhere: Database, tmp_path: Path
) -> None:
    """Given all kinds of documents, when they are restored elsewhere, then all are there, sessions and logs too."""
    taken = await take(platform.database, platform.store, tmp_path / "b")
    store = FolderAssetStore(tmp_path / "assets")
    assert await restore(elsewhere, store, tmp_path / "b") == taken
    again = await take(elsewhere, store, tmp_path / "again")
    assert _told(again) == _told(taken)
    after = await stored(elsewhere)
    for name in ("users", "sessions", "credentials", "design_edits", "elements", "audit_events", "assets"):
        assert taken.files[f"collections/{name}.bson"].documents == len(after[name]) > 0
    for asset in after["assets"]:
        key = f"{asset['organization']}/{asset['content_hash']}"
        if key not in taken.missing:
            assert await store.read(key) == await platform.store.read(key)
    assert "email_1" in await elsewhere.handle["users"].index_information()
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700, "it has passwords' hashes"
    del ana


async def test_everything_acknowledged_before_is_in_it(ana: User, platform: Platform, tmp_path: Path) -> None:
    """Given a write that was answered, when a backup is begun, then it is in there."""
    for number in range(3):
        title = uuid4().hex
        await ana.do("updateDesign", "Design", {"id": ana.made[2], "title": title})
        await take(platform.database, platform.store, tmp_path / str(number), assets=False)
        assert title.encode() in (tmp_path / str(number) / "collections" / "designs.bson").read_bytes()


async def test_a_backup_taken_while_people_write_is_of_one_moment(
    ana: User, platform: Platform, elsewhere: Database, tmp_path: Path
) -> None:
    """Given edits, likes and deletions under way, then in each backup every design agrees with its log and canvas."""
    project = ana.made[1]
    designs = [await ana.design(project) for _ in range(4)]
    seqs = dict.fromkeys(designs, 0)
    ended, drawn = asyncio.Event(), asyncio.Event()

    async def draw(design: str) -> None:
        while not ended.is_set():
            number = seqs[design]
            seqs[design] = (await ana.edit(design, added(f"e{number}"), added(f"f{number}")))["seq"]
            drawn.set()

    async with asyncio.TaskGroup() as group:
        for design in designs:
            group.create_task(draw(design))
        for number in range(3):
            drawn.clear()
            await drawn.wait()
            await take(platform.database, platform.store, tmp_path / str(number), assets=False)
        ended.set()
    for number in range(3):
        await restore(elsewhere, platform.store, tmp_path / str(number), force=True)
        await _agrees(elsewhere, {ids.key(design, "Design") for design in designs})


async def _agrees(database: Database, drawn: set[Any]) -> None:
    """Check that each design's number is that of its newest batch, and that its canvas has what these added."""
    handle = database.handle
    newest = {
        row["_id"]: row
        async for row in await handle["design_edits"].aggregate(
            [{"$group": {"_id": "$design", "seq": {"$max": "$seq"}, "count": {"$sum": 1}, "added": {"$sum": "$added"}}}]
        )
    }
    assert newest.keys() & drawn
    async for design in handle["designs"].find({"log_floor": 0}):
        log = newest.get(design["_id"], {"seq": 0, "count": 0, "added": 0})
        assert design["seq"] == log["seq"] == log["count"]
        if design["_id"] in drawn:
            assert await handle["elements"].count_documents({"design": design["_id"]}) == log["added"]


@pytest.fixture
async def backup(ana: User, platform: Platform, tmp_path: Path) -> Path:
    """Take a backup."""
    await take(platform.database, platform.store, tmp_path / "b")
    del ana
    return tmp_path / "b"


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda b: _flip(b / "collections" / "users.bson"), r"collections/users\.bson was altered"),
        (lambda b: (b / "collections" / "users.bson").unlink(), r"collections/users\.bson is missing"),
        (lambda b: (b / "collections" / "users.bson").write_bytes(b""), r"collections/users\.bson has 0 bytes"),
        (lambda b: (b / "collections" / "more.bson").write_bytes(b""), r"collections/more\.bson is no part"),
        (lambda b: _flip(next(p for p in (b / "assets").rglob("*") if p.is_file())), r"assets/\w+/\w+ was altered"),
        (lambda b: (b / "manifest.json").write_text("{"), r"manifest\.json is damaged"),
        (lambda b: (b / "manifest.json").write_text("[]"), r"manifest\.json is damaged"),
    ],
    ids=["altered", "missing", "cut", "added", "picture", "manifest", "list"],
)
async def test_a_damaged_backup_is_refused_by_the_file_s_name_and_nothing_is_touched(
    backup: Path, platform: Platform, elsewhere: Database, damage: Callable[[Path], object], said: str
) -> None:
    """Attack: altering a backup; or a disk that fails. Whatever is wrong is found before the first write."""
    await elsewhere.handle["users"].insert_one({"_id": 1})
    damage(backup)
    with pytest.raises(DamagedError, match=said):
        await restore(elsewhere, platform.store, backup, force=True)
    assert await elsewhere.handle["users"].find().to_list() == [{"_id": 1}]


async def test_a_manifest_that_was_altered_is_refused(backup: Path) -> None:
    """Attack: leaving a file out by leaving it out of the manifest too. Its own sum is wrong then."""
    body: dict[str, Any] = json.loads((backup / "manifest.json").read_text())
    del body["files"]["collections/audit_events.bson"]
    (backup / "collections" / "audit_events.bson").unlink()
    (backup / "manifest.json").write_text(json.dumps(body))
    with pytest.raises(DamagedError, match="manifest"):
        examine(backup)


def test_what_is_no_backup_or_newer_is_refused(tmp_path: Path) -> None:
    """Given a folder of something else, a newer form, or migrations that are unknown here, then that is said."""
    with pytest.raises(BackupError, match="is no backup"):
        examine(tmp_path)
    Manifest("2026", "d", [99], assets=False).write(tmp_path)
    with pytest.raises(BackupError, match=r"newer release: .*\[99\]"):
        examine(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "disenopro-backup", "version": 2, "sha256": ""}')
    with pytest.raises(BackupError, match="disenopro-backup 2"):
        examine(tmp_path)


async def test_nothing_is_restored_over_something(backup: Path, platform: Platform, elsewhere: Database) -> None:
    """Given a database with documents, then it says so; with `force` these are gone."""
    await elsewhere.handle["users"].insert_one({"_id": 1})
    with pytest.raises(OccupiedError, match=r"has documents \(users\).*--force"):
        await restore(elsewhere, platform.store, backup)
    await restore(elsewhere, platform.store, backup, force=True)
    assert await elsewhere.handle["users"].find_one({"_id": 1}) is None
    assert await elsewhere.handle["users"].find_one() is not None


async def test_nothing_is_restored_under_a_running_platform(
    backup: Path, platform: Platform, elsewhere: Database
) -> None:
    """Given a relay that shows signs of life, then not even `force` replaces what it follows."""
    await elsewhere.handle[PULSES].insert_one({"_id": "relay", "at": now()})
    with pytest.raises(OccupiedError, match="runs on this database"):
        await restore(elsewhere, platform.store, backup, force=True)


async def test_a_backup_is_whole_or_not_there(ana: User, platform: Platform, tmp_path: Path) -> None:
    """Given a store that fails half-way, then there is no folder of that name, and the next attempt succeeds."""

    class Failing(FolderAssetStore):
        async def read(self, key: str) -> bytes:
            raise OSError(key)

    with pytest.raises(OSError, match="/"):
        await take(platform.database, Failing(tmp_path), tmp_path / "b")
    assert not any(path.name in {"b", ".b.partial"} for path in await asyncio.to_thread(_within, tmp_path))
    (tmp_path / ".b.partial").mkdir()  # what a process that was killed leaves
    await take(platform.database, platform.store, tmp_path / "b")
    with pytest.raises(OccupiedError, match="exists"):
        await take(platform.database, platform.store, tmp_path / "b")
    del ana


async def test_an_original_that_is_deleted_meanwhile_is_named(ana: User, platform: Platform, tmp_path: Path) -> None:
    """Given a picture that goes between the moment and the copying, then the backup says which is missing."""

    class Emptied(FolderAssetStore):
        async def read(self, key: str) -> bytes:
            raise AssetMissingError(key)

    made = await take(platform.database, Emptied(tmp_path), tmp_path / "b")
    assert len(made.missing) == await platform.database.handle["assets"].count_documents({}) > 0
    assert examine(tmp_path / "b") == made
    del ana


async def test_the_stream_of_the_old_data_is_forgotten(platform: Platform) -> None:
    """After a restore no cache trusts what it held: the stream is gone, and the relay begins another."""
    settings = platform.settings
    own = f"{(settings.redis_url or '').rpartition('/')[0]}/7"
    async with Redis.from_url(own) as redis:
        await redis.xadd(STREAM, {"before": "0-0"})
        await forget_stream(type(settings)(redis_url=own))
        assert await redis.exists(STREAM) == 0


async def test_a_redis_that_is_away_is_told_of(capsys: pytest.CaptureFixture[str], platform: Platform) -> None:
    """Then the operator is told what to delete before the platform starts."""
    await forget_stream(type(platform.settings)(redis_url="redis://127.0.0.1:1/0"))
    assert STREAM in capsys.readouterr().err


def test_documents_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Given a file of documents, then they come in batches of a number and of a size; a torn one is refused."""
    documents = [(5 + number).to_bytes(4, "little") + b"x" * number + b"\0" for number in range(10)]
    path = tmp_path / "users.bson"
    path.write_bytes(b"".join(documents))
    assert [bytes(part) for part in split(path.read_bytes())] == documents
    assert [len(batch) for batch in batches(path, 4, 1000)] == [4, 4, 2]
    assert [document for batch in batches(path, 100, 12) for document in batch] == documents
    for torn in (path.read_bytes()[:-1], path.read_bytes() + b"\x05", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f1234"):
        path.write_bytes(torn)
        with pytest.raises(DamagedError, match=r"users\.bson"):
            list(batches(path, 4, 1000))
        with pytest.raises(ValueError, match="no BSON"):
            split(torn)
    shutil.rmtree(tmp_path)


def test_every_document_s_collection_is_backed_up() -> None:
    """What is left out tells of the running platform alone."""
    assert not LEFT_OUT & {document.stored_in() for document in DOCUMENTS}


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _told(manifest: Manifest) -> dict[str, Kept]:
    """Return what a manifest says of files with something in them; restoring notes which migrations have run."""
    return {path: kept for path, kept in manifest.files.items() if kept.bytes and "migrations" not in path}

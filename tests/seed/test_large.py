"""Growing a database: enough and no more, again without effect, after an interruption as if there had been none."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.errors import BulkWriteError

from app.__main__ import main
from app.demo.world import world
from app.seed import PASSWORD, SEED, SeedError, grow
from app.seed.blocks import BLOCK, KINDS, block
from app.seed.documents import Documents, Drawn
from app.seed.large import covers_of_the_demo
from auth.passwords import Passwords
from models.comment import Comment
from models.database import Database, Row
from models.design import Design
from models.entity import Entity, now
from models.project import Project
from models.user import Credential, User
from tests.app.processes import environment, running
from tests.platform import Platform

COMMAND = ("-m", "app", "seed", "--designs")


@asynccontextmanager
async def reached(url: str, name: str) -> AsyncIterator[Database]:
    """Give a database that Beanie, which knows one at a time, is not bound to; it is dropped at the end."""
    async with AsyncMongoClient[Row](url, tz_aware=True) as client:
        yield Database(client, name)
        await client.drop_database(name)


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    """Give a database that says it holds the demo."""
    async with reached(mongodb_url, f"large_{uuid4().hex}") as database:
        await database.handle["seeds"].insert_one({"_id": 0, "complete": True})
        yield database


async def everything(database: Database) -> dict[type[Entity], list[Row]]:
    """Return all rows by id; hashes of passwords, which have a salt, are left out."""
    return {
        kind: await database.handle[kind.stored_in()].find({}, {"hash": False}).sort("_id").to_list() for kind in KINDS
    }


async def check_blocks(database: Database, numbers: range) -> None:
    """Check that these blocks are stored, and nothing else."""
    blocks = [block(number, {}, "", now()).by_kind for number in numbers]
    for kind in KINDS:
        found = await database.handle[kind.stored_in()].find({}, {"_id": True}).to_list()
        assert sorted(row["_id"] for row in found) == sorted(row["_id"] for rows in blocks for row in rows[kind])


async def test_there_are_at_least_as_many_designs(database: Database) -> None:
    """Given a wish, then whole blocks are written until it is met; more is added to what is there."""
    assert await grow(database, BLOCK + 1) == 2
    await check_blocks(database, range(2))
    assert await grow(database, 2 * BLOCK + 1) == 1
    await check_blocks(database, range(3))


async def test_where_there_is_enough_nothing_is_written(database: Database) -> None:
    """Given a database that was grown, when it is grown as far again, or less, then nothing changes."""
    await grow(database, BLOCK)
    before = await everything(database)
    assert await grow(database, BLOCK) == 0
    assert await grow(database, 1) == 0
    assert await everything(database) == before


async def test_what_an_interruption_left_out_is_added(database: Database) -> None:
    """Given a block that was begun, then the rest of it is written; what somebody has changed meanwhile stays."""
    await grow(database, BLOCK)
    whole = await everything(database)
    designs, projects = (database.handle[kind.stored_in()] for kind in (Design, Project))
    await database.handle[Comment.stored_in()].delete_many({})
    await designs.delete_many({"_id": {"$gt": whole[Design][700]["_id"]}})
    changed = whole[Project][3]
    await projects.update_one({"_id": changed["_id"]}, {"$set": {"title": "Mine"}})
    await database.handle["seed_blocks"].update_one({"_id": 0}, {"$set": {"complete": False}})

    assert await grow(database, 1) == 1
    changed["title"] = "Mine"
    assert await everything(database) == whole
    assert await grow(database, BLOCK) == 0


async def test_much_data_is_indexed_afterwards(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given much to add, then the indexes of projects that are there before are there behind it, and serve all."""
    monkeypatch.setattr("app.seed.large._MANY", 0)
    projects = database.handle[Project.stored_in()]
    await projects.create_index("city_key")
    await grow(database, BLOCK)
    assert (await projects.index_information()).keys() == {"_id_", "city_key_1"}
    wanted = Counter(row["city_key"] for row in block(0, {}, "", now()).by_kind[Project])
    for city, number in wanted.items():
        assert len(await projects.find({"city_key": city}, hint="city_key_1").to_list()) == number


async def test_another_conflict_is_no_repetition(database: Database) -> None:
    """Given somebody else with an address that a block uses, then it is not passed over in silence."""
    users = database.handle[User.stored_in()]
    await users.create_index("email", unique=True)
    await users.insert_one({"_id": 1, "email": block(0, {}, "", now()).by_kind[User][5]["email"]})
    with pytest.RaisesGroup(BulkWriteError):
        await grow(database, BLOCK)
    assert await database.handle["seed_blocks"].find_one({"_id": 0, "complete": True}) is None


async def test_the_demo_comes_first(mongodb_url: str) -> None:
    """Given a database without the demo, then it says what to do, and writes nothing."""
    async with reached(mongodb_url, f"large_{uuid4().hex}") as database:
        with pytest.raises(SeedError, match="python -m app seed"):
            await grow(database, 1)
        assert await database.handle.list_collection_names() == []


async def test_a_killed_command_is_taken_up_again(
    database: Database, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Given the real command, killed in the middle, when it runs again, then it is as if nothing had happened."""
    name = database.handle.name
    environ = environment(tmp_path_factory.mktemp("large"), MONGODB_URL=mongodb_url, MONGODB_DATABASE=name)
    blocks = database.handle["seed_blocks"]
    completed = [{"$match": {"updateDescription.updatedFields.complete": True}}]
    async with await blocks.watch(completed) as marks, running(environ, *COMMAND, "1000000"):
        await marks.next()
    begun = await blocks.count_documents({})
    assert await blocks.count_documents({"complete": False})

    async with running(environ, *COMMAND, str(begun * BLOCK)) as seed:
        assert await seed.ended() == 0, seed.text
    assert await blocks.count_documents({"complete": True}) == await blocks.count_documents({}) == begun
    await check_blocks(database, range(begun))
    declared = {index.document["name"] for collection in Project.collections for index in collection.indexes()}
    assert declared <= (await database.handle[Project.stored_in()].index_information()).keys()


async def test_people_of_large_data_can_sign_in(database: Database) -> None:
    """Given large data, then its accounts have the demo's password."""
    await grow(database, 1)
    credential = await database.handle[Credential.stored_in()].find_one()
    assert credential is not None
    assert await Passwords().verify(credential["hash"], PASSWORD)


def test_covers_are_pictures_of_the_demo(platform: Platform) -> None:
    """Given the demo's pictures, then covers are theirs, of all rooms and styles that the demo has."""
    drawing = Drawn("", "0" * 64, 1, 3, 2, "", "#000000")
    demo = world(SEED)
    documents = Documents(demo, 0, {picture.key: drawing for picture in demo.pictures}, "", now())
    pictures: dict[ObjectId, str] = {asset.id: asset.alt for _, asset in documents.originals()}
    covers = covers_of_the_demo()
    assert covers.keys() == {(design.room, design.style) for design in demo.designs if design.cover}
    for (room, style), ids in covers.items():
        assert all(pictures[id_].startswith(f"{style.capitalize()} {room.replace('_', ' ').lower()}") for id_ in ids)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("0", "at least 1"),
        ("-3", "at least 1"),
        ("1e6", "at least 1"),
        ("many", "'many'"),
        ("10000001", "at most 10000000"),
    ],
)
def test_a_wrong_number_is_a_usage_error(given: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Given what is no number of designs, then the option is named with what it takes, and the code is 2."""
    with pytest.raises(SystemExit, match="2"):
        main(["seed", f"--designs={given}"])
    err = capsys.readouterr().err
    assert "argument --designs: " in err
    assert said in err

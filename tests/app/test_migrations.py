"""Migrations by the real command: each once, taken up where it was interrupted, safe to repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from app.migrations.migrate import MIGRATIONS
from tests.app.processes import environment, running

Row = dict[str, Any]
Migrate = Callable[[], Awaitable[None]]

ADD = {"edit": "add", "key": "sofa", "x": 1, "props": {"text": "x" * 1000}}
SET = {"edit": "set", "key": "lamp", "x": 2}
REMOVE = {"edit": "remove", "key": "room", "keys": ["room", "rug"]}


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[AsyncDatabase[Row]]:
    """Give an empty database, which is dropped at the end."""
    async with AsyncMongoClient[Row](mongodb_url, tz_aware=True) as client:
        name = f"migrations_{uuid4().hex}"
        yield client[name]
        await client.drop_database(name)


@pytest.fixture
def migrate(
    database: AsyncDatabase[Row], mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Awaitable[None]]:
    """Give `python -m app migrate` on that database."""
    environ = environment(
        tmp_path_factory.mktemp("migrations"), MONGODB_URL=mongodb_url, MONGODB_DATABASE=database.name
    )

    async def run() -> None:
        async with running(environ, "-m", "app", "migrate") as process:
            assert await process.ended() == 0, process.text

    return run


def batch(design: ObjectId, seq: int, *edits: Row, **fields: Any) -> Row:
    """Make a batch as it was stored before it said where it belongs."""
    return {"_id": ObjectId(), "design": design, "seq": seq, "batch": f"{seq}", "edits": [*edits], **fields}


async def test_batches_say_where_they_belong_and_what_they_did(database: AsyncDatabase[Row], migrate: Migrate) -> None:
    """Given logs from before, then each batch has its design's project and organization, and counts its elements.

    One that has them keeps them; one whose design is gone stays as it is. A second time nothing changes.
    """
    design: Row = {"_id": ObjectId(), "project": ObjectId(), "organization": ObjectId(), "title": "Salón"}
    await database["designs"].insert_one(design)
    log = [batch(design["_id"], seq, ADD, SET, SET, REMOVE) for seq in range(1100)]
    done = batch(design["_id"], 2000, ADD, project=design["project"], added=7)
    orphan = batch(ObjectId(), 1, ADD)
    await database["design_edits"].insert_many([*log, done, orphan])
    await migrate()
    whose = {"project": design["project"], "organization": design["organization"]}
    wanted = [{**row, **whose, "added": 1, "changed": 1, "removed": 2} for row in log]
    assert await database["design_edits"].find().sort("_id").to_list() == [*wanted, done, orphan]
    assert await database["migrations"].count_documents({"complete": True}) == len(MIGRATIONS)
    await database["migrations"].delete_many({})
    await migrate()
    assert await database["design_edits"].find().sort("_id").to_list() == [*wanted, done, orphan]


async def test_an_interrupted_migration_goes_on_where_it_was(database: AsyncDatabase[Row], migrate: Migrate) -> None:
    """Given one that had come so far, then what lies before is left alone; and what is complete does not run again."""
    design: Row = {"_id": ObjectId(), "project": ObjectId(), "organization": ObjectId()}
    await database["designs"].insert_one(design)
    log = [batch(design["_id"], seq, ADD) for seq in range(4)]
    await database["design_edits"].insert_many(log)
    await database["migrations"].insert_one({"_id": 2, "position": log[1]["_id"], "done": 2})
    await migrate()
    counted = [row.get("added") async for row in database["design_edits"].find().sort("_id")]
    assert counted == [None, None, 1, 1]
    await database["design_edits"].update_many({}, {"$unset": {"project": "", "added": ""}})
    await migrate()
    assert await database["design_edits"].count_documents({"added": {"$exists": True}}) == 0

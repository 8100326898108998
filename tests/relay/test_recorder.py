"""The log of changes: rows in the order of the commits, each once, whatever happens to those who write it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bson import ObjectId, Timestamp
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from models.database import Database
from models.replication import REPLICATED, Change, position
from storage.signals import RedisSignals
from tests.relay.relaying import until
from workers.relay.recorder import STATE, HistoryEndedError, Recorder, noted, write
from workers.relay.watching import Event

Row = dict[str, Any]
HOUSE = ObjectId()


def event(operation: str, id_: ObjectId = HOUSE, second: int = 1, /, **fields: Any) -> Event:
    """Make an event of a project's."""
    given = {"operationType": operation, "clusterTime": Timestamp(second, 1), "ns": {"coll": "projects"}}
    return {**given, "documentKey": {"_id": id_}, **fields}


def test_positions_sort_as_the_commits_do() -> None:
    """By time, then by their place in a transaction; also where a batch ends amid one."""
    ids = [ObjectId() for _ in range(4)]
    first, behind = noted([event("insert", ids[0]), event("insert", ids[1])], position(0, "0"))
    second, _ = noted([event("insert", ids[2]), event("insert", ids[3], 2)], behind)
    found = [row.position for row in (*first, *second)]
    assert found == sorted(found)
    assert len({*found}) == 4
    assert [row.document for row in (*first, *second)] == ids


def test_the_newest_change_of_a_document_counts() -> None:
    """It stands at its last place in a batch; what changed only what devices do not keep is none."""
    other = ObjectId()
    of_a: Row = {"fullDocument": {"organization": HOUSE}}
    liked: Row = {"updateDescription": {"updatedFields": {"like_count": 3}, "removedFields": []}}
    named: Row = {"updateDescription": {"updatedFields": {"like_count": 3, "title": "A"}, "removedFields": []}}
    rows, _ = noted(
        [
            event("insert", HOUSE, 1, **of_a),
            event("insert", other, 2, **of_a),
            event("update", HOUSE, 3, **of_a, **named),
            event("delete", other, 4),
            event("update", HOUSE, 5, **of_a, **liked),
        ],
        position(0, "0"),
    )
    assert [(row.document, row.deleted, row.position[:16]) for row in rows] == [
        (HOUSE, False, f"{3 << 32 | 1:016x}"),
        (other, True, f"{4 << 32 | 1:016x}"),
    ]
    assert [row.organization for row in rows] == [HOUSE, HOUSE]  # also of what went as soon as it came


@pytest.mark.parametrize("operation", ["drop", "rename", "dropDatabase", "invalidate"])
def test_what_ends_a_history_says_so(operation: str) -> None:
    """Then nobody knows what was in the collection."""
    with pytest.raises(HistoryEndedError, match=operation):
        noted([event("insert"), event(operation)], position(0, "0"))


@asynccontextmanager
async def recording(database: Database, redis: Redis, count: int = 1) -> AsyncIterator[None]:
    """Run recorders until the end."""
    tasks = [asyncio.create_task(Recorder(database, RedisSignals(redis)).run()) for _ in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def own(mongodb_url: str) -> AsyncIterator[Database]:
    """Give a database without a log; Beanie, which knows one at a time, is asked for the rows of another name."""
    client: AsyncMongoClient[Row] = AsyncMongoClient(mongodb_url, tz_aware=True)
    name = f"recorder_tests_{ObjectId()}"
    yield Database(client, name)
    await client.drop_database(name)
    await client.close()


async def rows(database: Database) -> dict[str, Row]:
    """Return the log by its rows' ids."""
    return {row["_id"]: row async for row in database.handle[Change.stored_in()].find()}


async def settled(database: Database) -> dict[str, Row]:
    """Wait until the log tells what is there and what is not, and return it."""

    async def told() -> bool:
        living = {row["_id"] for row in (await rows(database)).values() if not row["deleted"]}
        there = {
            f"{document.__name__}:{row['_id']}"
            for document in REPLICATED
            async for row in database.handle[document.stored_in()].find({}, {"_id": 1})
        }
        return living == there

    await until(told)
    return await rows(database)


async def test_what_was_there_before_is_noted_first(own: Database, redis: Redis) -> None:
    """Given documents that are older than the log, then each has a row, and later changes stand behind them."""
    organization = ObjectId()
    projects = own.handle["projects"]
    old = [ObjectId() for _ in range(3)]
    await projects.insert_many([{"_id": id_, "organization": organization} for id_ in old])
    async with recording(own, redis):
        before = await settled(own)
        await projects.update_one({"_id": old[0]}, {"$set": {"title": "A"}})
        await until(lambda: _moved(own, before, f"Project:{old[0]}"))
    after = await rows(own)
    assert {row["organization"] for row in after.values()} == {organization}
    assert max(after, key=lambda id_: after[id_]["position"]) == f"Project:{old[0]}"
    assert {id_: row["first"] for id_, row in after.items()} == {id_: row["position"] for id_, row in before.items()}


async def _moved(database: Database, before: dict[str, Row], id_: str) -> bool:
    return bool((await rows(database))[id_]["position"] > before[id_]["position"])


async def test_several_recorders_that_are_killed_lose_nothing(own: Database, redis: Redis) -> None:
    """Given writers, and recorders that come and go, then whoever follows the log has what is there at the end."""
    chance = random.Random(7)  # noqa: S311 - it draws a test, no secret
    designs, organization = own.handle["designs"], ObjectId()
    known: set[ObjectId] = set()
    reached, following = "", True

    async def follow() -> None:
        nonlocal reached
        log = own.handle[Change.stored_in()]
        while following:
            page = await log.find({"position": {"$gt": reached}}).sort("position").limit(5).to_list()
            for row in page:
                reached = row["position"]
                (known.discard if row["deleted"] else known.add)(row["document"])
            await asyncio.sleep(0.002)

    follower = asyncio.create_task(follow())
    there: list[ObjectId] = []
    for _ in range(12):
        async with recording(own, redis, count=2):
            for _ in range(chance.randrange(5, 25)):
                if there and chance.random() < 0.4:
                    await designs.delete_one({"_id": there.pop(chance.randrange(len(there)))})
                else:
                    there.append(ObjectId())
                    await designs.insert_one({"_id": there[-1], "organization": organization})
            if chance.random() < 0.5:
                await settled(own)
    async with recording(own, redis):
        log = await settled(own)
        newest = max(row["position"] for row in log.values())
        await until(lambda: _reached(lambda: reached >= newest))
    following = False
    await follower
    assert known == {*there}


async def _reached(condition: Any) -> bool:
    return bool(condition())


async def test_a_history_that_is_lost_is_made_good(own: Database, redis: Redis) -> None:
    """Given changes while nobody recorded, and a place that MongoDB no longer knows, then all is noted behind it."""
    projects, organization = own.handle["projects"], ObjectId()
    kept, gone, new = (ObjectId() for _ in range(3))
    await projects.insert_many([{"_id": id_, "organization": organization} for id_ in (kept, gone)])
    async with recording(own, redis):
        await settled(own)
        await projects.update_one({"_id": kept}, {"$set": {"title": "A"}})
        await until(lambda: _has_token(own))
    before = await rows(own)
    await own.handle[STATE].update_one({}, {"$set": {"token": "82" + "F" * 40}})
    await projects.delete_one({"_id": gone})
    await projects.insert_one({"_id": new, "organization": organization})
    async with recording(own, redis):
        after = await settled(own)
    assert min(row["position"] for row in after.values()) > max(row["position"] for row in before.values())
    assert after[f"Project:{gone}"]["deleted"] is True
    assert after[f"Project:{gone}"]["position"] == max(row["position"] for row in after.values())


async def _has_token(database: Database) -> bool:
    return "token" in (await database.handle[STATE].find_one({}) or {})


async def test_a_collection_that_is_dropped_is_told(own: Database, redis: Redis) -> None:
    """Given comments that an operator drops, then every one of them is told as deleted, and new ones follow."""
    comments, organization = own.handle["comments"], ObjectId()
    await comments.insert_many([{"_id": ObjectId(), "organization": organization} for _ in range(3)])
    async with recording(own, redis):
        assert len(await settled(own)) == 3
        await comments.drop()
        assert all(row["deleted"] for row in (await settled(own)).values())
        await comments.insert_one({"_id": ObjectId(), "organization": organization})
        assert len(await settled(own)) == 4


async def test_a_row_only_moves_on(database: Database) -> None:
    """Given a relay that comes late with what another has noted, then the row stays as it is."""
    changes = database.handle["changes_moved"]
    id_, organization = ObjectId(), ObjectId()
    (early,), behind = noted([event("insert", id_, 1, fullDocument={"organization": organization})], position(0, "0"))
    (late,), _ = noted([event("delete", id_, 2)], behind)
    for each in (early, late, early):
        await changes.bulk_write([write(each)])
    row = await changes.find_one({"_id": f"Project:{id_}"})
    assert row is not None
    assert (row["deleted"], row["position"], row["first"]) == (True, late.position, early.position)
    await changes.bulk_write([write(late._replace(document=ObjectId()))])
    assert await changes.count_documents({}) == 1  # nothing is told of what nobody has
    await changes.drop()


async def test_it_waits_for_a_database_that_is_away(redis: Redis) -> None:
    """Given a MongoDB that does not answer, then it goes on trying, and is not ready."""
    client: AsyncMongoClient[Row] = AsyncMongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    recorder = Recorder(Database(client, "x"), RedisSignals(redis))
    task = asyncio.create_task(recorder.run())
    done, _ = await asyncio.wait([task], timeout=0.3)
    assert not done
    with pytest.raises(RuntimeError, match="not being recorded"):
        await recorder.ready()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()

"""The relay on a database and a Redis database of its own: one gap-free chain, whatever happens to it."""

from __future__ import annotations

import asyncio
import gc
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from edge import stream
from edge.stream import START, STREAM, Change, Entry, EntryId
from models.database import PULSES, Database, cluster_time
from tests.relay.relaying import caught_up, exists, relaying, until
from workers.relay.relay import Relay

Row = dict[str, Any]
MOMENT = datetime(2026, 5, 1, tzinfo=UTC)
LEAKS = pytest.mark.filterwarnings(  # the drivers leave a socket open that they are just connecting when cancelled
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def tags(entries: list[Entry]) -> list[str]:
    """Return the tags of all entries but those of pulses, in order."""
    return [change.tag for entry in entries for change in entry.changes if change.tag != PULSES]


def comment(**fields: Any) -> Row:
    """Make a comment as it is stored, as far as a relay looks at it."""
    return {"_id": ObjectId(), "design": ObjectId(), "parent": None, "created_at": MOMENT, **fields}


async def test_it_begins_with_everything_and_carries_on(database: Database, redis: Redis) -> None:
    """Given an empty stream, when a relay starts, then the first entry drops everything, and writes follow it."""
    async with relaying(database, redis) as relay:
        await until(lambda: exists(redis))
        row = comment()
        await database.handle["comments"].insert_one(row)
        found = await caught_up(database, redis)
        await relay.ready()
    assert (found[0].before, found[0].changes) == (START, (Change("*"),))
    assert {f"Comment:{row['_id']}", f"comments_by_design?design={row['design']}"} <= set(tags(found[1:]))
    assert found[-1].changes == (Change(PULSES),)
    assert all(entry.token for entry in found[1:])
    with pytest.raises(RuntimeError, match="not being read"):
        await relay.ready()


async def test_each_kind_of_document_has_the_right_tags(database: Database, redis: Redis) -> None:
    """Given writes of several kinds straight to the database, then every list that they move is told."""
    organization, design, user = ObjectId(), ObjectId(), ObjectId()
    project: Row = {
        "_id": ObjectId(),
        "organization": organization,
        "slug": "casa",
        "kind": "LOFT",
        "status": "ACTIVE",
        "visibility": "PRIVATE",
        "city_key": "leon",
        "style": None,
        "listed_at": None,
        "showcased_at": None,
        "price_amount": None,
        "created_at": MOMENT,
    }
    member = {"_id": ObjectId(), "organization": organization, "user": user, "created_at": MOMENT}
    handle = database.handle
    async with relaying(database, redis):
        await until(lambda: exists(redis))
        await handle["projects"].insert_one(project)
        await handle["projects"].update_one({"_id": project["_id"]}, {"$set": {"visibility": "PUBLIC"}})
        await handle["projects"].update_one({"_id": project["_id"]}, {"$set": {"listed_at": MOMENT, "style": "BOHO"}})
        await handle["memberships"].insert_one(member)
        await handle["memberships"].delete_one({"_id": member["_id"]})
        await handle["users"].insert_one({"_id": user, "name": "Ana"})
        await handle["users"].update_one({"_id": user}, {"$set": {"name": "Eva"}})
        await handle["sessions"].insert_one({"_id": ObjectId(), "user": user})
        await handle["elements"].insert_one({"_id": f"{design}:a", "design": design})
        batch = {"_id": ObjectId(), "design": design, "project": project["_id"], "created_at": MOMENT}
        await handle["design_edits"].insert_one(batch)
        found = [entry.changes for entry in (await caught_up(database, redis))[1:] if tags([entry])]
    created, published, listed, joined, left, signed_up, renamed, edited = found
    by_organization = {
        f"projects_by_organization?organization={organization}{more}"
        for more in ("", "&status=ACTIVE", "&kind=LOFT", "&status=ACTIVE&kind=LOFT")
    }
    assert {change.tag for change in created} == {f"Project:{project['_id']}", *by_organization}
    assert {change.tag for change in published} == {f"Project:{project['_id']}", "public_project_by_slug?slug=casa"}
    assert published[0].fields == ("visibility",)
    listings = {
        "listings?" + "&".join(part for part, chosen in zip(parts, bits, strict=True) if chosen)
        for parts in [(f"organization={organization}", "city_key=leon", "kind=LOFT")]
        for bits in [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    }
    assert {change.tag for change in listed} == {
        f"Project:{project['_id']}",
        f"public_projects_by_organization?organization={organization}",
        *listings,
        *(f"{tag}#narrowed" for tag in listings),
    }
    lists = {f"members_by_organization?organization={organization}", f"memberships_by_user?user={user}"}
    for changed in (joined, left):
        assert {change.tag for change in changed} == {f"Membership:{member['_id']}", *lists}
    assert signed_up == (Change(f"User:{user}"),)
    assert renamed == (Change(f"User:{user}", ("name",)),)
    done = {f"canvas?design={design}", f"DesignEdit:{batch['_id']}", f"edits_by_project?project={project['_id']}"}
    assert {change.tag for change in edited} == done


async def test_a_transaction_becomes_visible_at_once(database: Database, redis: Redis) -> None:
    """Given a transaction of several writes, then its entries share a time, are numbered, and come together."""
    rows = [comment() for _ in range(5)]
    async with relaying(database, redis):
        await until(lambda: exists(redis))

        async def work(session: Any) -> None:
            for row in rows:
                await database.handle["comments"].insert_one(row, session=session)

        await database.transaction(work)
        found = [entry for entry in (await caught_up(database, redis))[1:] if tags([entry])]
    assert [entry.id.ordinal for entry in found] == [0, 1, 2, 3, 4]
    assert len({entry.id.time for entry in found}) == 1


async def test_without_images_the_type_is_invalidated(database: Database, redis: Redis) -> None:
    """Given a collection whose images were switched off, when a row changes, then everything of its type is dropped."""
    row = comment()
    await database.handle["comments"].insert_one(row)
    switch = {"enabled": False}
    try:
        async with relaying(database, redis):
            await until(lambda: exists(redis))
            await database.handle.command("collMod", "comments", changeStreamPreAndPostImages=switch)
            await database.handle["comments"].update_one({"_id": row["_id"]}, {"$set": {"body": "x"}})
            found = await caught_up(database, redis)
    finally:
        await database.handle.command("collMod", "comments", changeStreamPreAndPostImages={"enabled": True})
    assert tags(found[1:]) == ["Comment"]


async def test_a_dropped_collection_invalidates_its_type(database: Database, redis: Redis) -> None:
    """Given a collection that is renamed onto a watched one and dropped, then its type is dropped each time."""
    await database.handle.create_collection("elsewhere")
    async with relaying(database, redis):
        await until(lambda: exists(redis))
        await database.handle["elsewhere"].rename("assets", dropTarget=True)
        await database.handle["assets"].drop()
        found = await caught_up(database, redis)
    assert set(tags(found[1:])) == {"Asset"}
    await database.handle.create_collection("assets", changeStreamPreAndPostImages={"enabled": True})


async def test_two_relays_make_one_chain(database: Database, redis: Redis) -> None:
    """Given two relays at once, when much is written, then the stream has every write once, without a gap."""
    rows = [comment() for _ in range(150)]
    async with relaying(database, redis), relaying(database, redis):
        await until(lambda: exists(redis))
        await asyncio.gather(*(database.handle["comments"].insert_one(row) for row in rows))
        found = await caught_up(database, redis)
    written = [tag for tag in tags(found[1:]) if tag.startswith("Comment:")]
    assert sorted(written) == sorted(f"Comment:{row['_id']}" for row in rows)
    assert [entry.changes for entry in found].count((Change("*"),)) == 1


@LEAKS
async def test_a_relay_that_is_killed_again_and_again_loses_nothing(database: Database, redis: Redis) -> None:
    """Given a relay that is cancelled at arbitrary points, then what it wrote in the end is complete and in order."""
    chance = random.Random(7)  # noqa: S311 - arbitrary, and the same each time
    rows = [comment() for _ in range(60)]

    async def write() -> None:
        for row in rows:
            await database.handle["comments"].insert_one(row)

    async with relaying(database, redis):
        await until(lambda: exists(redis))
    writing = asyncio.create_task(write())
    while not writing.done():
        async with relaying(database, redis):
            await asyncio.wait([writing], timeout=chance.random() * 0.04)
    async with relaying(database, redis):
        found = await caught_up(database, redis)
    written = [tag for tag in tags(found[1:]) if tag.startswith("Comment:")]
    assert written == [f"Comment:{row['_id']}" for row in rows]
    gc.collect()


@LEAKS
async def test_a_cancelled_relay_ends_at_once(database: Database, redis: Redis) -> None:
    """Given relays at arbitrary points of their work, when each is cancelled once, then each ends, driver or not."""
    chance = random.Random(3)  # noqa: S311 - arbitrary, and the same each time
    async with relaying(database, redis):
        await until(lambda: exists(redis))
    for _ in range(60):
        task = asyncio.create_task(Relay(database, redis).run())
        await asyncio.wait([task], timeout=chance.random() * 0.02)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done
    gc.collect()


async def test_an_emptied_stream_begins_anew(database: Database, redis: Redis) -> None:
    """Given a running relay, when Redis is emptied, then it begins again with an entry that drops everything."""
    async with relaying(database, redis):
        await until(lambda: exists(redis))
        before = await caught_up(database, redis)
        await redis.flushdb()
        after = await caught_up(database, redis)
    assert (after[0].before, after[0].changes) == (START, (Change("*"),))
    assert after[0].id > before[-1].id


async def test_a_lost_tail_is_written_again_with_the_same_ids(database: Database, redis: Redis) -> None:
    """Given a Redis that came back without its newest entries, then the relay writes them again, as they were."""
    async with relaying(database, redis):
        await until(lambda: exists(redis))
        await database.handle["comments"].insert_many([comment() for _ in range(10)])
        before = await caught_up(database, redis)
    kept = before[:-6]
    await redis.xdel(STREAM, *(str(entry.id) for entry in before[-6:]))
    await redis.execute_command("XSETID", STREAM, str(kept[-1].id))  # type: ignore[no-untyped-call]
    async with relaying(database, redis):
        after = await caught_up(database, redis)
    assert after[: len(before)] == before


async def test_deleted_entries_that_redis_remembers_do_not_stop_it(database: Database, redis: Redis) -> None:
    """Given newest entries that somebody deleted, so that Redis refuses their ids, then everything is dropped once."""
    async with relaying(database, redis):
        await until(lambda: exists(redis))
        await database.handle["comments"].insert_many([comment() for _ in range(3)])
        before = await caught_up(database, redis)
    await redis.xdel(STREAM, *(str(entry.id) for entry in before[-2:]))
    async with relaying(database, redis):
        after = await caught_up(database, redis)
    assert after[: len(before) - 2] == before[:-2]
    assert after[len(before) - 2].changes == (Change("*"),)


@pytest.mark.parametrize("token", ["garbage", "8265", "82" + "F" * 40])
async def test_a_token_that_mongodb_does_not_know_begins_anew(database: Database, redis: Redis, token: str) -> None:
    """Given a tail whose resume token is worthless, then everything is dropped behind it, and the stream goes on."""
    tail = EntryId(cluster_time(await database.pulse("test")), 0)
    await stream.append(redis, START, [Entry(tail, START, token, ())])

    async def begun() -> bool:
        return bool(await redis.xlen(STREAM) > 1)

    async with relaying(database, redis):
        await until(begun)
        found = await caught_up(database, redis)
    assert found[0].id == tail
    assert found[1].changes == (Change("*"),)
    assert found[-1].changes == (Change(PULSES),)


async def test_a_dropped_database_drops_everything_and_the_relay_goes_on(mongodb_url: str, redis: Redis) -> None:
    """Given a database that is dropped, which ends its change stream, then everything is dropped, and writes follow."""
    client: AsyncMongoClient[Row] = AsyncMongoClient(mongodb_url, tz_aware=True)
    database = Database(client, "relay_drop_tests")
    await database.pulse("test")
    async with relaying(database, redis):
        await until(lambda: exists(redis))
        await caught_up(database, redis)
        await client.drop_database("relay_drop_tests")
        await database.handle["users"].insert_one({"_id": 1})
        found = await caught_up(database, redis)
        assert "*" in tags(found[1:])
        assert found[-1].changes == (Change(PULSES),)
    await client.drop_database("relay_drop_tests")
    await client.close()


async def test_it_waits_for_a_database_that_is_away(redis: Redis) -> None:
    """Given a MongoDB that does not answer, when a relay and its pulse run, then they go on trying."""
    client: AsyncMongoClient[Row] = AsyncMongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    relay = Relay(Database(client, "x"), redis)
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(relay.pulse())]
    done, _ = await asyncio.wait(tasks, timeout=0.3)
    assert not done
    with pytest.raises(RuntimeError):
        await relay.ready()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.close()

"""Writes of several documents with the driver: inserts, deletes, commands that touch many, transactions.

Every function writes once; `which` chooses among the newest things, `value` (0 to 20) what becomes of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import DeleteMany, InsertOne, UpdateMany, UpdateOne

from tests.coherence import documents
from tests.coherence.by_driver import Write, named
from tests.coherence.world import CITIES, STYLES, World

WRITES: dict[str, Write] = {}


def driver(write: Write) -> Write:
    """Register a write."""
    WRITES[named("driver", write)] = write
    return write


async def begin(world: World) -> None:
    """Delete all there is but who is signed in, and insert a few projects to begin with."""
    world.forget()
    async with world.writing() as session:
        for name in ("projects", "designs", "comments", "assets", "elements", "design_edits", "likes"):
            await world.rows[name].delete_many({}, session=session)
        signed_in = [viewer.claims.user for viewer in world.viewers]
        await world.rows.users.delete_many({"_id": {"$nin": signed_in}}, session=session)
    for value in (4, 9, 14, 19):
        await insert(world, 0, value)


@driver
async def insert(world: World, _: int, value: int) -> None:
    """Insert an owner, a picture, a shown project, and a published design of it."""
    await insert_in(world, CITIES[value % 2], value)


async def insert_in(world: World, city: str, value: int) -> None:
    """Insert these in a city."""
    made = documents.family(world, value, city)
    async with world.writing() as session:
        for name, row in made.items():
            await world.rows[name].insert_one(row, session=session)
    documents.note(world, made)


@driver
async def insert_many(world: World, _: int, value: int) -> None:
    """Insert two of these in one transaction."""
    families = [documents.family(world, value), documents.family(world, value // 2)]
    async with world.writing() as session:

        async def work(session: Any) -> None:
            for name in families[0]:
                await world.rows[name].insert_many([family[name] for family in families], session=session)

        await session.with_transaction(work)
    for family in families:
        documents.note(world, family)


@driver
async def upsert(world: World, _: int, value: int) -> None:
    """Bring a project about by an update and its design by a replacement, neither of which finds anything."""
    made = documents.family(world, value)
    project, design = made["projects"], made["designs"]
    async with world.writing() as session:
        for name in ("users", "assets"):
            await world.rows[name].insert_one(made[name], session=session)
        await world.rows.projects.update_one(
            {"_id": project["_id"]}, {"$setOnInsert": project}, upsert=True, session=session
        )
        await world.rows.designs.replace_one({"_id": design["_id"]}, design, upsert=True, session=session)
    documents.note(world, made)


@driver
async def hand_over(world: World, which: int, value: int) -> None:
    """Give a project and its designs to another organization, in one transaction."""
    id_, organization = world.project(which), world.organization(value)
    async with world.writing() as session:

        async def work(session: Any) -> None:
            fields = {"$set": {"organization": organization}}
            await world.rows.projects.update_one({"_id": id_}, fields, session=session)
            await world.rows.designs.update_many({"project": id_}, fields, session=session)

        await session.with_transaction(work)


@driver
async def many(world: World, _: int, value: int) -> None:
    """Move all projects of one city to another, with one command."""
    async with world.writing() as session:
        await world.rows.projects.update_many(
            {"city_key": CITIES[value % 2]},
            {"$set": {"city_key": CITIES[(value + 1) % 2], "rooms": value % 5}},
            session=session,
        )


@driver
async def bulk(world: World, which: int, value: int) -> None:
    """Insert, update and delete with one command."""
    made = documents.family(world, value)
    async with world.writing() as session:
        for name in ("users", "assets", "projects"):
            await world.rows[name].insert_one(made[name], session=session)
        await world.rows.designs.bulk_write(
            [
                InsertOne(made["designs"]),
                UpdateMany({"style": STYLES[value % 2]}, {"$inc": {"like_count": 1}}),
                UpdateOne({"_id": world.design(which + 1)}, {"$set": {"room": "STUDY"}}),
                DeleteMany({"_id": {"$in": [world.design(which + 2), world.design(which + 3)]}}),
            ],
            session=session,
        )
    documents.note(world, made)


@driver
async def transaction(world: World, which: int, value: int) -> None:
    """Change what several answers show, all together or not at all."""
    id_, other = world.project(which), world.project(which + 1)
    async with world.writing() as session:

        async def work(session: Any) -> None:
            await world.rows.projects.update_one({"_id": id_}, {"$set": {"visibility": "PRIVATE"}}, session=session)
            await world.rows.designs.update_many({"project": id_}, {"$set": {"project_public": False}}, session=session)
            fields = {"listed_at": documents.moment(value), "showcased_at": documents.moment(value)}
            await world.rows.projects.update_one({"_id": other}, {"$set": fields}, session=session)
            await world.rows.users.update_one({"_id": world.user(which)}, {"$set": {"name": "Sol"}}, session=session)

        await session.with_transaction(work)


@driver
async def canvas(world: World, which: int, value: int) -> None:
    """Add an object to a canvas, with its entry in the log."""
    id_, element, author = world.design(which), secrets.token_hex(8), world.viewers[0].claims.user
    async with world.writing() as session:

        async def work(session: Any) -> None:
            fields = {"$inc": {"seq": 1}}
            found = await world.rows.designs.find_one_and_update({"_id": id_}, fields, session=session)
            if found is None:
                return
            seq = int(found["seq"]) + 1000 + value  # behind what the API has given
            row, edit = documents.element(found, element, value), documents.edit(found, element, seq, author)
            await world.rows.elements.insert_one(row, session=session)
            await world.rows.design_edits.insert_one(edit, session=session)

        await session.with_transaction(work)


@driver
async def delete_user(world: World, which: int, _: int) -> None:
    """Delete an owner, whom projects still name."""
    await remove(world, "users", {"_id": world.user(which)})


@driver
async def delete_picture(world: World, which: int, _: int) -> None:
    """Delete a picture, which covers still name."""
    await remove(world, "assets", {"_id": world.asset(which)})


@driver
async def delete_design(world: World, which: int, _: int) -> None:
    """Delete a design."""
    await remove(world, "designs", {"_id": world.design(which)})


@driver
async def delete_project(world: World, which: int, _: int) -> None:
    """Delete a project, and leave its designs."""
    await remove(world, "projects", {"_id": world.project(which)})


@driver
async def delete_designs(world: World, which: int, _: int) -> None:
    """Delete all designs of a project with one command."""
    await remove(world, "designs", {"project": world.project(which)})


@driver
async def member(world: World, _: int, value: int) -> None:
    """Make the second viewer a member of the first one's organization, or no longer."""
    who = {"organization": world.organization(0), "user": world.viewers[1].claims.user}
    async with world.writing() as session:
        await world.rows.memberships.delete_many(who, session=session)
        if value % 2:
            row = {"_id": ObjectId(), **who, "role": "VIEWER", "created_at": datetime.now(UTC)}
            await world.rows.memberships.update_one(who, {"$setOnInsert": row}, upsert=True, session=session)


async def remove(world: World, collection: str, query: Mapping[str, Any]) -> None:
    """Delete documents."""
    async with world.writing() as session:
        await world.rows[collection].delete_many(dict(query), session=session)

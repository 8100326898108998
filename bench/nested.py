"""The first five of each of 20 parents' 1,000 children: ways to ask MongoDB for them, and what each reads.

    python -m bench.nested

The designs of projects, with the index of their declared collection. Takes about 20 s.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bson import ObjectId
from pymongo import AsyncMongoClient

from app.embedded import EmbeddedMongoDB
from app.embedded.ports import free_port
from bench.stand import local_versions, show
from models.design import Design
from schema.lists import Lists, PageKey

PARENTS, CHILDREN, FIRST, ROUNDS = 20, 1000, 5, 40
Pipeline = list[dict[str, Any]]

_LISTS = Lists.named("published_designs_by_project")
_PUBLIC = {"project_public": True, "published_at": {"$ne": None}}
_ORDER = {"published_at": -1, "_id": -1}


def lookup(parents: list[ObjectId]) -> Pipeline:
    """Return what the API sends: the index is entered once for each parent."""
    return _LISTS.read([PageKey((("project", parent),), FIRST) for parent in parents]).stages()


def union(parents: list[ObjectId]) -> Pipeline:
    """Return a union of one read for each parent."""
    reads = [
        [{"$match": {"project": parent, **_PUBLIC}}, {"$sort": _ORDER}, {"$limit": FIRST + 1}] for parent in parents
    ]
    return [
        {"$documents": []},
        *({"$unionWith": {"coll": Design.stored_in(), "pipeline": read}} for read in reads),
    ]


def top(parents: list[ObjectId]) -> Pipeline:
    """Return a group with the first of each parent's children."""
    rows = {"$topN": {"n": FIRST + 1, "sortBy": _ORDER, "output": "$$ROOT"}}
    matched = {"$match": {"project": {"$in": parents}, **_PUBLIC}}
    return [matched, {"$group": {"_id": "$project", "rows": rows}}]


def window(parents: list[ObjectId]) -> Pipeline:
    """Return a window that numbers each parent's children."""
    counted = {"$sum": 1, "window": {"documents": ["unbounded", "current"]}}
    number = {"partitionBy": "$project", "sortBy": _ORDER, "output": {"number": counted}}
    matched = {"$match": {"project": {"$in": parents}, **_PUBLIC}}
    return [matched, {"$setWindowFields": number}, {"$match": {"number": {"$lte": FIRST + 1}}}]


WAYS: tuple[tuple[str, Callable[[list[ObjectId]], Pipeline], str | None], ...] = (
    ("$lookup with $sort and $limit (ours)", lookup, None),
    ("$unionWith, one for each parent", union, None),
    ("$group with $topN", top, Design.stored_in()),
    ("$setWindowFields", window, Design.stored_in()),
)


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="disenopro-bench-") as folder:
        async with (
            EmbeddedMongoDB(Path(folder), free_port()) as mongodb,
            AsyncMongoClient[dict[str, Any]](mongodb.url) as client,
        ):
            database = client["bench"]
            parents = await _fill(database)
            rows = [await _measure(database, parents, *way) for way in WAYS]
            server = (await client.server_info())["version"]
    columns = ("the first 5 of 20 × 1,000", "documents read", "for each returned", "time, ms: median")
    show("Nested pages", columns, rows, f"{ROUNDS} rounds.\n{local_versions()}; mongod {server}")


async def _fill(database: Any) -> list[ObjectId]:
    parents, beginning = [ObjectId() for _ in range(PARENTS)], datetime(2026, 1, 1, tzinfo=UTC)
    designs = database[Design.stored_in()]
    await designs.create_indexes(_LISTS.collection.indexes())
    for parent in parents:
        await designs.insert_many(
            {
                "project": parent,
                "project_public": True,
                "published_at": beginning + timedelta(minutes=number),
                "title": f"Salón {number}",
            }
            for number in range(CHILDREN)
        )
    return parents


async def _measure(
    database: Any, parents: list[ObjectId], name: str, way: Callable[[list[ObjectId]], Pipeline], source: str | None
) -> tuple[str, str, str, str]:
    """Return the row of one way; `source` is the collection that is asked, None for the database."""
    target = database if source is None else database[source]
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await (await target.aggregate(way(parents), batchSize=1000)).to_list()
        times.append(time.perf_counter() - began)
    await database.command("profile", 2)
    await (await target.aggregate(way(parents), batchSize=1000, comment="measured")).to_list()
    await database.command("profile", 0)
    profile = await database["system.profile"].find_one({"command.comment": "measured"})
    await database["system.profile"].drop()
    read = int(profile["docsExamined"])
    return name, f"{read:,}", f"{read / (PARENTS * FIRST):.1f}", f"{median(times) * 1000:.1f}"


if __name__ == "__main__":
    asyncio.run(main())

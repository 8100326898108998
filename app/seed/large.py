"""Large data, for load tests: the demo many times over, almost without canvases, and with the demo's pictures."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from itertools import count, islice

from bson import ObjectId
from pymongo import WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from app.demo.vocabulary import Room, Style
from app.demo.world import world
from app.seed.blocks import BLOCK, Covers, Row, block
from app.seed.documents import object_id
from app.seed.indexes import built_afterwards
from app.seed.load import MARKS, PASSWORD, SEED, SeedError
from app.seed.progress import bars
from auth.passwords import hash_password
from models.database import Database
from models.design import Design
from models.entity import Entity, now
from models.project import Project

MOST_DESIGNS = 10_000_000
"""How many can be asked for: each 2,000 of them lie a day further back."""

_BLOCKS = "seed_blocks"  # remembers which blocks were begun, and which are complete
_MANY = 50_000  # from so many designs on, the indexes of projects, which are many, are built afterwards
_IN_FLIGHT = 4
_DUPLICATE_KEY = 11000  # mongo/base/error_codes.yml
_QUICKLY = WriteConcern(w=1)  # the mark that follows waits for a majority, and so for all that came before it


async def grow(database: Database, designs: int) -> int:
    """Bring a database that holds the demo to at least so many designs; return how many blocks were written.

    Blocks that an interrupted run has begun are completed first. What is there is not overwritten. While much is added,
    lists of projects are slow, for want of indexes.

    Raises:
        SeedError: the database does not hold the demo.

    """
    if await database.handle[MARKS].find_one({"_id": 0, "complete": True}) is None:
        raise SeedError("This database does not hold the demo data; load it with `python -m app seed` first.")
    begun = {mark["_id"]: mark["complete"] async for mark in database.handle[_BLOCKS].find()}
    unfinished = sorted(number for number, complete in begun.items() if not complete)
    writer = _Writer(database, covers_of_the_demo(), await hash_password(PASSWORD))
    with bars() as progress:
        task = progress.add_task("designs", total=designs, completed=await writer.designs())
        await writer.write(unfinished, lambda: None)
        present = await writer.designs()
        missing = max(0, -(-(designs - present) // BLOCK))
        progress.update(task, total=present + missing * BLOCK, completed=present)
        fresh = islice((number for number in count() if number not in begun), missing)
        many = missing * BLOCK > max(present, _MANY)
        async with built_afterwards(writer.projects, progress) if many else nullcontext():
            await writer.write(fresh, lambda: progress.advance(task, BLOCK))
    return len(unfinished) + missing


def covers_of_the_demo() -> Covers:
    """Return the ids of the demo's pictures, by what they show."""
    found: defaultdict[tuple[Room, Style], set[ObjectId]] = defaultdict(set)
    for design in world(SEED).designs:
        if design.cover is not None:
            found[design.room, design.style].add(object_id(0, "asset", f"{design.organization}/{design.cover}"))
    return {shown: sorted(ids) for shown, ids in found.items()}


class _Writer:
    """Writes blocks, several at a time: while MongoDB keeps some, the next are made."""

    def __init__(self, database: Database, covers: Covers, password_hash: str) -> None:
        self._database = database.handle
        self._covers = covers
        self._password_hash = password_hash

    @property
    def projects(self) -> AsyncCollection[Row]:
        """The collection of projects."""
        return self._database[Project.stored_in()]

    async def designs(self) -> int:
        """Count the designs that there are."""
        return await self._database[Design.stored_in()].count_documents({})

    async def write(self, numbers: Iterable[int], advance: Callable[[], None]) -> None:
        """Write these blocks; `advance` is called after each."""
        left = iter(numbers)

        async def work() -> None:
            for number in left:
                await self._write(number)
                advance()

        async with asyncio.TaskGroup() as group:
            for _ in range(_IN_FLIGHT):
                group.create_task(work())

    async def _write(self, number: int) -> None:
        """Write one block, or what is missing of it."""
        marks = self._database[_BLOCKS]
        await marks.update_one({"_id": number}, {"$set": {"complete": False}}, upsert=True)
        for kind, rows in block(number, self._covers, self._password_hash, now()).by_kind.items():
            await self._insert(kind, rows)
        await marks.update_one({"_id": number}, {"$set": {"complete": True}})

    async def _insert(self, kind: type[Entity], rows: list[Row]) -> None:
        """Insert rows, but those that are there already."""
        if not rows:
            return
        collection = self._database.get_collection(kind.stored_in(), write_concern=_QUICKLY)
        try:
            await collection.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if not all(_is_there(failure) for failure in error.details["writeErrors"]):
                raise


def _is_there(failure: Row) -> bool:
    """Whether an insertion failed because a document with this very id is there."""
    return failure["code"] == _DUPLICATE_KEY and [*failure["keyPattern"]] == ["_id"]

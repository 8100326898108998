"""Building a collection's indexes after it was filled, which takes a fraction of keeping them up to date meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from rich.progress import Progress


@asynccontextmanager
async def built_afterwards(collection: AsyncCollection[dict[str, Any]], progress: Progress) -> AsyncIterator[None]:
    """Do without a collection's indexes in this block, but those that keep values unique, and build them at its end.

    Where the process is killed meanwhile, they are missing until `Database.prepare`, with which `seed` and `migrate`
    begin.
    """
    indexes = [
        dict(index)
        async for index in await collection.list_indexes()
        if index["name"] != "_id_" and not index.get("unique")
    ]
    if not indexes:
        yield
        return
    database, name = collection.database, collection.name
    await database.command("dropIndexes", name, index=[index["name"] for index in indexes])
    try:
        yield
    finally:
        task = progress.add_task(f"indexes of {name}", total=None)
        await database.command("createIndexes", name, indexes=indexes)
        progress.update(task, total=len(indexes), completed=len(indexes))

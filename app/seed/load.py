"""Writing the demo data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from beanie.odm.utils.dump import get_dict
from pymongo import ReplaceOne
from rich.progress import Progress

from app.demo.world import world
from app.seed.documents import Documents, Drawn
from app.seed.pictures import draw_all, keep_originals
from app.seed.progress import bars
from auth.passwords import hash_password
from models.database import Database
from models.entity import Entity, now
from models.organization import Organization
from storage.assets import AssetStore

PASSWORD = "demo-password"  # noqa: S105 - the demo accounts', printed for everybody
SEED = 7

MARKS = "seeds"
"""The collection that remembers which copies are complete."""

_BATCH = 1000


class SeedError(Exception):
    """The demo data cannot be loaded; the message says why and what to do."""


async def load(database: Database, store: AssetStore, *, scale: int = 1, width: int = 1600) -> int:
    """Load the demo data `scale` times over, skipping what is complete; return how many copies were written.

    The first copy is the demo; the others, with accounts like `lucia-1@…`, are for load tests. An interrupted load is
    taken up again: every document has an id of its own making, and replaces itself.

    Raises:
        SeedError: the database holds other data.

    """
    marks = database.handle[MARKS]
    done = {row["_id"] async for row in marks.find({"complete": True})}
    wanted = [copy for copy in range(scale) if copy not in done]
    if not wanted:
        return 0
    if not await marks.find_one({}) and await Organization.find_one({}) is not None:
        raise SeedError("This database holds other data; the demo is loaded into an empty one only.")
    password_hash = await hash_password(PASSWORD)
    with bars() as progress:
        drawn = await _pictures(database, store, width, progress)
        for copy in wanted:
            await marks.update_one({"_id": copy}, {"$set": {"complete": False}}, upsert=True)
            documents = Documents(world(SEED + copy), copy, _for_copy(drawn, copy), password_hash, now())
            await _write(database, documents, progress)
            await keep_originals(documents, store)
            await marks.update_one({"_id": copy}, {"$set": {"complete": True}})
    return len(wanted)


def _for_copy(drawn: dict[str, Drawn], copy: int) -> dict[str, Drawn]:
    """Return the drawings that a copy uses: all of them share the first one's, by turns."""
    if copy == 0:
        return drawn
    pictures = [*drawn.values()]
    return {picture.key: pictures[n % len(pictures)] for n, picture in enumerate(world(SEED + copy).pictures)}


async def _pictures(database: Database, store: AssetStore, width: int, progress: Progress) -> dict[str, Drawn]:
    """Draw the demo's pictures, or recall what is known of them."""
    known = await database.handle[MARKS].find_one({"_id": "pictures", "width": width})
    if known is not None:
        return {key: Drawn(**fields) for key, fields in known["drawn"].items()}
    pictures = world(SEED).pictures
    task = progress.add_task("drawing photographs", total=len(pictures))
    drawn = await draw_all(pictures, width, store, lambda: progress.advance(task))
    fields: dict[str, Any] = {key: {n: getattr(d, n) for n in d.__dataclass_fields__} for key, d in drawn.items()}
    mark = {"_id": "pictures", "width": width, "drawn": fields}
    await database.handle[MARKS].replace_one({"_id": "pictures"}, mark, upsert=True)
    return drawn


async def _write(database: Database, documents: Documents, progress: Progress) -> None:
    for what, entities in documents.batches():
        task = progress.add_task(what if documents.copy == 0 else f"{what} ({documents.copy})", total=None)
        written = 0
        while batch := list(islice(entities, _BATCH)):
            for kind, rows in _by_kind(batch):
                replacements = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in rows]
                await database.handle[kind.stored_in()].bulk_write(replacements, ordered=False)
            written += len(batch)
            progress.update(task, completed=written)
        progress.update(task, total=written, completed=written)


def _by_kind(batch: list[Entity]) -> Iterator[tuple[type[Entity], list[dict[str, Any]]]]:
    """Group a batch by document class, as rows."""
    for kind in dict.fromkeys(type(entity) for entity in batch):
        yield kind, [get_dict(entity, to_db=True) for entity in batch if type(entity) is kind]

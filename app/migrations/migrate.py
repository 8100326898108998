"""Running migrations: in order, resumable, each once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.migrations import m0001_repeated_scalars, m0002_activity, m0003_refresh_tokens
from models.database import Database

_BATCH = 500
_LOG = "migrations"


@dataclass(frozen=True)
class Migration:
    """One change: of which MongoDB collection, and what to do with a batch of its rows (in `_id` order).

    `fields` are those of them that it needs; all, where none are named.
    """

    version: int
    name: str
    collection: str
    change: Callable[[Database, list[dict[str, Any]]], Awaitable[None]]
    fields: tuple[str, ...] = ()


MIGRATIONS = (
    Migration(1, "derive the scalars that collections select by", "projects", m0001_repeated_scalars.change),
    Migration(
        2,
        "say of batches where they belong and what they did",
        "design_edits",
        m0002_activity.change,
        m0002_activity.FIELDS,
    ),
    Migration(
        3,
        "end sessions of refresh tokens of the former kind",
        "sessions",
        m0003_refresh_tokens.change,
        m0003_refresh_tokens.FIELDS,
    ),
)


async def migrate(database: Database, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """Prepare indexes and images, run what has not run yet, and return how many migrations that were.

    The position is written after every batch, so that a killed migration goes on there; a batch may run twice.
    """
    await database.prepare()
    log = database.handle[_LOG]
    columns = (TextColumn("{task.description:<48}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    ran = 0
    with Progress(*columns) as progress:
        for migration in migrations:
            state = await log.find_one({"_id": migration.version}) or {}
            if state.get("complete"):
                continue
            await _run(database, migration, state, progress)
            await log.update_one(
                {"_id": migration.version}, {"$set": {"name": migration.name, "complete": True}}, upsert=True
            )
            ran += 1
    return ran


async def _run(database: Database, migration: Migration, state: dict[str, Any], progress: Progress) -> None:
    rows = database.handle[migration.collection]
    task = progress.add_task(f"{migration.version}: {migration.name}", total=await rows.estimated_document_count())
    position = state.get("position")
    progress.advance(task, state.get("done", 0))
    while True:
        query = {} if position is None else {"_id": {"$gt": position}}
        batch = await rows.find(query, migration.fields or None).sort("_id", ASCENDING).limit(_BATCH).to_list(None)
        if not batch:
            return
        await migration.change(database, batch)
        position = batch[-1]["_id"]
        await database.handle[_LOG].update_one(
            {"_id": migration.version}, {"$set": {"position": position}, "$inc": {"done": len(batch)}}, upsert=True
        )
        progress.advance(task, len(batch))

"""2: write into each batch of edits whose it is, and how many elements it added, changed and removed."""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne

from models.activity import tally
from models.database import Database

FIELDS = ("design", "project", "edits.edit", "edits.key", "edits.keys")


async def change(database: Database, batch: list[dict[str, Any]]) -> None:
    """Derive these of one batch of the log's rows; one whose design is gone has nobody who could see it, and stays."""
    missing = [row for row in batch if row.get("project") is None]
    ids = list({row["design"] for row in missing})
    found = database.handle["designs"].find({"_id": {"$in": ids}}, ("project", "organization"))
    designs = {design.pop("_id"): design async for design in found}
    updates = [
        UpdateOne({"_id": row["_id"]}, {"$set": {**designs[row["design"]], **tally(row["edits"])}})
        for row in missing
        if row["design"] in designs
    ]
    if updates:
        await database.handle["design_edits"].bulk_write(updates, ordered=False)

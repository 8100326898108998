"""3: end the sessions of refresh tokens of the former kind, which nobody can exchange any more: sign in again."""

from __future__ import annotations

from typing import Any

from models.database import Database

FIELDS = ("tokens",)


async def change(database: Database, batch: list[dict[str, Any]]) -> None:
    """Delete those of one batch of sessions that keep a list of links."""
    former = [row["_id"] for row in batch if "tokens" in row]
    if former:
        await database.handle["sessions"].delete_many({"_id": {"$in": former}})

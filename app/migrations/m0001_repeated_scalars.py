"""1: write `city_key`, `price_amount` and `price_currency` of projects anew, from what they repeat."""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne

from models.database import Database
from models.project import fold_city


async def change(database: Database, batch: list[dict[str, Any]]) -> None:
    """Derive the scalars of one batch of projects."""
    updates = []
    for row in batch:
        price = row.get("price") or {}
        derived = {
            "city_key": fold_city(row["address"]["city"]),
            "price_amount": price.get("amount"),
            "price_currency": price.get("currency"),
        }
        if any(row.get(name) != value for name, value in derived.items()):
            updates.append(UpdateOne({"_id": row["_id"]}, {"$set": derived}))
    if updates:
        await database.handle["projects"].bulk_write(updates, ordered=False)

"""Keys that access tokens are signed with, as far as they are stored: no part of them is a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bson.codec_options import CodecOptions
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from models.database import Database

SIGNING_KEYS: Final = "signing_keys"
_CODEC: Final = CodecOptions[dict[str, Any]](tz_aware=True)


@dataclass(frozen=True)
class SigningKey:
    """One key, published from its creation on; the `number`th.

    The private half is derived from the deployment's secret and `kid`, and never stored; `public` says which secret
    that was. It signs from `signs_from` until the next one does, and never again once it is revoked.
    """

    number: int
    kid: str
    public: str
    created_at: datetime
    signs_from: datetime
    revoked_at: datetime | None = None


def _of(row: Mapping[str, Any]) -> SigningKey:
    return SigningKey(
        row["_id"], row["kid"], row["public"], row["created_at"], row["signs_from"], row.get("revoked_at")
    )


def _collection(database: Database) -> AsyncCollection[dict[str, Any]]:
    return database.handle.get_collection(SIGNING_KEYS, _CODEC)


async def stored(database: Database) -> list[SigningKey]:
    """Return all keys, the oldest first."""
    rows = _collection(database).find(sort=[("_id", 1)], batch_size=1000)
    return [_of(row) async for row in rows]


async def add(database: Database, key: SigningKey) -> bool:
    """Store a new key; False where another process was quicker, and there is one of its number."""
    row = {
        "_id": key.number,
        "kid": key.kid,
        "public": key.public,
        "created_at": key.created_at,
        "signs_from": key.signs_from,
        "revoked_at": key.revoked_at,
    }
    try:
        await _collection(database).insert_one(row)
    except DuplicateKeyError:
        return False
    return True


async def revoke(database: Database, kid: str, now: datetime) -> bool:
    """Revoke a key, for good; False where there is none."""
    found = await _collection(database).update_one({"kid": kid}, {"$set": {"revoked_at": now}})
    return bool(found.matched_count)

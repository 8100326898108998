"""Accounts of people whose signing up is not what is tested."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from bson import ObjectId

from auth.passwords import HASHER
from models.opaque import token_hash

PASSWORD = "correct horse battery"


@cache
def _hash() -> str:
    return HASHER.hash(PASSWORD)


async def opened(rows: Any, name: str = "Ana") -> str:
    """Write an account into a database, as following the link of a sign-up does; return its address."""
    user = {**_row(), "email": _email(), "name": name, "locale": "en", "avatar": None}
    await rows["users"].insert_one({**user, "email_verified_at": user["created_at"]})
    await rows["credentials"].insert_one({"_id": user["_id"], "created_at": user["created_at"], "hash": _hash()})
    return str(user["email"])


async def waiting(rows: Any) -> str:
    """Write a sign-up into a database, as it is when its link was mailed; return its token."""
    sign_up = {**_row(), "email": _email(), "name": "Eva", "locale": "en", "hash": _hash()}
    await rows["sign_ups"].insert_one({**sign_up, "expires_at": sign_up["created_at"] + timedelta(days=1)})
    return await mailed(rows, "SIGN_UP", str(sign_up["email"]), sign_up=sign_up["_id"])


async def mailed(rows: Any, purpose: str, email: str, **about: ObjectId) -> str:
    """Write a token into a database, as it is when it was mailed to an address; return it."""
    token, row = secrets.token_urlsafe(32), _row()
    expires = row["created_at"] + timedelta(hours=1)
    ours: dict[str, Any] = {"user": None, "sign_up": None, **about}
    known = {"hash": token_hash(token), "purpose": purpose, "email": email, "used_at": None, "expires_at": expires}
    await rows["mailed_tokens"].insert_one({**row, **known, **ours})
    return token


def _row() -> dict[str, Any]:
    return {"_id": ObjectId(), "created_at": datetime.now(UTC)}


def _email() -> str:
    return f"{secrets.token_hex(8)}@example.com"

"""A partner of the platform under measurement, whose budget is no bound."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from auth import api_keys
from models.api_key import ApiKey
from models.organization import Organization, Plan


async def partner(database: AsyncDatabase[dict[str, Any]]) -> str:
    """Give an organization of its own an API key; return the key."""
    secret, organization, now = api_keys.make(live=False), ObjectId(), datetime.now(UTC)
    made = {"_id": organization, "created_at": now, "name": "Portal", "slug": f"portal-{organization}"}
    await database[Organization.stored_in()].insert_one({**made, "plan": Plan.ENTERPRISE.value})
    key = {"organization": organization, "name": "Bench", "prefix": secret[:12], "hash": api_keys.hashed(secret)}
    await database[ApiKey.stored_in()].insert_one({**key, "created_at": now, "scopes": ["READ_PUBLIC"]})
    return secret

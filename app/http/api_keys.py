"""What the API knows of keys: read from the database each time, so that a revocation holds here at once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection
from dataclasses import dataclass

from beanie import PydanticObjectId

from auth.budgets import A_MINUTE
from auth.viewer import Viewer
from edge.api_keys import READ_ORGANIZATION, Record, narrowed
from edge.stream import EntryId
from models.api_key import ApiKey
from models.database import Database, timestamp
from models.operation import MOST_OPERATIONS, RegisteredOperation
from models.organization import Organization, Plan, Role
from schema.reader import Find, Reader


@dataclass(frozen=True)
class ApiKeys:
    """The keys of one database. `partners` are the document ids that the release has for partners."""

    database: Database
    partners: Collection[str] = ()

    async def record(self, hash_: str, as_of: EntryId | None) -> Record | None:
        """Return what a key may do, by its hash, as of a moment of the stream or later; None where it is not good."""
        reader = Reader(self.database, timestamp(as_of.time) if as_of is not None else None)
        rows = await reader.read(Find(ApiKey, {"hash": hash_}, limit=1))
        if not rows or rows[0].get("revoked_at") is not None:
            return None
        key, organization = rows[0], rows[0]["organization"]
        documents = Find(
            RegisteredOperation, {"organization": organization}, limit=MOST_OPERATIONS, projection={"document_id": 1}
        )
        owners, registered = await asyncio.gather(
            reader.read(Find(Organization, {"_id": organization}, limit=1, projection={"plan": 1})),
            reader.read(documents),
        )
        if not owners:
            return None
        operations, withheld = narrowed(
            [row["document_id"] for row in registered], self.partners, key.get("operations", ())
        )
        ends = key.get("expires_at")
        return Record(
            id=str(key["_id"]),
            organization=str(organization),
            a_minute=A_MINUTE[Plan(owners[0].get("plan", Plan.FREE))],
            scopes=frozenset(key.get("scopes", ())),
            operations=operations,
            withheld=withheld,
            origins=frozenset(key.get("origins", ())),
            expires_at=math.inf if ends is None else ends.timestamp(),
        )

    async def registered_by(self, document_id: str, organizations: Collection[PydanticObjectId]) -> bool:
        """Whether one of these organizations has registered a document."""
        if not organizations:
            return False
        wanted = {"document_id": document_id, "organization": {"$in": [*organizations]}}
        return bool(await Reader(self.database).read(Find(RegisteredOperation, wanted, limit=1, projection={"_id": 1})))


def viewer_of(record: Record) -> Viewer:
    """Return the viewer that a key is; with the scope for it, one that sees what members may that only look."""
    organization = PydanticObjectId(record.organization)
    roles = {organization: Role.VIEWER} if READ_ORGANIZATION in record.scopes else {}
    return Viewer(roles=roles, api_key=PydanticObjectId(record.id), organization=organization)

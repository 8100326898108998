"""API keys: what partners' programs ask with, on behalf of an organization; and what each has used, by day."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import IndexModel

from models.collection import Collection
from models.entity import Entity, line, now
from models.personal import Erasing

MOST_KEYS = 50
"""How many keys that are not revoked an organization may have."""

_MOST_OPERATIONS = 200
_MOST_ORIGINS = 20
_ORIGIN = re.compile(r"https?://(\[[\da-f:]+\]|[a-z\d.-]+)(:\d{1,5})?", re.ASCII)


class KeyScope(StrEnum):
    """What a key may read: what everybody may see (every key may), or what members may that only look."""

    READ_PUBLIC = "READ_PUBLIC"
    READ_ORGANIZATION = "READ_ORGANIZATION"


def origin(text: str) -> str:
    """Return an origin as browsers spell it (RFC 6454); raises ValueError."""
    folded = text.strip().lower().rstrip("/")
    if not _ORIGIN.fullmatch(folded):
        raise ValueError("expected an origin such as https://partner.example, without a path")
    scheme, _, rest = folded.partition("://")
    return f"{scheme}://{rest.removesuffix(':443' if scheme == 'https' else ':80')}"


class ApiKey(Entity):
    """A key of an organization. Of the key itself there are its first characters, `prefix`, and its SHA-256, `hash`.

    `operations` are the document ids that it may ask, empty for all that its organization has registered and that the
    release has for partners. Where `origins` are given, a request must come with one of them as its `Origin`; where
    there are none, it may come from anywhere. `last_used` is the day (UTC) on which it was last counted.
    """

    organization: PydanticObjectId
    name: Annotated[str, line(120)]
    prefix: str
    hash: Annotated[str, Indexed(unique=True), pydantic.Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: list[KeyScope] = pydantic.Field(default_factory=lambda: [KeyScope.READ_PUBLIC])
    operations: list[Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")]] = pydantic.Field(
        default_factory=list, max_length=_MOST_OPERATIONS
    )
    origins: list[Annotated[str, pydantic.AfterValidator(origin)]] = pydantic.Field(
        default_factory=list, max_length=_MOST_ORIGINS
    )
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used: datetime | None = None
    created_by: PydanticObjectId

    personal = {"created_by": Erasing.STAYS}
    secret = ("prefix", "hash")
    collections = (
        Collection(name="api_keys_by_organization", by=("organization",), order=(("created_at", 1), ("_id", 1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "api_keys"

    @pydantic.field_validator("scopes", mode="after")
    @classmethod
    def _at_least_the_public(cls, scopes: list[KeyScope]) -> list[KeyScope]:
        return sorted({KeyScope.READ_PUBLIC, *scopes}, reverse=True)

    @pydantic.field_validator("operations", "origins", mode="after")
    @classmethod
    def _once(cls, values: list[str]) -> list[str]:
        return sorted(set(values))

    def revoke(self) -> bool:
        """End it for good; False where it has ended before."""
        if self.revoked_at is not None:
            return False
        self.revoked_at = now()
        return True


class ApiKeyUsage(Entity):
    """What a key has used on a day (midnight, UTC): answered requests, their cost, and the bytes of their bodies."""

    organization: PydanticObjectId
    key: PydanticObjectId
    day: datetime
    requests: int = 0
    cost: int = 0
    bytes: int = 0

    images = False
    personal = {}
    outlives = True  # there may be a bill to write yet

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "api_key_usage"
        indexes = [IndexModel([("key", 1), ("day", 1)], unique=True)]


class UsageFlush(Entity):
    """That a process's counts, by their own id, were added to `ApiKeyUsage`: none is added twice (`workers.usage`)."""

    created_at: Annotated[datetime, Indexed(expireAfterSeconds=30 * 86_400)] = pydantic.Field(default_factory=now)

    images = False
    personal = {}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "usage_flushes"

"""Passkeys: discoverable WebAuthn credentials that users sign in with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.collection import Collection
from models.entity import Entity, line
from models.errors import ConflictError
from models.personal import Erasing

MOST_PASSKEYS = 20
"""How many passkeys a user may have."""


class Passkey(Entity):
    """One credential of a user's.

    `credential` is its id in URL-safe base64 without padding, `public_key` its COSE key, `sign_count` the largest
    counter that it has shown. `syncs` says that it may be on several devices at once (WebAuthn's backup eligibility,
    which never changes), `backed_up` that it is.
    """

    user: PydanticObjectId
    name: Annotated[str, line(60)]
    credential: Annotated[str, Indexed(unique=True), pydantic.Field(min_length=1, max_length=1400)]
    public_key: bytes
    sign_count: int = pydantic.Field(ge=0)
    syncs: bool
    backed_up: bool = False
    transports: list[str] = pydantic.Field(default_factory=list, max_length=10)
    last_used_at: datetime | None = None

    personal = {"user": Erasing.AT_ONCE}
    secret = ("public_key",)
    collections = (Collection(name="passkeys_by_user", by=("user",), order=(("created_at", 1), ("_id", 1))),)

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "passkeys"

    @classmethod
    async def count_of(cls, user: PydanticObjectId, session: AsyncClientSession) -> int:
        """Return how many passkeys a user has."""
        return await cls.find({"user": user}, session=session).count()

    @classmethod
    async def check_room(cls, user: PydanticObjectId, session: AsyncClientSession) -> None:
        """Raise ConflictError where a user has as many passkeys as one may have."""
        if await cls.count_of(user, session) >= MOST_PASSKEYS:
            raise ConflictError(f"An account has at most {MOST_PASSKEYS} passkeys; remove one first.")

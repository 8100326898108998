"""What is open for a few minutes while somebody proves who they are: tickets of a second step, passkeys' challenges.

Both are known by an opaque token of which only a hash is stored, work once, and go by themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from models.entity import Entity, now
from models.opaque import token_hash
from models.personal import Erasing
from models.user import Method

TICKET_LIFETIME = timedelta(minutes=5)
CHALLENGE_LIFETIME = timedelta(minutes=2)
MOST_GUESSES = 5
"""How many codes may be tried with one ticket."""


class Ticket(Entity):
    """The first step of signing in, done: `methods` are what was proved. `guesses` counts the codes that were tried."""

    hash: Annotated[str, Indexed(unique=True)]
    user: PydanticObjectId
    methods: list[Method]
    password: str
    guesses: int = 0
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)] = pydantic.Field(
        default_factory=lambda: now() + TICKET_LIFETIME
    )

    images = False
    personal = {"user": Erasing.AT_ONCE}
    exported = ()  # it lasts for minutes, and is of no use to anybody

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "tickets"

    @classmethod
    async def try_once(cls, token: str) -> Ticket | None:
        """Count a guess, before it is checked; None for a ticket that is unknown, used, too old or tried too often."""
        found = await cls.get_pymongo_collection().find_one_and_update(
            {"hash": token_hash(token), "guesses": {"$lt": MOST_GUESSES}, "expires_at": {"$gt": now()}},
            {"$inc": {"guesses": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else cls.model_validate(found)

    async def use(self, session: AsyncClientSession) -> bool:
        """Take it as used; False where somebody else just did."""
        result = await type(self).get_pymongo_collection().delete_one({"_id": self.id}, session=session)
        return result.deleted_count == 1


class Purpose(StrEnum):
    """What a passkey's challenge is for."""

    REGISTRATION = "REGISTRATION"
    SIGN_IN = "SIGN_IN"
    STEP_UP = "STEP_UP"


class Challenge(Entity):
    """What an authenticator is to sign: for one purpose, and one user but where nobody is signed in.

    `user_verification` is the policy that the answer is held against, whatever the client says.
    """

    hash: Annotated[str, Indexed(unique=True)]
    purpose: Purpose
    user: PydanticObjectId | None
    challenge: bytes
    user_verification: Literal["required", "preferred"] = "required"
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)] = pydantic.Field(
        default_factory=lambda: now() + CHALLENGE_LIFETIME
    )

    images = False
    personal = {"user": Erasing.AT_ONCE}
    exported = ()  # likewise

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "challenges"

    @classmethod
    async def take(cls, token: str, purpose: Purpose, user: PydanticObjectId | None) -> Challenge | None:
        """Consume a challenge before anything is checked; None where it is no open one for this purpose and user."""
        found = await cls.get_pymongo_collection().find_one_and_delete({"hash": token_hash(token)})
        taken: Challenge | None = None if found is None else cls.model_validate(found)
        if taken is None or taken.expires_at <= now() or (taken.purpose, taken.user) != (purpose, user):
            return None
        return taken

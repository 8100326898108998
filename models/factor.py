"""What proves who a user is beside their password: an authenticator app (TOTP), recovery codes, and guesses at them.

Every secret works once, and that it was used is remembered here: by conditional updates, of which one of several at the
same time wins.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from models.entity import Entity, now
from models.errors import ConflictError, RateLimitedError
from models.passkey import Passkey
from models.personal import Erasing
from models.user import Credential

_HANDLE_BYTES = 32


class Totp(pydantic.BaseModel):
    """An authenticator app: its secret, sealed, and the last time step whose code was accepted (RFC 6238)."""

    secret: bytes
    last_step: int


class PendingTotp(pydantic.BaseModel):
    """An app whose secret was shown, and that has shown no code yet."""

    secret: bytes
    expires_at: datetime


class Factors(Entity):
    """A user's factors; `id` is the user's.

    `handle` is what authenticators know the user by: random, so that it tells nothing. `recovery_codes` are hashes of
    those that are left. Passkeys are documents of their own.
    """

    handle: bytes
    totp: Totp | None = None
    pending: PendingTotp | None = None
    recovery_codes: list[str] = pydantic.Field(default_factory=list)

    images = False
    personal = {"id": Erasing.AT_ONCE}
    secret = ("handle", "totp", "pending", "recovery_codes")

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "factors"

    @classmethod
    async def of(cls, user: PydanticObjectId) -> Self:
        """Return a user's factors, begun where there are none. Not in a transaction."""
        fresh = {"created_at": now(), "handle": secrets.token_bytes(_HANDLE_BYTES), "recovery_codes": []}
        found = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": user}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
        )
        begun: Self = cls.model_validate(found)
        return begun

    @classmethod
    async def one_at_a_time(cls, user: PydanticObjectId, session: AsyncClientSession) -> None:
        """Have transactions that change by what a user can sign in conflict, so that the later looks again."""
        await cls.get_pymongo_collection().update_one({"_id": user}, {"$inc": {"changes": 1}}, session=session)

    @classmethod
    async def accept_step(cls, user: PydanticObjectId, step: int, session: AsyncClientSession) -> bool:
        """Take a time step's code as used; False where it, or a later one, was accepted before."""
        return await cls._changed(
            {"_id": user, "totp.last_step": {"$lt": step}}, {"$set": {"totp.last_step": step}}, session
        )

    @classmethod
    async def use_recovery_code(cls, user: PydanticObjectId, hash_: str, session: AsyncClientSession) -> bool:
        """Take a recovery code as used; False where the user has none with this hash any more."""
        return await cls._changed({"_id": user, "recovery_codes": hash_}, {"$pull": {"recovery_codes": hash_}}, session)

    @classmethod
    async def _changed(cls, which: dict[str, Any], change: dict[str, Any], session: AsyncClientSession) -> bool:
        result = await cls.get_pymongo_collection().update_one(which, change, session=session)
        return result.modified_count == 1


async def keep_a_way_in(user: PydanticObjectId, session: AsyncClientSession) -> None:
    """Refuse to leave an account that nobody can sign in to; call in the transaction that removes, after it did.

    Raises:
        ConflictError: neither a password nor a passkey is left.

    """
    await Factors.one_at_a_time(user, session)
    if await Credential.get(user, session=session) is None and not await Passkey.count_of(user, session):
        raise ConflictError("This is the last way to sign in to this account; add another one first.")


class Guesses(Entity):
    """How often something was guessed at within a window of time; `id` names both."""

    id: str  # type: ignore[assignment]  # composed, see `count`
    made: int
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)]

    images = False
    personal = {}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "guesses"

    @classmethod
    async def count_one(cls, subject: str, most: int, window: timedelta, moment: datetime | None = None) -> str:
        """Count a guess before it is checked, so that guesses at the same time cannot overtake it; return its id.

        The window begins with its first guess.

        Raises:
            RateLimitedError: there were `most` in this window; it says when it ends.

        """
        moment, id_ = moment or now(), f"{subject}:{window.total_seconds():.0f}"
        lasts = {"$gt": ["$expires_at", moment]}
        counted = {
            "made": {"$cond": [lasts, {"$add": ["$made", 1]}, 1]},
            "created_at": {"$cond": [lasts, "$created_at", moment]},
            "expires_at": {"$cond": [lasts, "$expires_at", moment + window]},
        }
        found = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": id_}, [{"$set": counted}], upsert=True, return_document=ReturnDocument.AFTER
        )
        if found is None or found["made"] > most:
            ends = moment + window if found is None else found["expires_at"]
            message = "There were too many wrong tries; wait, or prove who you are in another way."
            raise RateLimitedError(message, (ends - moment).total_seconds())
        return id_

    @classmethod
    async def forgive(cls, id_: str) -> None:
        """Take one back that was right, by what `count_one` returned."""
        await cls.get_pymongo_collection().update_one({"_id": id_, "made": {"$gt": 0}}, {"$inc": {"made": -1}})

"""Invitations: offers of a role in an organization, to whoever has an address."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, Self

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from models.collection import Collection
from models.entity import Entity, now
from models.errors import ConflictError, RateLimitedError
from models.organization import Role
from models.personal import Erasing
from models.user import fold_email

LIFETIME: Final = timedelta(days=7)
MOST_PENDING: Final = 100
"""How many invitations of an organization may wait for an answer."""

MOST_MAILS: Final = {"address": 5, "organization": 200}
"""How many mails an organization may cause within a day, to one address and in all."""

_DAY: Final = timedelta(days=1)


class InvitationStatus(StrEnum):
    """What became of an invitation. One that is replaced by a newer one is revoked."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    REVOKED = "REVOKED"


def recipient(email: str) -> str:
    """Return what stands for a folded address where the address itself must not stand: its SHA-256, in hex."""
    return sha256(email.encode()).hexdigest()


class Invitation(Entity):
    """An offer of a role. It is removed when it expires, whatever became of it.

    `token_hash` is the SHA-256 of the secret in the mail, which is made when that is sent. `recipient` repeats the
    address as its hash, since what lists are selected by stands in their tags, which leave the database.
    """

    organization: PydanticObjectId
    email: Annotated[str, pydantic.AfterValidator(fold_email)]
    recipient: str = ""
    role: Role
    invited_by: PydanticObjectId
    token_hash: str | None = None
    status: InvitationStatus = InvitationStatus.PENDING
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)] = pydantic.Field(
        default_factory=lambda: now() + LIFETIME
    )

    personal = {"invited_by": Erasing.AT_ONCE}
    addressed = "email"
    secret = ("token_hash", "recipient")
    collections = (
        Collection(
            name="invitations_by_organization",
            by=("organization",),
            where={"status": "PENDING"},
            order=(("created_at", -1), ("_id", -1)),
        ),
        Collection(
            name="invitations_by_recipient",
            by=("recipient",),
            where={"status": "PENDING"},
            order=(("created_at", -1), ("_id", -1)),
        ),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "invitations"
        indexes = [
            IndexModel([("token_hash", 1)], sparse=True),
            IndexModel([("email", 1)]),
            IndexModel([("invited_by", 1)]),
            IndexModel([("organization", 1), ("email", 1), ("created_at", 1)], name="sent_to"),
            IndexModel([("organization", 1), ("created_at", 1)], name="sent"),
        ]

    @pydantic.model_validator(mode="after")
    def _derive(self) -> Self:
        self.recipient = recipient(self.email)
        return self

    @property
    def open(self) -> bool:
        """Whether it can be answered."""
        return self.status is InvitationStatus.PENDING and self.expires_at > now()

    async def send(self, session: AsyncClientSession) -> None:
        """Write it in place of an older one for the same address; transactions of one organization come one by one.

        Raises:
            ConflictError: as many wait as may.
            RateLimitedError: as many were sent within a day as may be.

        """
        mine = {"organization": self.organization}
        for what, query in (("address", {**mine, "email": self.email}), ("organization", mine)):
            since = {"created_at": {"$gt": self.created_at - _DAY}}
            sent = await Invitation.find({**query, **since}, session=session).sort("created_at").to_list()
            if len(sent) >= MOST_MAILS[what]:
                again = sent[-MOST_MAILS[what]].created_at + _DAY - self.created_at
                message = f"At most {MOST_MAILS[what]} invitations a day are sent for one {what}."
                raise RateLimitedError(message, again.total_seconds())
        older = {**mine, "email": self.email, "status": "PENDING"}
        await Invitation.find(older, session=session).update({"$set": {"status": "REVOKED"}}, session=session)
        if await Invitation.find({**mine, "status": "PENDING"}, session=session).count() >= MOST_PENDING:
            raise ConflictError(f"{MOST_PENDING} invitations wait for an answer, as many as may; revoke one first.")
        await self.insert(session=session)

"""Mail that is to be sent: an outbox, written in the transaction of what causes it, and sent by the relay.

A letter says what somebody is to be told, not how: whether anybody is told at all, and the link that goes with it, is
decided when it is sent. So a request does the same whether an account exists or not, and no link is ever stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession

from models.entity import Entity, now
from models.personal import Erasing
from models.user import fold_email

KEPT: Final = timedelta(days=7)
"""How long a letter that cannot be sent is kept, for whoever looks why."""

TOPIC: Final = "letters"
"""The signal that there are letters to send."""


class LetterKind(StrEnum):
    """What somebody is told."""

    SIGN_UP = "SIGN_UP"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a name
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - likewise
    EMAIL_CHANGE = "EMAIL_CHANGE"
    EMAIL_CHANGE_ASKED = "EMAIL_CHANGE_ASKED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    INVITATION = "INVITATION"


class Letter(Entity):
    """One mail to one recipient.

    `user` is whose account it is about, `about` the document that it is about, as the kind says. `address` and
    `request` tell who caused it, for the audit log, and `logged` that this is written there. It is sent from `due_at`
    on; who sends it puts that off first (a lease), so that it is sent again if they do not come back. It is deleted
    when sent, and `dead_at` when it cannot be.
    """

    kind: LetterKind
    to: Annotated[str, pydantic.AfterValidator(fold_email)]
    user: PydanticObjectId | None = None
    about: PydanticObjectId | None = None
    address: str = ""
    request: str = ""
    logged: bool = False
    tries: int = 0
    due_at: Annotated[datetime, Indexed()] = pydantic.Field(default_factory=now)
    dead_at: datetime | None = None
    expires_at: Annotated[datetime | None, Indexed(expireAfterSeconds=0)] = None

    images = False
    personal = {"user": Erasing.AT_ONCE}
    addressed = "to"

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "letters"

    @classmethod
    async def claim(cls, moment: datetime, lease: timedelta) -> Letter | None:
        """Take the letter that is due for longest, so that nobody else does before the lease ends; None for none."""
        row = await cls.get_pymongo_collection().find_one_and_update(
            {"dead_at": None, "due_at": {"$lte": moment}},
            {"$set": {"due_at": moment + lease}, "$inc": {"tries": 1}},
            sort=[("due_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return None if row is None else cls.model_validate(row)

    async def put_off(self, moment: datetime) -> None:
        """Have it tried again later."""
        await self._set(due_at=moment)

    async def give_up(self, moment: datetime) -> None:
        """Never try it again."""
        await self._set(dead_at=moment, expires_at=moment + KEPT)

    async def log_once(self, session: AsyncClientSession) -> bool:
        """Note that it is in the audit log, in the transaction that writes it there; False where it is already."""
        noted = await self.get_pymongo_collection().update_one(
            {"_id": self.id, "logged": False}, {"$set": {"logged": True}}, session=session
        )
        return noted.modified_count == 1

    async def _set(self, **fields: datetime) -> None:
        await self.get_pymongo_collection().update_one({"_id": self.id}, {"$set": fields})

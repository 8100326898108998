"""Opening and recovering accounts: sign-ups that wait for their address to be verified, and tokens that are mailed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import pydantic
from beanie import Indexed, PydanticObjectId

from models.entity import Entity, line, now
from models.personal import Erasing
from models.user import LOCALE, fold_email

WAITING: Final = timedelta(days=3)
"""How long a sign-up waits; its link is good for a day from when it is sent."""


class SignUp(Entity):
    """What somebody who opens an account has said; `hash` is their password's.

    Several may wait for one address. Only the one whose link is followed becomes the account, with its own password, so
    that nobody gets into an account by signing up for it again.
    """

    email: Annotated[str, pydantic.AfterValidator(fold_email), Indexed()]
    name: Annotated[str, line(120)]
    locale: str = pydantic.Field(default="en", pattern=LOCALE)
    hash: str
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)] = pydantic.Field(
        default_factory=lambda: now() + WAITING
    )

    images = False
    personal = {}
    addressed = "email"
    secret = ("hash",)

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "sign_ups"


class Purpose(StrEnum):
    """What a mailed token is good for."""

    SIGN_UP = "SIGN_UP"
    EMAIL_CHANGE = "EMAIL_CHANGE"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a name


LIFETIMES: Final = {
    Purpose.SIGN_UP: timedelta(days=1),
    Purpose.EMAIL_CHANGE: timedelta(days=1),
    Purpose.PASSWORD_RESET: timedelta(minutes=30),
}


class MailedToken(Entity):
    """A token that went to an address: its SHA-256, and when it was used; it is remembered until it expires.

    `user` is whose account it is for, `sign_up` the sign-up where there is no account yet.
    """

    hash: Annotated[str, Indexed(unique=True)]
    purpose: Purpose
    email: str
    user: Annotated[PydanticObjectId | None, Indexed()] = None
    sign_up: PydanticObjectId | None = None
    used_at: datetime | None = None
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)]

    images = False
    personal = {"user": Erasing.AT_ONCE}
    addressed = "email"
    secret = ("hash",)

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "mailed_tokens"

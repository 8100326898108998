"""Users: people who sign in. Their passwords are documents of their own, so that no read of a user carries one."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import pydantic
from beanie import Indexed, PydanticObjectId

from models.collection import Collection
from models.entity import Entity, line, now
from models.personal import Erasing

LOCALE = r"^[a-z]{2}(-[A-Z]{2})?$"

_SPECIAL = r"@\s,:;<>()\[\]\\\"\x00-\x1f\x7f-\x9f"  # what has a meaning in a header of a mail, or cannot be seen
_EMAIL = re.compile(rf"[^{_SPECIAL}]{{1,64}}@[^{_SPECIAL}.]+(\.[^{_SPECIAL}.]+)+")


def fold_email(text: str) -> str:
    """Return an e-mail address as it is stored and compared: trimmed and case-folded.

    Raises:
        ValueError: it has no shape of an address, or is longer than 254 characters (RFC 5321).

    """
    address = text.strip().casefold()
    if len(address) > 254 or not _EMAIL.fullmatch(address):  # noqa: PLR2004 - the RFC's bound
        raise ValueError("this is not an e-mail address")
    return address


class User(Entity):
    """A person; where their account was `erased`, what is left so that what they made has an author.

    `email_verified_at` is when a link that was mailed to their address was last followed.
    """

    email: Annotated[str, pydantic.AfterValidator(fold_email), Indexed(unique=True)]
    name: Annotated[str, line(120)]
    locale: str = pydantic.Field(default="en", pattern=LOCALE)
    avatar: PydanticObjectId | None = None
    email_verified_at: datetime | None = None
    erased: bool = False

    personal = {"id": Erasing.STAYS}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "users"


class Credential(Entity):
    """A user's password, as an argon2id hash; `id` is the user's."""

    hash: str

    images = False
    personal = {"id": Erasing.AT_ONCE}
    secret = ("hash",)

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "credentials"


class Method(StrEnum):
    """How somebody has proved who they are (after RFC 8176)."""

    PASSWORD = "PASSWORD"  # noqa: S105 - a name
    TOTP = "TOTP"
    PASSKEY = "PASSKEY"
    RECOVERY_CODE = "RECOVERY_CODE"
    MAIL = "MAIL"


class Session(Entity):
    """A signed-in device: a family of refresh tokens.

    `methods` are what its sign-in was proved by, and `authenticated_at` when that was last done; stepping up renews
    both. `agent` and `address` are what the device called itself and where it came from when it signed in.
    `token` is the SHA-256 of the newest refresh token, which the one before it led to at `refreshed_at` by `salt`; see
    `auth.refresh_tokens`. No more can be known of it than from these, and they are shown to nobody.
    """

    user: PydanticObjectId
    token: str = ""
    salt: bytes = b""
    refreshed_at: datetime | None = None
    methods: list[Method] = pydantic.Field(default_factory=list)
    authenticated_at: datetime = pydantic.Field(default_factory=now)
    agent: str = ""
    address: str = ""
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)]
    ended_at: datetime | None = None

    images = False
    personal = {"user": Erasing.AT_ONCE}
    secret = unshown = ("token", "salt")
    collections = (
        Collection(
            name="sessions_by_user",
            by=("user",),
            where={"ended_at": None},
            order=(("created_at", -1), ("_id", -1)),
        ),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "sessions"

    def lives(self, moment: datetime) -> bool:
        """Whether the device is signed in."""
        return self.ended_at is None and self.expires_at > moment

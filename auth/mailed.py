"""Tokens that are mailed: 256 random bits, of which only the SHA-256 is stored; each works once."""

from __future__ import annotations

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.account import LIFETIMES, MailedToken, Purpose
from models.entity import now
from models.errors import InvalidInputError
from models.opaque import new_token, token_hash


async def issue(
    purpose: Purpose,
    email: str,
    session: AsyncClientSession,
    *,
    user: PydanticObjectId | None = None,
    sign_up: PydanticObjectId | None = None,
) -> str:
    """Make a token that goes to an address."""
    token = new_token()
    await MailedToken(
        hash=token_hash(token),
        purpose=purpose,
        email=email,
        user=user,
        sign_up=sign_up,
        expires_at=now() + LIFETIMES[purpose],
    ).insert(session=session)
    return token


async def find(token: str, purpose: Purpose, session: AsyncClientSession | None = None) -> MailedToken:
    """Return what is known of a token that is still good for a purpose.

    Raises:
        InvalidInputError: it is unknown, used, expired, or for something else; which of these is not said.

    """
    found = await MailedToken.find_one({"hash": token_hash(token)}, session=session)
    if found is None or found.purpose is not purpose or found.used_at is not None or found.expires_at <= now():
        raise worthless()
    return found


async def redeem(token: str, purpose: Purpose, session: AsyncClientSession) -> MailedToken:
    """Use a token, in the transaction of what it is good for: of two at once, the later finds it used.

    Raises:
        InvalidInputError: as `find`.

    """
    found = await find(token, purpose, session)
    found.used_at = now()
    await found.save(session=session)
    return found


async def void(user: PydanticObjectId, session: AsyncClientSession) -> None:
    """Make every token of a user's worthless, since what they could do was done, or must no longer be."""
    unused = {"user": user, "used_at": None}
    await MailedToken.find(unused, session=session).update({"$set": {"used_at": now()}}, session=session)


def worthless() -> InvalidInputError:
    """Return the refusal of a token."""
    return InvalidInputError("token: this link is no longer good; ask for a new one.", path=("token",))

"""Signed-in devices: families of refresh tokens, rotated on use (RFC 9700 §4.14).

Using a token again ends its family, unless it is within a few seconds of the first use: two tabs that refresh at once
both survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from auth.caller import Caller
from auth.tokens import ACCESS_TOKEN_SECONDS, Claims, Keys, new_refresh_token, token_hash
from models.database import Database
from models.entity import now
from models.errors import NotSignedInError
from models.user import Method, RefreshToken, Session

SESSION_LIFETIME = timedelta(days=30)
GRACE = timedelta(seconds=10)
_KEPT_TOKENS = 20


@dataclass(frozen=True)
class Tokens:
    """What a device gets. `expires_in` is the access token's life in seconds."""

    user: PydanticObjectId
    access: str
    refresh: str
    expires_in: int = ACCESS_TOKEN_SECONDS


async def start(
    keys: Keys,
    user: PydanticObjectId,
    methods: Sequence[Method],
    caller: Caller,
    session: AsyncClientSession | None = None,
) -> Tokens:
    """Sign a device in, which calls from somewhere, and whose user has proved who they are by these methods."""
    refresh = new_refresh_token()
    family = Session(
        user=user,
        tokens=[RefreshToken(hash=token_hash(refresh))],
        methods=[*methods],
        agent=caller.agent,
        address=caller.address,
        expires_at=now() + SESSION_LIFETIME,
    )
    await family.insert(session=session)
    return Tokens(user, keys.access_token(Claims(user, family.id)), refresh)


async def rotate(database: Database, keys: Keys, token: str) -> Tokens:
    """Exchange a refresh token.

    Raises:
        NotSignedInError: it is unknown, expired, revoked, or was used before; the last ends the whole family.

    """
    refresh = new_refresh_token()

    async def exchange(transaction: AsyncClientSession) -> Session | None:
        family = await Session.find_one({"tokens.hash": token_hash(token)}, session=transaction)
        if family is None or family.ended_at is not None or family.expires_at <= now():
            return None
        if not _accept(family, token, refresh, now()):
            family.ended_at = now()
        await family.save(session=transaction)
        return None if family.ended_at else family

    family = await database.transaction(exchange)
    if family is None:
        raise NotSignedInError("The refresh token is not valid; sign in again.")
    return Tokens(family.user, keys.access_token(Claims(family.user, family.id)), refresh)


def _accept(family: Session, token: str, successor: str, moment: datetime) -> bool:
    """Mark a token as used and add its successor; False if it was used before, longer ago than the grace."""
    used = next(link for link in family.tokens if link.hash == token_hash(token))
    if used.used_at is not None and moment - used.used_at > GRACE:
        return False
    used.used_at = used.used_at or moment
    family.tokens = [*family.tokens, RefreshToken(hash=token_hash(successor))][-_KEPT_TOKENS:]
    return True


async def end(token: str) -> None:
    """Sign a device out. An unknown token is no error: the device is signed out."""
    family = await Session.find_one({"tokens.hash": token_hash(token)})
    if family is not None and family.ended_at is None:
        family.ended_at = now()
        await family.save()

"""Signed-in devices: families of refresh tokens, rotated on use (RFC 9700 §4.14).

A token is exchanged once. Exchanging it again ends the whole family, since either it was stolen or its successor was;
only within a few seconds of the first time is it answered again, and with the same successor: two tabs that refresh at
once both survive, and so does a device whose answer was lost on its way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from auth import refresh_tokens
from auth.caller import Caller
from auth.keyring import Keyring
from auth.refresh_tokens import RefreshToken
from auth.signatures import Keys
from auth.signing_keys import ACCESS_TOKEN_SECONDS
from auth.tokens import Claims, Proof
from models.database import Database
from models.entity import now
from models.errors import NotSignedInError
from models.user import Method, Session

IDLE_LIFETIME = timedelta(days=30)
"""How long a device stays signed in that does not refresh."""

ABSOLUTE_LIFETIME = timedelta(days=180)
"""How long a device stays signed in at most."""

GRACE = timedelta(seconds=10)
"""For how long after its exchange a token is answered again."""

Witness = Callable[[Session, AsyncClientSession], Awaitable[None]]
"""Writes down what has happened to a session, in the transaction in which it does."""


@dataclass(frozen=True)
class Tokens:
    """What a device gets. `expires_in` is the access token's life in seconds."""

    user: PydanticObjectId
    access: str
    refresh: str
    expires_in: int = ACCESS_TOKEN_SECONDS


async def start(
    keys: Keyring,
    user: PydanticObjectId,
    methods: Sequence[Method],
    caller: Caller,
    session: AsyncClientSession | None = None,
) -> Tokens:
    """Sign a device in, which calls from somewhere, and whose user has proved who they are by these methods."""
    await keys.ready()
    family = Session(
        user=user,
        methods=[*methods],
        agent=caller.agent,
        address=caller.address,
        expires_at=now() + IDLE_LIFETIME,
    )
    first = RefreshToken.first(family.id)
    family.token = first.hash()
    await family.insert(session=session)
    return _tokens(keys, family, first)


async def rotate(database: Database, keys: Keyring, token: str, reused: Witness) -> Tokens:
    """Exchange a refresh token; `reused` witnesses that one was used again, which ends its family.

    Raises:
        NotSignedInError: it is unknown, expired, revoked, or was used before.

    """
    presented = refresh_tokens.read(keys, token)
    family, successor = None, None
    if presented is not None:
        await keys.ready()
        family, successor = await _exchanged(database, keys, presented, reused)
    if family is None or successor is None:
        raise NotSignedInError("The refresh token is not valid; sign in again.")
    return _tokens(keys, family, successor)


async def _exchanged(
    database: Database, keys: Keyring, presented: RefreshToken, reused: Witness
) -> tuple[Session | None, RefreshToken | None]:
    """Return the session of a token, and the token's successor; None for that which has none, or no more."""

    async def exchange(transaction: AsyncClientSession) -> tuple[Session | None, RefreshToken | None]:
        moment = now()
        family = await Session.get(presented.session, session=transaction)
        if family is None or not family.lives(moment):
            return family, None
        successor = _successor(family, keys, presented, moment)
        if successor is None:
            family.ended_at = moment
            await reused(family, transaction)
        await family.save(session=transaction)
        return family, successor

    return await database.transaction(exchange)


def _successor(family: Session, keys: Keyring, presented: RefreshToken, moment: datetime) -> RefreshToken | None:
    """Return what a token is exchanged for, and note that in its family; None where it was exchanged too long ago."""
    if presented.hash() == family.token:
        family.salt = refresh_tokens.new_salt()
        successor = presented.successor(keys, family.salt)
        family.token = successor.hash()
        family.refreshed_at = moment
        family.expires_at = min(moment + IDLE_LIFETIME, family.created_at + ABSOLUTE_LIFETIME)
        return successor
    again = presented.successor(keys, family.salt)
    in_grace = family.refreshed_at is not None and moment - family.refreshed_at <= GRACE
    return again if in_grace and again.hash() == family.token else None


def session_of(keys: Keys, token: str) -> PydanticObjectId | None:
    """Return the session of a refresh token of any age; None for what we never gave to anybody."""
    presented = refresh_tokens.read(keys, token)
    return None if presented is None else presented.session


async def end(which: Mapping[str, Any], witness: Witness, transaction: AsyncClientSession) -> list[PydanticObjectId]:
    """End those of some sessions that live, each with a witness, and return their ids."""
    living = await Session.find({**which, "ended_at": None}, session=transaction).to_list()
    for session in living:
        session.ended_at = now()
        await session.save(session=transaction)
        await witness(session, transaction)
    return [session.id for session in living]


def _tokens(keys: Keyring, family: Session, refresh: RefreshToken) -> Tokens:
    proof = Proof((*family.methods,), family.authenticated_at)
    access = keys.access_token(Claims(family.user, family.id), proof)
    return Tokens(family.user, access, refresh.text(keys))

"""Signed-in devices: signing them out, one or all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry
from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

import models.user
from auth import sessions
from models.audit import AuditAction
from models.errors import NotFoundError
from resolvers.context import Info, mutation
from resolvers.ending import end_sessions, tell_ended, witness
from schema import ids
from schema.deleted import Deleted
from schema.session import RevokeOtherSessionsResult, RevokeSessionResult, SessionsRevoked
from schema.user import SignedOut


async def rotated(info: Info, refresh_token: str) -> sessions.Tokens:
    """Exchange a refresh token; one that was used before ends its device's connections too.

    Raises:
        NotSignedInError: it is unknown, expired, revoked, or was used before.

    """
    services, ended = info.context.services, set[PydanticObjectId]()
    write = witness(info, AuditAction.REFRESH_TOKEN_REUSED)

    async def reused(session: models.user.Session, transaction: AsyncClientSession) -> None:
        await write(session, transaction)
        ended.add(session.id)

    try:
        return await sessions.rotate(services.database, services.keys, refresh_token, reused)
    finally:
        tell_ended(info, ended)


async def _end(info: Info, which: Mapping[str, Any], action: AuditAction) -> list[PydanticObjectId]:
    """End sessions, and the connections of their devices."""

    async def ending(transaction: AsyncClientSession) -> list[PydanticObjectId]:
        return await end_sessions(info, which, transaction, action)

    ended = await info.context.services.database.transaction(ending)
    tell_ended(info, ended)
    return ended


@strawberry.type
class SessionMutations:
    """Mutations of signed-in devices."""

    @mutation(
        "Sign a device out: the one whose refresh token this is, or else the one that asks. "
        "Its tokens are worthless from now on, and its connections end."
    )
    async def sign_out(self, info: Info, refresh_token: str | None = None) -> SignedOut:
        """End a device's session. A token that is worthless already is no error: the device is signed out."""
        if refresh_token is None:
            session = info.context.viewer.session
        else:
            session = sessions.session_of(info.context.services.keys, refresh_token)
        if session is not None:
            await _end(info, {"_id": session}, AuditAction.SIGNED_OUT)
        return SignedOut()

    @mutation("Sign one of the viewer's devices out, at once.")
    async def revoke_session(self, info: Info, id: strawberry.ID) -> RevokeSessionResult:  # noqa: A002 - Relay's word
        """End one session."""
        user, key = info.context.viewer.require_user(), ids.key(id, "Session")
        if not await _end(info, {"_id": key, "user": user}, AuditAction.SESSION_REVOKED):
            raise NotFoundError("Session", path=("id",))
        return Deleted(id=id)

    @mutation("Sign all of the viewer's devices out but the one that asks, at once.")
    async def revoke_other_sessions(self, info: Info) -> RevokeOtherSessionsResult:
        """End all other sessions."""
        others = {"user": info.context.viewer.require_user(), "_id": {"$ne": info.context.viewer.session}}
        return SessionsRevoked(count=len(await _end(info, others, AuditAction.SESSION_REVOKED)))

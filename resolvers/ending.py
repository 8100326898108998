"""Ending sessions: in the transaction of what ends them, and with their connections after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from auth import sessions
from models.audit import AuditAction
from models.user import Session
from resolvers.auditing import audit
from resolvers.context import Info
from resolvers.watching import TOPIC


def witness(info: Info, action: AuditAction) -> sessions.Witness:
    """Return what writes to the audit log what happens to sessions, as done by their user."""

    async def write(session: Session, transaction: AsyncClientSession) -> None:
        await audit(info.context, transaction, action, session, actor=session.user)

    return write


async def end_sessions(
    info: Info,
    which: Mapping[str, Any],
    transaction: AsyncClientSession,
    action: AuditAction = AuditAction.SESSION_REVOKED,
) -> list[PydanticObjectId]:
    """End those of some sessions that live, and return their ids, for `tell_ended`."""
    return await sessions.end(which, witness(info, action), transaction)


def tell_ended(info: Info, ended: Iterable[PydanticObjectId]) -> None:
    """Have connections end, once the transaction is written that ended their sessions."""
    for session in ended:
        info.context.services.signals.tell(TOPIC, str(session))

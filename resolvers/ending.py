"""Ending sessions: in the transaction of what ends them, and with their connections after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.audit import AuditAction
from models.entity import now
from models.user import Session
from resolvers.auditing import audit
from resolvers.context import Info


async def end_sessions(info: Info, which: Mapping[str, Any], transaction: AsyncClientSession) -> list[PydanticObjectId]:
    """End those of some sessions that live, and return their ids, for `tell_ended`."""
    living = await Session.find({**which, "ended_at": None}, session=transaction).to_list()
    for session in living:
        session.ended_at = now()
        await session.save(session=transaction)
        await audit(info, transaction, AuditAction.SESSION_REVOKED, session, actor=session.user)
    return [session.id for session in living]


def tell_ended(info: Info, ended: list[PydanticObjectId]) -> None:
    """Have connections end, once the transaction is written that ended their sessions."""
    for session in ended:
        info.context.services.signals.tell("sessions", str(session))

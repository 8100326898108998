"""Writing the audit log from resolvers."""

from __future__ import annotations

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from auth.recording import record
from models.audit import AuditAction, AuditEvent, Detail
from models.entity import Entity
from resolvers.context import RequestContext


async def audit(
    context: RequestContext,
    session: AsyncClientSession,
    action: AuditAction,
    subject: Entity | None = None,
    *,
    organization: PydanticObjectId | None = None,
    actor: PydanticObjectId | None = None,
    **details: Detail,
) -> None:
    """Write what the caller does to `subject`, in the transaction that does it.

    It belongs to the organization's log, and to that of identity where there is none. `actor` is the user where nobody
    was signed in before (None: the viewer). Details are ids, roles and the like: nothing personal, nothing secret.
    """
    event = AuditEvent(
        organization=organization,
        action=action,
        actor=actor or context.viewer.user,
        session=context.viewer.session,
        api_key=context.viewer.api_key,
        address=context.caller.address,
        request=context.request_id,
        kind=type(subject).__name__ if subject is not None else "",
        subject=subject.id if subject is not None else None,
        details=details,
    )
    await record(context.services.keys, session, event)

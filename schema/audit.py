"""The audit log as organizations read their own, and people that of their account."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self, cast

import strawberry
from strawberry.scalars import JSON

import models.audit
from models.audit import AuditAction
from schema import ids
from schema.context import Info
from schema.node import show
from schema.user import User

strawberry.enum(AuditAction, description="What was done.")


@strawberry.type(
    description="One entry of the audit log. It is no node: whatever reads the log is written down, so it is read "
    "through `auditEvents` and `securityEvents` alone."
)
class AuditEvent:
    """What was done, by whom, to what, from where."""

    document: strawberry.Private[Any]

    id: strawberry.ID = strawberry.field(description="The entry's own id.")
    action: AuditAction = strawberry.field(description="What was done.")
    created_at: datetime = strawberry.field(description="When.")
    address: str = strawberry.field(description="The client's address; empty where it is not known.")
    request_id: str = strawberry.field(description="The `X-Request-Id` of the answer.")
    subject_kind: str | None = strawberry.field(description="The type of what it was done to.")
    subject_id: strawberry.ID | None = strawberry.field(description="The id of what it was done to, which may be gone.")
    actor_id: strawberry.ID | None = strawberry.field(description="The id of who did it, whose account may be gone.")
    session_id: strawberry.ID | None = strawberry.field(description="The signed-in device it was done with.")
    api_key_id: strawberry.ID | None = strawberry.field(description="The API key it was done with.")
    details: JSON = strawberry.field(description="What else is known of it, by action: ids, roles and the like.")
    seq: int | None = strawberry.field(description="Its number in the chain; null until it is sealed, a moment later.")
    sealed: bool = strawberry.field(description="Whether altering or removing it would be noticed from now on.")

    @strawberry.field(description="Who did it; null where nobody was signed in, or the account is gone.")
    async def actor(self, info: Info) -> User | None:
        """Load the user."""
        actor = self.document.actor
        return None if actor is None else cast("User", show(await info.context.loaders.entity("User").load(actor)))

    @classmethod
    def of(cls, event: models.audit.AuditEvent) -> Self:
        """Show an entry."""

        def named(kind: str, id_: Any) -> strawberry.ID | None:
            return None if id_ is None else ids.encode(kind, id_)

        return cls(
            document=event,
            id=ids.encode("AuditEvent", event.id),
            action=event.action,
            created_at=event.created_at,
            address=event.address,
            request_id=event.request,
            subject_kind=event.kind or None,
            subject_id=named(event.kind, event.subject),
            actor_id=named("User", event.actor),
            session_id=named("Session", event.session),
            api_key_id=named("ApiKey", event.api_key),
            details=cast("JSON", event.details),
            seq=event.seq,
            sealed=event.mac is not None,
        )


@strawberry.input(description="Which entries are wanted: those that meet all that is said.")
class AuditFilter:
    """Fields that are left out narrow nothing."""

    actions: list[AuditAction] | None = strawberry.field(default=None, description="One of these was done.")
    actor_id: strawberry.ID | None = strawberry.field(default=None, description="This user did it.")
    subject_id: strawberry.ID | None = strawberry.field(default=None, description="It was done to this.")
    since: datetime | None = strawberry.field(default=None, name="from", description="Not before this time.")
    until: datetime | None = strawberry.field(default=None, name="to", description="Before this time.")

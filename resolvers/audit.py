"""Reading the audit log. Every reading is itself an entry, written before anything is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any

import strawberry
from beanie import PydanticObjectId

import models.audit
from auth.permissions import Permission
from models.audit import NEWEST_FIRST, AuditAction, Wanted, newest
from models.errors import InvalidInputError
from models.organization import Organization
from resolvers.auditing import audit
from resolvers.context import Info, permitted
from schema import cursors, ids
from schema.audit import AuditEvent, AuditFilter
from schema.connection import Connection, Edge, PageInfo
from schema.lists import check_first
from schema.relations import DEFAULT_FIRST

_MOST_ACTIONS = 100


def wanted(filter_: AuditFilter | None) -> Wanted:
    """Return what a filter says; raises InvalidInputError for an id that is none, or of another kind."""
    if filter_ is None:
        return Wanted()
    if len(filter_.actions or ()) > _MOST_ACTIONS:
        raise InvalidInputError(f"actions: at most {_MOST_ACTIONS}.", path=("filter", "actions"))
    subject, path = None, ("filter", "subjectId")
    if filter_.subject_id is not None:
        subject = ids.object_id(ids.decode(filter_.subject_id, path=path)[1], path=path)
    actor = None
    if filter_.actor_id is not None:
        actor = ids.key(filter_.actor_id, "User", path=("filter", "actorId"))
    actions = tuple(sorted({*(filter_.actions or ())}))
    return Wanted(actions, actor, subject, _utc(filter_.since), _utc(filter_.until))


def _utc(moment: datetime | None) -> datetime | None:
    """Return a time as it is compared: one without a zone is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


async def _read(
    info: Info, organization: PydanticObjectId | None, narrowed: Wanted, first: int, after: str | None
) -> Connection[AuditEvent]:
    """Read a page of a log, write down that it was read, and return it."""
    queries = [narrowed.query(organization)]
    if organization is None:  # of the log of identity, what concerns one account
        user = info.context.viewer.require_user()
        queries = [queries[0] | {name: user} for name in ("actor", "subject")]
    name = _name(queries)
    behind = None if after is None else cursors.decode(name, after, len(NEWEST_FIRST.order))
    events = await _newest(queries, behind, check_first(first) + 1)
    details: dict[str, Any] = narrowed.described() | {"first": first, "further": after is not None}

    async def note(session: Any) -> None:
        await audit(info.context, session, AuditAction.AUDIT_READ, organization=organization, **details)

    await info.context.services.database.transaction(note)
    cursor = cursors.encoder(name)
    edges = [Edge(node=AuditEvent.of(event), cursor=cursor(_keys(event))) for event in events[:first]]
    page = PageInfo(
        has_next_page=len(events) > first,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=page, source=None)


def _name(queries: list[dict[str, Any]]) -> str:
    """Return what tells a list apart from every other, for its cursors."""
    return f"audit|{blake2b(repr(queries).encode(), digest_size=16).hexdigest()}"


def _keys(event: models.audit.AuditEvent) -> tuple[datetime, PydanticObjectId]:
    return event.created_at, event.id


async def _newest(
    queries: list[dict[str, Any]], behind: tuple[Any, ...] | None, limit: int
) -> list[models.audit.AuditEvent]:
    """Return the newest entries that meet one of some queries, each once."""
    found = await asyncio.gather(*map(partial(newest, behind=behind, limit=limit), queries))
    events = {event.id: event for page in found for event in page}
    return sorted(events.values(), key=_keys, reverse=True)[:limit]


@strawberry.type
class AuditQueries:
    """The entry fields that read the audit log."""

    @strawberry.field(
        description="What was done in an organization, the newest first; for its owners. This reading is an entry too."
    )
    async def audit_events(
        self,
        info: Info,
        organization_id: strawberry.ID,
        filter: AuditFilter | None = None,  # noqa: A002 - GraphQL's word
        first: int = DEFAULT_FIRST,
        after: str | None = None,
    ) -> Connection[AuditEvent]:
        """Read an organization's log."""
        path = ("organizationId",)
        organization = await permitted(info, Organization, organization_id, Permission.READ_AUDIT, path=path)
        return await _read(info, organization.id, wanted(filter), first, after)

    @strawberry.field(
        description="What was done with the viewer's own account, the newest first: signing in, devices, passwords, "
        "passkeys. This reading is an entry too, which is shown where `actions` asks for AUDIT_READ."
    )
    async def security_events(
        self,
        info: Info,
        actions: list[AuditAction] | None = None,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
    ) -> Connection[AuditEvent]:
        """Read what concerns the viewer in the log of identity."""
        info.context.viewer.require_user()
        narrowed = replace(wanted(AuditFilter(actions=actions)), besides=(AuditAction.AUDIT_READ,))
        return await _read(info, None, narrowed, first, after)

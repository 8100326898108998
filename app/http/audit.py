"""Exporting the audit log: `GET /audit/<organization's id>.jsonl` or `.csv`, with a bearer token, the oldest first.

`from` and `to` bound the time (ISO 8601), `action` (again for several), `actor` and `subject` narrow it as the filter
of `auditEvents` does. Entries are streamed as they are read; that somebody exports them is an entry before the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web
from beanie import PydanticObjectId
from multidict import MultiMapping
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from app.http.audit_lines import FORMATS, Format
from app.http.contexts import Contexts
from auth.permissions import Permission
from auth.tokens import InvalidTokenError
from auth.viewer import Viewer
from edge.cdn.sharing import unshared
from models.audit import AuditAction, AuditEvent, Detail, Wanted, index
from models.entity import now
from models.errors import DomainError, InvalidInputError, NotAllowedError, NotFoundError, NotSignedInError
from models.organization import Organization
from resolvers.auditing import audit
from resolvers.context import RequestContext
from schema import ids

_BATCH = 1000
_CHUNK = 64 * 1024
_PRIVATE = unshared()
_STATUS: Mapping[type[DomainError], int] = {NotFoundError: 404, NotAllowedError: 403}


async def export(request: web.Request, contexts: Contexts) -> web.StreamResponse:
    """Answer one request for an export; what is refused is said as GraphQL says it."""
    written = FORMATS.get(request.match_info["format"])
    if written is None:
        return _refused(404, "The audit log is exported as .jsonl or .csv.", "NOT_FOUND")
    try:
        wanted, moment = _wanted(request.query), now()
        viewer = await contexts.viewer(request.headers.get("Authorization", ""))
        organization = await _permitted(viewer, request.match_info["organization"])
        context = contexts.make(None, viewer, caller=contexts.caller(request.remote, request.headers))
        await _note(context, organization, wanted.described() | {"format": request.match_info["format"]})
    except InvalidTokenError as error:
        return _refused(401, str(error), "NOT_SIGNED_IN", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    except NotSignedInError as error:
        return _refused(401, error.message, error.code, {"WWW-Authenticate": "Bearer"})
    except DomainError as error:
        return _refused(_STATUS.get(type(error), 400), error.message, error.code)
    except PyMongoError:
        return _refused(503, "The database does not answer; try again.", "UNAVAILABLE", {"Retry-After": "2"})
    until = moment if wanted.until is None else min(moment, wanted.until)
    return await _stream(request, written, replace(wanted, until=until).query(organization))


async def _permitted(viewer: Viewer, global_id: str) -> PydanticObjectId:
    """Return whose log the viewer may export; an organization of others is missing to them."""
    viewer.require_user()
    organization = await Organization.get(ids.key(global_id, "Organization"))
    found = None if organization is None else organization.id
    viewer.require(Permission.READ_AUDIT, found, "Organization", path=("id",))
    if found is None:
        raise NotFoundError("Organization", path=("id",))
    return found


async def _note(context: RequestContext, organization: PydanticObjectId, details: Mapping[str, Detail]) -> None:
    """Write down that the log is exported."""

    async def write(session: AsyncClientSession) -> None:
        event: Any = details  # whose names are none of the function's own
        await audit(context, session, AuditAction.AUDIT_EXPORTED, organization=organization, **event)

    await context.services.database.transaction(write)


async def _stream(request: web.Request, written: Format, query: Mapping[str, Any]) -> web.StreamResponse:
    name = f'attachment; filename="audit.{request.match_info["format"]}"'
    headers = {**_PRIVATE, "Content-Type": f"{written.media_type}; charset=utf-8", "Content-Disposition": name}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    chunk = bytearray(written.head)
    cursor = AuditEvent.get_pymongo_collection().find(query, batch_size=_BATCH)
    async for row in cursor.sort([("created_at", 1), ("_id", 1)]).hint(index(query)):
        chunk += written.line(row)
        if len(chunk) >= _CHUNK:
            await response.write(bytes(chunk))
            chunk.clear()
    await response.write(bytes(chunk))
    await response.write_eof()
    return response


def _wanted(query: MultiMapping[str]) -> Wanted:
    """Return what the query of a request says; raises InvalidInputError."""
    unknown = {*query} - {"from", "to", "action", "actor", "subject"}
    if unknown:
        raise InvalidInputError(f"{min(unknown)[:40]}: there is no such parameter.")
    try:
        actions = tuple(sorted({AuditAction(action) for action in query.getall("action", [])}))
    except ValueError as error:
        raise InvalidInputError(f"action: {error}.") from error
    actor = ids.key(query["actor"], "User", path=("actor",)) if "actor" in query else None
    subject = None
    if "subject" in query:
        subject = ids.object_id(ids.decode(query["subject"], path=("subject",))[1], path=("subject",))
    return Wanted(actions, actor, subject, _moment(query, "from"), _moment(query, "to"))


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name])
    except ValueError as error:
        raise InvalidInputError(f"{name}: expected a time such as 2026-11-27T12:00:00Z.") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _refused(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers={**_PRIVATE, **(headers or {})}
    )

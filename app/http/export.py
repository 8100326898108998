"""An account's own data, as one JSON document: `GET /account/export` with a bearer token (GDPR, articles 15 and 20).

It is streamed, so that its size does not matter; one that breaks off is no JSON, so that nobody takes it for whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from aiohttp import web
from beanie import PydanticObjectId

from app.http.contexts import Contexts
from auth.tokens import InvalidTokenError
from auth.viewer import Viewer
from edge.cdn.sharing import unshared
from models.audit import AuditAction, AuditEvent
from models.entity import Entity, now
from models.errors import NotSignedInError, RateLimitedError, StepUpRequiredError
from models.register import DOCUMENTS
from models.user import User
from resolvers.auditing import audit
from resolvers.context import RequestContext, account
from resolvers.stepping_up import check_fresh

FORMAT: Final = "disenopro-account"
VERSION: Final = 1
_MOST_AT_ONCE: Final = 4
_AGAIN: Final = 30  # seconds
_ROWS_AT_ONCE: Final = 500
_HEADERS: Final = {
    **unshared(),
    "Content-Disposition": 'attachment; filename="account.json"',
    "Content-Type": "application/json",
}
_STATUS: Final = {NotSignedInError: 401, InvalidTokenError: 401, StepUpRequiredError: 403, RateLimitedError: 429}


def query(kind: type[Entity], user: User, viewer: Viewer) -> dict[str, Any] | None:
    """Return the filter of what an account's user may read of a kind of document; None for nothing.

    Of the audit log that are entries of identity, and of the organizations that they are in now.
    """
    attributes = [*kind.personal][:1] if kind.exported is None else kind.exported
    alternatives: list[dict[str, Any]] = [{"_id" if name == "id" else name: user.id} for name in attributes]
    if kind.addressed:
        alternatives.append({kind.addressed: user.email})
    if kind is AuditEvent:
        logs = {"organization": {"$in": [None, *viewer.roles]}}
        alternatives = [{**logs, **alternative} for alternative in alternatives]
    return {"$or": alternatives} if alternatives else None


class Exports:
    """Answers with accounts' data: one to an account at a time, and few in all, since each may read for long."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._exporting: set[PydanticObjectId] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer 401 for nobody, 403 after too long since a proof of who they are, 429 while another is on its way."""
        caller = self._contexts.caller(request.remote, request.headers)
        try:
            viewer = await self._contexts.viewer(request.headers.get("Authorization", ""))
            context = self._contexts.make(None, viewer, caller=caller)
            with self._place(viewer.require_user()):
                return await self._respond(request, await self._permitted(context), viewer)
        except (NotSignedInError, InvalidTokenError, StepUpRequiredError, RateLimitedError) as error:
            return _refusal(error)

    @contextmanager
    def _place(self, user: PydanticObjectId) -> Iterator[None]:
        """Hold one of the places; raises RateLimitedError where there is none, or the user has one."""
        if user in self._exporting or len(self._exporting) >= _MOST_AT_ONCE:
            raise RateLimitedError("Your data are being exported already, or those of many; come again.", _AGAIN)
        self._exporting.add(user)
        try:
            yield
        finally:
            self._exporting.discard(user)

    async def _permitted(self, context: RequestContext) -> User:
        """Return whose data they are, once the audit log says that they were exported."""

        async def permit(session: Any) -> User:
            await check_fresh(context.viewer, session)
            user = await account(context.viewer, session)
            await audit(context, session, AuditAction.ACCOUNT_EXPORTED, user)
            return user

        return await context.services.database.transaction(permit)

    async def _respond(self, request: web.Request, user: User, viewer: Viewer) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        async for part in self._document(user, viewer):
            await response.write(part)
        await response.write_eof()
        return response

    async def _document(self, user: User, viewer: Viewer) -> AsyncIterator[bytes]:
        """Yield the document in parts: one list for each kind of document, in the form in which it is stored."""
        head = {"format": FORMAT, "version": VERSION, "madeAt": now()}
        yield orjson.dumps(head)[:-1] + b',"data":{'
        separator = b""
        for kind in DOCUMENTS:
            wanted = query(kind, user, viewer)
            if wanted is None:
                continue
            yield separator + orjson.dumps(kind.stored_in()) + b":["
            async for part in self._rows(kind, wanted):
                yield part
            yield b"]"
            separator = b","
        yield b"}}"

    async def _rows(self, kind: type[Entity], wanted: dict[str, Any]) -> AsyncIterator[bytes]:
        hidden = dict.fromkeys((*kind.secret, *kind.unshown), 0)
        rows = self._contexts.services.database.handle[kind.stored_in()]
        separator = b""
        async for row in rows.find(wanted, hidden or None, batch_size=_ROWS_AT_ONCE):
            yield separator + orjson.dumps(row, default=str)
            separator = b","


def _refusal(error: Exception) -> web.Response:
    """Return why there is no export, as every other answer says what went wrong."""
    code = getattr(error, "code", NotSignedInError.code)
    headers = unshared()
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(int(error.retry_after))
    if isinstance(error, InvalidTokenError):
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    body = {"errors": [{"message": str(error), "extensions": {"code": code}}]}
    return web.json_response(body, status=_STATUS[type(error)], headers=headers)

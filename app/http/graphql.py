"""GraphQL over HTTP: one operation a request, with the draft's media types and status codes."""

from __future__ import annotations

import logging
import time
from collections.abc import Coroutine, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

import orjson
from aiohttp import web
from graphql import GraphQLError, OperationType
from pymongo.errors import ConnectionFailure

from app.http import sse
from app.http.access import Access, invalid_token, refusal
from app.http.charging import BudgetSpentError, extended, settle
from app.http.contexts import Contexts, new_request_id
from app.http.graphiql import graphiql_page
from app.http.meanings import Meaning, Meanings
from app.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, negotiate, wants_page
from app.http.plans import PlanHeaders
from app.http.registry import Document
from app.http.reply import Reply
from app.http.request import Incoming, Parameters, RequestError, read
from app.http.streaming import Asked, Streams
from app.services import own_write
from auth import api_keys
from auth.tokens import InvalidTokenError
from auth.viewer import ANONYMOUS, Viewer
from edge.api_keys import READS_ONLY, Record
from edge.cdn.sharing import shared, unshared
from edge.draining import Draining
from edge.guards import Guards
from edge.http import Lifetimes
from edge.plans import EVERYBODY
from edge.stream import WHOLE, EntryId
from edge.tags import OPERATION
from edge.tolls import Payer, Toll, answer_price
from models.database import cluster_time
from models.recorded import recorded_only
from resolvers.api import Api
from resolvers.context import RequestContext
from schema.compiled.executor import Executor
from schema.dependencies import Dependencies
from schema.errors import masked
from schema.limits import STALE_IF_ERROR, STALE_WHILE_REVALIDATE
from schema.prepared import Operation, PreparationError, Prepared

log = logging.getLogger(__name__)
_PARTIAL = 294  # the draft's status for data with errors

Answer = TypeVar("Answer")


class _Asked(NamedTuple):
    """What a request asks, and in which context; `began` is when its making began, by the monotonic clock.

    `audience` is to whom the answer may be given: an edge that asks on its own account sees to that. `record` is of the
    key that it came with, if any.
    """

    prepared: Prepared
    operation: Operation
    document: Document
    variables: dict[str, Any]
    media_type: str
    as_of: EntryId | None
    began: float
    context: RequestContext
    toll: Toll | None
    audience: str
    record: Record | None


@dataclass(frozen=True)
class GraphQLOverHTTP:
    """Answers `/graphql`. `cloudfront` says that CloudFront stands before it."""

    api: Api
    executor: Executor
    meanings: Meanings
    access: Access
    contexts: Contexts
    streams: Streams
    plans: PlanHeaders
    draining: Draining
    guards: Guards
    development: bool
    cloudfront: bool = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; every failure is a GraphQL-shaped body that names the problem."""
        accept = request.headers.get("Accept", "")
        if self.development and request.method == "GET" and "query" not in request.query and wants_page(accept):
            return graphiql_page()
        media_type = negotiate(accept)
        if media_type != EVENT_STREAM:
            return (await self.reply(request, media_type)).response()

        async def stream() -> web.StreamResponse:
            asked = await self._ask(request, media_type)
            await self.streams.turn(asked.operation, asked.context.viewer)
            with self.draining.stream():
                given = Asked(asked.prepared, asked.operation, asked.variables, asked.context, asked.toll)
                return await sse.respond(request, self.streams, given)

        answer = await self._caught(stream(), media_type)
        return answer.response() if isinstance(answer, Reply) else answer

    async def reply(self, request: Incoming, media_type: str | None) -> Reply:
        """Answer one request as a whole, in the media type that it prefers (None: in none of ours)."""
        reply = await self._caught(self._answer(request, media_type), media_type)
        kept = "CDN-Cache-Control" in reply.headers
        guards = self.guards.shared if kept else self.guards.headers(request.headers.get("Origin"))
        return reply._replace(guards=guards)

    async def _caught(self, answering: Coroutine[Any, Any, Answer], media_type: str | None) -> Answer | Reply:
        """Have a failure answered."""
        shown = media_type or JSON
        try:
            return await answering
        except PreparationError as refused:
            return self._refused(refused.errors, shown)
        except BudgetSpentError as spent:
            body = {"errors": [{"message": spent.message, "extensions": {"code": spent.code}}]}
            return Reply(429, shown, {**_PRIVATE, **spent.headers}, orjson.dumps(body))
        except RequestError as error:
            body = {"errors": [{"message": error.message, "extensions": {"code": error.code}}]}
            return Reply(error.status, shown, {**_PRIVATE, **error.headers}, orjson.dumps(body))
        except ConnectionFailure as error:
            log.warning("MongoDB does not answer: %s", error)
            return Reply(503, shown, {**_PRIVATE, "Retry-After": "2"}, orjson.dumps(_UNAVAILABLE))
        except (web.HTTPException, ConnectionResetError):
            raise
        except Exception:  # whatever it is: the body stays one that GraphQL clients can read
            request_id = new_request_id()
            log.exception("Request %s failed before it was executed.", request_id)
            return Reply(500, shown, {**_PRIVATE, "X-Request-Id": request_id}, orjson.dumps(_INTERNAL))

    async def _ask(self, request: Incoming, media_type: str | None) -> _Asked:
        """Have who sends a request pay, and return what it asks.

        Raises:
            PreparationError, RequestError, BudgetSpentError: it is refused.

        """
        if media_type is None:
            raise RequestError(406, f"Accept: this is answered as {JSON} or {GRAPHQL_JSON}.", "NOT_ACCEPTABLE")
        known = self.meanings.known(request)
        parameters = await read(request) if known is None else known.parameters
        own = own_write(self.contexts.services.keys, request.headers.get("Edge-As-Of", ""))
        # Both are taken before the first read, which is that of the document.
        began, as_of = time.monotonic(), self.contexts.as_of(own)
        asker = await self.access.asker(request.headers, parameters, as_of)
        _, document, prepared, operation = known or await self._meaning(request, parameters, as_of)
        if request.method != "POST" and operation.kind is not OperationType.QUERY:
            raise RequestError(405, "GET runs queries only; use POST.", "METHOD_NOT_ALLOWED", Allow="POST")
        if asker.record is not None and media_type == EVENT_STREAM:
            raise refusal(READS_ONLY)
        viewer = await self.access.admit(asker, document, operation, authorization(request))
        context = await self._context(request, operation, as_of, viewer)
        if operation.kind is OperationType.SUBSCRIPTION and media_type != EVENT_STREAM:
            raise RequestError(
                406, f"Subscriptions are answered over WebSocket, or as {EVENT_STREAM}.", "NOT_ACCEPTABLE"
            )
        payer = None if asker.record is None else Payer(asker.record.subject, asker.record.a_minute)
        toll = await self.streams.charging.charge(prepared, operation, context, request.headers, payer)
        asked = document, parameters.variables, media_type
        audience = EVERYBODY if asker.edge_asks == prepared.id else document.audience
        return _Asked(prepared, operation, *asked, as_of, began, context, toll, audience, asker.record)

    async def _meaning(self, request: Incoming, parameters: Parameters, as_of: EntryId | None) -> Meaning:
        try:
            return await self.meanings.find(request, parameters, as_of)
        except RequestError as error:
            if error.code == "PERSISTED_QUERY_NOT_FOUND" and api_keys.presented(authorization(request)) is None:
                await self.access.check_token(authorization(request))
            raise

    async def _answer(self, request: Incoming, media_type: str | None) -> Reply:
        asked = await self._ask(request, media_type)
        try:
            body = await self.executor.answer(
                asked.prepared, asked.operation, asked.variables, asked.context, registered=asked.document.registered
            )
            reply = await self._execute(asked) if body is None else self._complete(asked, body)
        except ConnectionFailure:
            _free(asked)
            raise
        if asked.record is not None and reply.status < HTTPStatus.BAD_REQUEST:
            cost = asked.toll.actual if asked.toll is not None else answer_price(reply.body)
            self.access.usage.count(asked.record.id, cost, len(reply.body))
        return _told(reply, asked)

    async def _context(
        self, request: Incoming, operation: Operation, as_of: EntryId | None, viewer: Viewer | None
    ) -> RequestContext:
        caller = self.contexts.caller(request.remote, request.headers)
        if operation.public:  # whatever credentials came with it
            return self.contexts.make(operation, ANONYMOUS, as_of, caller)
        try:
            viewer = viewer or await self.contexts.viewer(authorization(request))
        except InvalidTokenError as error:
            raise invalid_token(error) from error
        return self.contexts.make(operation, viewer, caller=caller)

    async def _execute(self, asked: _Asked) -> Reply:
        """Have graphql-core answer."""
        operation, media_type, context = asked.operation, asked.media_type, asked.context
        with recorded_only() if operation.public and operation.max_age > 0 else nullcontext():
            result = await self.api.execute(
                asked.prepared.text,
                variable_values=asked.variables,
                context_value=context,
                operation_name=operation.name,
            )
        errors = [masked(error, suggestions=self.development).formatted for error in result.errors or ()]
        body: dict[str, Any] = {"errors": errors, "data": result.data}
        if any(error.get("extensions", {}).get("code") == "UNAVAILABLE" for error in errors):
            _free(asked)
            return Reply(503, media_type, {**_PRIVATE, "Retry-After": "2"}, orjson.dumps(body))
        headers = await self._written(context) if context.effects.writes else {}
        if not errors:
            return self._complete(asked, orjson.dumps({"data": result.data}), headers)
        headers = {"X-Request-Id": context.request_id, **_PRIVATE, **headers}
        executed = any(error.get("path") for error in errors)
        if not executed:
            _free(asked)
        status = 200 if media_type == JSON else _PARTIAL if executed else 400
        return Reply(status, media_type, headers, orjson.dumps(body if executed else {"errors": errors}))

    def _complete(self, asked: _Asked, body: bytes, written: Mapping[str, str] | None = None) -> Reply:
        """Answer without errors; `written` are the headers that tell of the operation's writes, if it wrote."""
        settle(asked.toll, body, asked.operation.kind)
        dependencies = asked.context.dependencies
        headers = {"X-Request-Id": asked.context.request_id, **_PRIVATE}
        if written:
            headers |= written
        elif asked.operation.public and asked.as_of is not None:
            dependencies.tags.add(f"{OPERATION}:{asked.prepared.id}")
            headers |= self._shared(asked, asked.as_of, dependencies)
            if "CDN-Cache-Control" in headers:  # caches between us and the client revalidate by it
                headers["ETag"] = _entity_tag(body, asked.media_type)
        return Reply(200, asked.media_type, headers, body)

    async def _written(self, context: RequestContext) -> dict[str, str]:
        """Return the header that tells the moment of an operation's writes."""
        effects = context.effects
        if len(effects.moments) == effects.writes:
            moment = EntryId(max(effects.moments), WHOLE)
        else:
            moment = EntryId(cluster_time(await context.services.database.pulse("api")), 0)
        return {"Edge-As-Of": context.services.keys.sign("own-write", str(moment))}

    def _shared(self, asked: _Asked, as_of: EntryId, dependencies: Dependencies) -> dict[str, str]:
        """Return what caches are told of a public answer; of one that is not for everybody, edges alone learn how."""
        if asked.audience:
            plan = self.plans.header(asked.prepared, asked.operation, asked.audience)
            return {"Edge-As-Of-Read": str(as_of), **({"Edge-Plan": plan} if plan else {})}
        return shared(
            dependencies.tags,
            dependencies.ranges,
            as_of,
            Lifetimes(asked.operation.max_age, STALE_WHILE_REVALIDATE, STALE_IF_ERROR),
            plan=self.plans.header(asked.prepared, asked.operation, asked.document.audience),
            seconds=time.monotonic() - asked.began,
            cloudfront=self.cloudfront,
        )

    def _refused(self, errors: list[GraphQLError], media_type: str) -> Reply:
        """Return what parsing or validation refused: 400, but 200 for clients of the older media type."""
        formatted = [masked(error, suggestions=self.development).formatted for error in errors]
        code = (errors[0].extensions or {}).get("code")
        status = 403 if code == "PERSISTED_QUERY_REQUIRED" else 200 if media_type == JSON else 400
        return Reply(status, media_type, _PRIVATE, orjson.dumps({"errors": formatted}))


_PRIVATE = unshared()
_INTERNAL = {"errors": [{"message": "Something went wrong here; it was logged.", "extensions": {"code": "INTERNAL"}}]}
_UNAVAILABLE = {
    "errors": [{"message": "The database does not answer; try again.", "extensions": {"code": "UNAVAILABLE"}}]
}


def _free(asked: _Asked) -> None:
    """Give all back that was paid."""
    if asked.toll is not None:
        asked.toll.settle(0)


def _told(reply: Reply, asked: _Asked) -> Reply:
    """Tell who asked of their budget: not in what caches may keep, nor in the body of what everybody is answered."""
    if asked.toll is None or "CDN-Cache-Control" in reply.headers:
        return reply
    body = reply.body if asked.operation.public else extended(reply.body, asked.toll)
    return reply._replace(headers={**reply.headers, **asked.toll.headers}, body=body)


def authorization(request: Incoming) -> str:
    """Return a request's `Authorization`."""
    return request.headers.get("Authorization", "")


def _entity_tag(body: bytes, media_type: str) -> str:
    """Return a strong entity tag, by a digest that processors have instructions for."""
    digest = sha256(body)
    digest.update(media_type.encode())
    return f'"{digest.hexdigest()[:24]}"'

"""Running the operations that come over a stream, whichever protocol it speaks."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import ExecutionResult, Executor, GraphQLError, OperationType, create_source_event_stream, execute

from app.http.charging import Charging, settle
from app.http.contexts import Contexts
from auth.caller import Caller
from auth.viewer import Viewer
from edge.tolls import Toll
from resolvers.api import Api
from resolvers.context import RequestContext
from resolvers.sources import Out, Source
from schema.alike import told
from schema.errors import masked
from schema.prepared import Operation, Prepared, Preparer
from storage.cancellation import to_its_end

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """An operation that may be run, who asks, and what they have paid, if anybody has to."""

    prepared: Prepared
    operation: Operation
    variables: dict[str, Any]
    context: RequestContext
    toll: Toll | None = None


@dataclass(frozen=True)
class Streams:
    """Runs operations for all transports that stream."""

    api: Api
    preparer: Preparer
    contexts: Contexts
    charging: Charging

    async def ask(
        self,
        query: str,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        viewer: Viewer,
        caller: Caller,
    ) -> Asked:
        """Have somebody pay for what they ask, and return it.

        Raises:
            PreparationError, GraphQLError, BudgetSpentError: it is refused.

        """
        prepared = self.preparer.prepare(query)
        operation = prepared.choose(operation_name)
        context = self.contexts.make(operation, viewer, self.contexts.as_of(), caller)
        toll = await self.charging.charge(prepared, operation, context, {})
        return Asked(prepared, operation, dict(variables or {}), context, toll)

    async def turn(self, operation: Operation, viewer: Viewer) -> None:
        """Have who subscribes wait if their device has begun many: before anything is read, which others pay for."""
        if operation.kind is OperationType.SUBSCRIPTION and viewer.session is not None:
            await self.contexts.services.allowance.subscriptions.turn(viewer.session)

    async def run(self, asked: Asked, out: Out) -> None:
        """Run an operation to its end, which a subscription has when the viewer may follow no more."""
        if asked.operation.kind is not OperationType.SUBSCRIPTION:
            text, name = asked.prepared.text, asked.operation.name
            executing = self.api.execute(
                text, variable_values=asked.variables, context_value=asked.context, operation_name=name
            )
            # a client that leaves does not stop a mutation half-way
            mutation = asked.operation.kind is OperationType.MUTATION
            result = await (to_its_end(executing) if mutation else executing)
            body = self.told(result.data, result.errors)
            if not result.errors:
                settle(asked.toll, body, asked.operation.kind)
            out.push(body, last=True)
            return
        try:
            found = await to_its_end(self._source(asked))  # whoever leaves amid a read costs the driver a connection
            if isinstance(found, Source):
                await found.run(_Rendering(self, asked, out))
                return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged, and the subscriber is told
            found = [GraphQLError("", original_error=error)]
        self._log(found, asked.context)
        out.push(self.told(None, found), last=True)

    def told(self, data: Any, errors: Sequence[GraphQLError] | None) -> bytes:
        """Return a response as JSON; what went wrong inside is masked."""
        if not errors:
            return orjson.dumps({"data": data})
        return orjson.dumps({"errors": self.shown(errors), "data": data})

    def shown(self, errors: Sequence[GraphQLError]) -> list[Any]:
        """Return errors as clients may see them."""
        return [masked(error, suggestions=self.preparer.suggestions).formatted for error in errors]

    async def render(self, asked: Asked, event: Any) -> bytes:
        """Return what an operation tells of an event."""
        context = self.contexts.make(asked.operation, asked.context.viewer, caller=asked.context.caller)
        result = execute(
            self.preparer.schema,
            asked.prepared.document,
            event,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operation.name,
        )
        found: Any = result if isinstance(result, ExecutionResult) else await result
        if found.errors:
            self._log(found.errors, context)
        return self.told(found.data, found.errors)

    async def _source(self, asked: Asked) -> Source | Sequence[GraphQLError]:
        """Return a subscription that may be run, or why it may not."""
        executor: Any = Executor.build(
            self.preparer.schema,
            asked.prepared.document,
            None,
            asked.context,
            asked.variables,
            asked.operation.name,
        )
        if isinstance(executor, list):
            return executor
        source: Any = create_source_event_stream(executor)
        if executor.is_awaitable(source):
            source = await source
        return source if isinstance(source, Source) else source.errors

    def _log(self, errors: Sequence[GraphQLError], context: RequestContext) -> None:
        self.api.log_errors(errors, context.request_id)


class _Rendering:
    """One subscription's sink: renders events as its operation selects, and hands them to its transport."""

    def __init__(self, streams: Streams, asked: Asked, out: Out) -> None:
        is_told = told(streams.preparer.schema, asked.prepared, asked.operation, asked.variables)
        self.alike, self.presence = is_told.alike, is_told.presence
        self.push, self.ready = out.push, out.ready
        self._streams = streams
        self._asked = asked

    async def render(self, event: Any) -> bytes:
        """Return what is sent of an event; what goes wrong is told in its place."""
        try:
            return await self._streams.render(self._asked, event)
        except Exception as error:  # whatever it is, other followers are told all the same
            log.exception("An event could not be shown.")
            return self._streams.told(None, [GraphQLError("", original_error=error)])

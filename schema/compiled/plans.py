"""The plans that are kept, within bounds, and when a query gets one.

A registered query gets its plan when it is first asked, if it has none from the start; any other after it was asked a
few times. Until then, and where it can have none, graphql-core answers. Plans are made beside the event loop, one at a
time, and the size of a query bounds how long that takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from graphql import OperationType
from strawberry.schema import Schema

from edge.eviction import S3Fifo
from schema.compiled.compiler import Compiler
from schema.compiled.declined import UncompilableError
from schema.compiled.shapes import Plan
from schema.prepared import Operation, Prepared

log = logging.getLogger(__name__)

HOT: Final = 3
"""How often a query that is not registered is asked before it gets a plan."""

_CAPACITY: Final = 32 * 1024 * 1024
_COUNTS: Final = 512 * 1024
_COUNT_BYTES: Final = 250
_PLAN_BYTES: Final = 8 * 1024
_FIELD_BYTES: Final = 1024  # its share of a plan's functions and their constants; see `bench.plans`


class Key(NamedTuple):
    """A query, one of its operations, and the values of the variables in its directives."""

    document: str
    operation: str | None
    booleans: tuple[tuple[str, Any], ...]


def refused(operation: Operation) -> str | None:
    """Return why an operation of this kind never has a plan, None for a query."""
    return None if operation.kind is OperationType.QUERY else f"it is a {operation.kind.value}"


def size(plan: Plan | str) -> int:
    """Return how many bytes count for a plan."""
    return _PLAN_BYTES + (_FIELD_BYTES * plan.fields if isinstance(plan, Plan) else 0)


class Plans:
    """Plans by query; a reason in words where there is none."""

    def __init__(self, api: Schema, capacity: int = _CAPACITY) -> None:
        self.compiler = Compiler(api)
        self._plans: S3Fifo[Key, Plan | str] = S3Fifo(capacity)
        self._lasting: dict[Key, Plan | str] = {}
        self._asked: S3Fifo[Key, int] = S3Fifo(_COUNTS)
        self._making: asyncio.Task[None] | None = None

    def add(self, prepared: Prepared) -> None:
        """Make the plans of a document's queries now, and keep them for good."""
        for operation in prepared.operations.values():
            if refused(operation) is None and not prepared.directive_variables:
                self._lasting[Key(prepared.id, operation.name, ())] = self._make(prepared, operation, {})

    def get(
        self, prepared: Prepared, operation: Operation, variables: Mapping[str, Any], *, registered: bool
    ) -> Plan | str:
        """Return the plan of a query for a request's variables, or why there is none (yet)."""
        if (kind := refused(operation)) is not None:
            return kind
        booleans = {name: variables[name] for name in prepared.directive_variables if name in variables}
        if not all(isinstance(value, bool) for value in booleans.values()):
            return "a variable in a directive is null"
        key = Key(prepared.id, operation.name, (*booleans.items(),))
        held = self._lasting.get(key) or self._plans.get(key)
        if held is not None:
            return held
        asked = (self._asked.get(key) or 0) + 1
        self._asked.put(key, asked, _COUNT_BYTES)
        if not registered and asked < HOT:
            return "it is not asked often"
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make_beside(key, prepared, operation, booleans))
        return "its plan is being made"

    async def settled(self) -> None:
        """Wait until no plan is being made."""
        if self._making is not None:
            await self._making

    async def _make_beside(
        self, key: Key, prepared: Prepared, operation: Operation, booleans: Mapping[str, bool]
    ) -> None:
        made = await asyncio.to_thread(self._make, prepared, operation, booleans)
        self._plans.put(key, made, size(made))

    def _make(self, prepared: Prepared, operation: Operation, booleans: Mapping[str, bool]) -> Plan | str:
        try:
            return self.compiler.compile(prepared.document, operation.node, booleans)
        except UncompilableError as error:
            return str(error)
        except Exception:  # the query is answered all the same
            log.exception("No plan could be made of %s (%s).", operation.name or "a query", prepared.id)
            return "its plan could not be made"

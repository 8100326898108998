"""Registered operations: from `.graphql` files to `manifest.json` (for clients) and `plans.json` (for the edge)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    SKIP,
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    VisitorAction,
    value_from_ast_untyped,
    visit,
)

from edge.plans import EVERYBODY, OPERATIONS, PARTNERS, Plan
from schema.limits import STALE_IF_ERROR, STALE_WHILE_REVALIDATE
from schema.prepared import Operation, PreparationError, Prepared, Preparer
from schema.reads import Reads, reads_of

PARTNER_CLIENT = "partner"
"""The folder of the operations that are for partners alone."""

_COMMON_TAGS = 2  # everything, and the operation's own
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class OperationError(Exception):
    """An operation cannot be registered; the message names its file."""


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (client, file) for every operation, in a fixed order."""
    for path in sorted(folder.glob("*/*.graphql")):
        yield path.parent.name, path


def compile_operations(preparer: Preparer, folder: Path = OPERATIONS) -> dict[str, bytes]:
    """Return what `manifest.json` and `plans.json` must hold.

    Raises:
        OperationError: a file holds no valid operation, several, one without a name, or one over the limits.

    """
    manifest: list[dict[str, str]] = []
    plans: list[dict[str, Any]] = []
    names: set[str] = set()
    for client, path in files(folder):
        prepared, operation = _prepare(preparer, path)
        if operation.name is None or operation.name in names:
            raise OperationError(f"{path.name}: an operation needs a name of its own; {operation.name} is none.")
        names.add(operation.name)
        manifest.append(
            {"id": prepared.id, "body": prepared.text, "name": operation.name, "type": operation.kind.value}
        )
        plans.append(plan_of(preparer.schema, client, prepared, operation).encode())
    whole = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": manifest}
    return {
        "manifest.json": orjson.dumps(whole, option=_OPTIONS),
        "plans.json": orjson.dumps(plans, option=_OPTIONS),
    }


def _prepare(preparer: Preparer, path: Path) -> tuple[Prepared, Operation]:
    try:
        prepared = preparer.prepare(path.read_text(encoding="utf-8").strip())
        return prepared, prepared.choose(None)
    except (PreparationError, GraphQLError) as error:
        raise OperationError(f"{path.parent.name}/{path.name}: {error}") from error


def audience_of(client: str) -> str:
    """Return who may ask the release's operations for a client."""
    return PARTNERS if client == PARTNER_CLIENT else EVERYBODY


def plan_of(
    schema: GraphQLSchema, client: str, prepared: Prepared, operation: Operation, audience: str | None = None
) -> Plan:
    """Derive what an edge must know of an operation. `client` is whose it is, `audience` who may ask it."""
    variables = _variables(operation.node)
    cached = operation.public and operation.max_age > 0
    reads = reads_of(schema, prepared.document, operation.node) if cached else Reads()
    plan = Plan(
        id=prepared.id,
        name=operation.name or "",
        client=client,
        scope="PUBLIC" if operation.public else "VIEWER",
        max_age=operation.max_age if cached else 0,
        cost=operation.cost,
        variables=tuple(variables),
        defaults={name: default for name, (given, default) in variables.items() if given},
        digest="",
        nullable=tuple(name for name in _nullable(schema, prepared.document) if not variables[name][0]),
        fields=reads.known(),
        collections=tuple(sorted(reads.collections)),
        types=tuple(sorted(reads.types)),
        most_tags=operation.tags + len(reads.types) + _COMMON_TAGS if cached else 0,
        stale_while_revalidate=STALE_WHILE_REVALIDATE if cached else 0,
        stale_if_error=STALE_IF_ERROR if cached else 0,
        audience=audience_of(client) if audience is None else audience,
    )
    return replace(plan, digest=blake2b(orjson.dumps(plan.encode(), option=_OPTIONS), digest_size=8).hexdigest())


def _variables(node: OperationDefinitionNode) -> dict[str, tuple[bool, Any]]:
    """Return each variable's default, as (whether it has one, its value)."""
    return {
        definition.variable.name.value: (
            definition.default_value is not None,
            None if definition.default_value is None else value_from_ast_untyped(definition.default_value),
        )
        for definition in node.variable_definitions or ()
    }


def _nullable(schema: GraphQLSchema, document: DocumentNode) -> list[str]:
    """Return the variables that are used only as arguments which default to null: absent means the same as null."""
    types = TypeInfo(schema)
    uses: dict[str, bool] = {}

    class Uses(Visitor):
        """Notes every use of a variable."""

        def enter_variable_definition(self, *_: Any) -> VisitorAction:
            return SKIP

        def enter_variable(self, node: VariableNode, _key: Any, parent: Any, *_: Any) -> None:
            argument = types.get_argument()
            plain = isinstance(parent, ArgumentNode) and argument is not None and argument.default_value is None
            uses[node.name.value] = uses.get(node.name.value, True) and plain

    visit(document, TypeInfoVisitor(types, Uses()))
    return sorted(name for name, plain in uses.items() if plain)

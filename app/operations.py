"""Registered operations: from `.graphql` files to `manifest.json` (for clients) and `plans.json` (for the edge)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, value_from_ast_untyped

from edge.plans import OPERATIONS, Plan
from schema.prepared import Operation, PreparationError, Prepared, Preparer

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
        plans.append(_plan(client, prepared, operation).encode())
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


def _plan(client: str, prepared: Prepared, operation: Operation) -> Plan:
    variables = _variables(operation.node)
    digest = blake2b(digest_size=8)
    digest.update(orjson.dumps([prepared.id, operation.public, operation.max_age, variables]))
    return Plan(
        id=prepared.id,
        name=operation.name or "",
        client=client,
        scope="PUBLIC" if operation.public else "VIEWER",
        max_age=operation.max_age if operation.public else 0,
        cost=operation.cost,
        variables=tuple(variables),
        defaults={name: default for name, (given, default) in variables.items() if given},
        digest=digest.hexdigest(),
    )


def _variables(node: OperationDefinitionNode) -> dict[str, tuple[bool, Any]]:
    """Return each variable's default, as (whether it has one, its value)."""
    return {
        definition.variable.name.value: (
            definition.default_value is not None,
            None if definition.default_value is None else value_from_ast_untyped(definition.default_value),
        )
        for definition in node.variable_definitions or ()
    }

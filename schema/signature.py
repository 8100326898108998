"""The variables that an operation takes, and the coercion of plain ones; pure. The others are left to graphql-core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from graphql import (
    BooleanValueNode,
    ConstValueNode,
    IntValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    NullValueNode,
    StringValueNode,
    VariableDefinitionNode,
)

_KINDS: Final[Mapping[str, type]] = {"String": str, "ID": str, "Int": int, "Boolean": bool}
_LEAST, _MOST = -(2**31), 2**31 - 1
_ABSENT: Final = object()
_OTHER: Final = object()  # of no plain type


class _Variable(NamedTuple):
    """A variable: the type of its values (None where it is no plain one), whether it may be null, its default."""

    name: str
    kind: type | None
    nullable: bool
    default: Any


class Signature:
    """The variables of one operation."""

    def __init__(self, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._variables = [_variable(definition) for definition in definitions]

    def coerce(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the values for a request, as graphql-core does; None where one is not plain, or wrong."""
        coerced: dict[str, Any] = {}
        for name, kind, nullable, default in self._variables:
            value = given.get(name, default)
            if value is None or value is _ABSENT:
                if not nullable:
                    return None
                if value is _ABSENT:
                    continue
            elif type(value) is not kind or (type(value) is int and not _LEAST <= value <= _MOST):
                return None
            coerced[name] = value
        return coerced


def _variable(definition: VariableDefinitionNode) -> _Variable:
    type_: Any = definition.type
    nullable = not isinstance(type_, NonNullTypeNode)
    bare = type_ if nullable else type_.type
    kind = _KINDS.get(bare.name.value) if isinstance(bare, NamedTypeNode) else None
    return _Variable(definition.variable.name.value, kind, nullable, _default(definition.default_value, kind))


def _default(literal: ConstValueNode | None, kind: type | None) -> Any:
    match literal:
        case None:
            return _ABSENT
        case NullValueNode():
            return None
        case StringValueNode() if kind is str:
            return literal.value
        case BooleanValueNode() if kind is bool:
            return literal.value
        case IntValueNode() if kind is int:
            return int(literal.value)
        case _:
            return _OTHER

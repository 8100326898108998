"""The variables of a request by a plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from graphql import GraphQLSchema, get_variable_values
from graphql.execution.values import VariableValues

from schema.compiled.declined import DeclinedError
from schema.prepared import Operation


class Variables:
    """A request's variables. Where all are plain, graphql-core is not asked.

    Raises:
        DeclinedError: they are refused.

    """

    def __init__(self, schema: GraphQLSchema, operation: Operation, given: dict[str, Any]) -> None:
        self._schema, self._operation, self._given = schema, operation, given
        plain = operation.signature.coerce(given)
        self.coerced: Mapping[str, Any] = self.whole.coerced if plain is None else plain

    @cached_property
    def whole(self) -> VariableValues:
        """Return them as graphql-core has them."""
        values = get_variable_values(self._schema, self._operation.node.variable_definitions or (), self._given)
        if isinstance(values, list):
            raise DeclinedError("its variables are refused")
        return values

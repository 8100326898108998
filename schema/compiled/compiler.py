"""From a query's selections to a plan, by the declarations of the schema alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_argument_values,
    get_named_type,
    is_abstract_type,
)
from strawberry.schema import Schema
from strawberry.types.arguments import convert_arguments

from schema.compiled import pages
from schema.compiled.declined import UncompilableError
from schema.compiled.selection import Selection, node_of
from schema.compiled.shapes import Arguments, PageShape, Plan, Root
from schema.compiled.values import TYPENAME
from schema.compiled.variables import Variables
from schema.limits import metadata_of
from schema.reads import lists_of


class Compiler:
    """Makes plans for one schema."""

    def __init__(self, api: Schema) -> None:
        self.schema: GraphQLSchema = api._schema  # noqa: SLF001 - Strawberry offers no other way to graphql-core's schema
        self._registry = api.schema_converter.scalar_registry
        self._config = api.config

    def compile(self, document: DocumentNode, operation: OperationDefinitionNode, booleans: Mapping[str, bool]) -> Plan:
        """Return the plan of a valid query, for these values of the variables in its directives.

        Raises:
            UncompilableError: it has a field that declares nothing a plan can go by.

        """
        selection = Selection(self.schema, document, operation, booleans, self.convert)
        query = self.schema.query_type
        if query is None:
            raise UncompilableError("the schema has no queries")
        fields = selection.entries(query)
        roots = [
            _root(selection, query, key, details)
            for key, details in fields.items()
            if details[0].node.name.value != TYPENAME
        ]
        known = {root.key for root in roots}
        return Plan(
            roots=tuple(roots),
            keys=tuple(fields),
            constants={key: query.name for key in fields if key not in known},
            arguments=tuple(selection.arguments),
            projections={kind: dict.fromkeys(sorted(names), 1) for kind, names in selection.attributes.items()},
            firsts=tuple(selection.firsts),
            fields=selection.fields,
        )

    def arguments(self, arguments: Arguments, variables: Variables) -> Mapping[str, Any]:
        """Return a field's arguments for a request; raises GraphQLError where they are wrong."""
        if arguments.constant is None:
            return self.convert(arguments, variables)
        if not arguments.plain:
            return arguments.constant
        given, values = {**arguments.constant}, variables.coerced
        for name, variable, nullable in arguments.plain:
            if variable in values and (nullable or values[variable] is not None):
                given[name] = values[variable]
            elif variable in values or name not in given:  # wrong, or absent and without a default
                return self.convert(arguments, variables)
        return given

    def convert(self, arguments: Arguments, variables: Variables | None) -> dict[str, Any]:
        """Return a field's arguments as its function takes them, by graphql-core and Strawberry."""
        values = None if variables is None else variables.whole
        given = get_argument_values(arguments.definition, arguments.node, values)
        return convert_arguments(given, arguments.declared.arguments, self._registry, self._config)


def _root(selection: Selection, query: GraphQLObjectType, key: str, details: Any) -> Root:
    """Return the plan of an entry field."""
    node = details[0].node
    definition = query.fields.get(node.name.value)
    metadata = metadata_of(definition)
    if definition is None or not metadata.get("entry"):
        raise UncompilableError(f"{query.name}.{node.name.value} is resolved by hand")
    declared: Any = definition.extensions["strawberry-definition"]
    wants, arguments = declared.base_resolver.wrapped_func, selection.argument(definition, node)
    named: Any = get_named_type(definition.type)
    lists = lists_of(metadata)
    for name in lists:
        selection.read_order(name)
    if "edges" in getattr(named, "fields", {}):
        return Root(key, wants, arguments, {}, pages.connection(selection, named, details))
    if lists:
        return Root(key, wants, arguments, {}, PageShape((selection.shape(named, details),), False, tuple))
    possible = selection.schema.get_possible_types(named) if is_abstract_type(named) else (named,)
    shapes = {type_.name: selection.shape(type_, details) for type_ in possible}
    decides = metadata.get("decides", {}).get(named.name, ())
    for type_ in possible:
        selection.read(type_.name, decides or node_of(type_).judged_by)
    return Root(key, wants, arguments, shapes, None, decides)

"""Coordinates of the schema: those that queries can reach, and those that answers have shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from schema import ids
from tests.compiled.drawing import Drawn
from tests.compiled.planned import planned


def fields(schema: GraphQLSchema) -> Iterator[str]:
    """Yield `Type.field` of all that a query can select."""
    for type_ in _reachable(schema):
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            yield from (f"{type_.name}.{name}" for name in planned(type_))


def arguments(schema: GraphQLSchema) -> Iterator[str]:
    """Yield `Type.field(argument:)` of all that a query can give."""
    for type_ in _reachable(schema):
        if isinstance(type_, GraphQLObjectType):
            for name, definition in planned(type_).items():
                yield from (f"{type_.name}.{name}({argument}:)" for argument in definition.args)


def values(schema: GraphQLSchema) -> Iterator[str]:
    """Yield the fields of inputs and the values of enums, as `Type.name`, that arguments of queries can have."""
    ahead = [
        argument.type
        for type_ in _reachable(schema)
        if isinstance(type_, GraphQLObjectType)
        for definition in planned(type_).values()
        for argument in definition.args.values()
    ]
    seen: set[str] = set()
    while ahead:
        named: Any = get_named_type(ahead.pop())
        if named.name not in seen:
            seen.add(named.name)
            if isinstance(named, GraphQLEnumType):
                yield from (f"{named.name}.{name}" for name in named.values)
            if isinstance(named, GraphQLInputObjectType):
                yield from (f"{named.name}.{name}" for name in named.fields)
                ahead += [declared.type for declared in named.fields.values()]


def _reachable(schema: GraphQLSchema) -> list[Any]:
    found: dict[str, Any] = {}
    ahead: list[Any] = [schema.query_type]
    while ahead:
        type_ = ahead.pop()
        if type_.name not in found:
            found[type_.name] = type_
            ahead += [get_named_type(definition.type) for definition in planned(type_).values()]
            if isinstance(type_, GraphQLInterfaceType):
                ahead += schema.get_possible_types(type_)
    return [*found.values()]


def shown(schema: GraphQLSchema, drawn: Drawn, data: Any) -> Iterator[str]:
    """Yield `Type.field` of all that an answer shows and that is not null; nothing where the type cannot be told."""
    yield from _shown(schema, drawn, schema.query_type, data)


def _shown(schema: GraphQLSchema, drawn: Drawn, type_: Any, data: Any) -> Iterator[str]:
    if isinstance(data, list):
        for part in data:
            yield from _shown(schema, drawn, type_, part)
        return
    if not isinstance(data, dict) or not hasattr(type_, "fields"):
        return
    if isinstance(type_, GraphQLInterfaceType):
        yield from (f"{type_.name}.{name}" for key in data if (name := drawn.keys.get((type_.name, key))) is not None)
        kinds = {ids.decode(value)[0] for key, value in data.items() if _is_id(drawn, type_, key, value)}
        if not kinds:
            return
        type_ = schema.get_type(kinds.pop())
    for key, value in data.items():
        name = drawn.keys.get((type_.name, key))
        if name is not None and name != "__typename" and value is not None:
            yield f"{type_.name}.{name}"
            yield from _shown(schema, drawn, get_named_type(type_.fields[name].type), value)


def _is_id(drawn: Drawn, type_: Any, key: str, value: Any) -> bool:
    return drawn.keys.get((type_.name, key)) == "id" and isinstance(value, str)

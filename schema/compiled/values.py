"""One value as JSON: a leaf is checked as graphql-core checks it, an object's fields are taken as its class has them.

What a check does not know at once goes the slow way, through pydantic and the scalar's own serialization; what is
refused there raises, and the request is graphql-core's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from schema.compiled import views
from schema.compiled.declined import UncompilableError
from schema.compiled.source import Source

Selected = Mapping[str, Any]
"""The fields that are selected, by response key, as graphql-core collects them."""

Collect = Callable[[GraphQLObjectType, Any], Selected]
"""What returns the fields selected below a field, for a type."""

TYPENAME = "__typename"

_TEXT = "type({v}) is str"
_CHECKS = {
    "String": _TEXT,
    "ID": _TEXT,
    "Int": f"type({{v}}) is int and {-(2**31)} <= {{v}} <= {2**31 - 1}",
    "Float": "type({v}) is float and -{inf} < {v} < {inf}",
    "Boolean": "({v} is True or {v} is False)",
    "DateTime": "type({v}) is {datetime}",  # written as ISO 8601 by orjson, as by the scalar itself
    "Amount": "type({v}) is int",
    "JSON": "type({v}) is dict",
}


def attribute(source: Source, document: Any, name: str, type_: Any) -> str:
    """Write a field that is an attribute of the row `r`, and return the variable that holds it as JSON."""
    variable = views.read(source, document, name)
    if is_list_type(_nullable(type_)) or not is_leaf_type(_nullable(type_)):
        raise UncompilableError(f"{document.__name__}.{name} is an attribute, and not a leaf")
    _leaf(source, type_, variable, views.adapter(document, name))
    return variable


def value(source: Source, type_: Any, variable: str, details: Any, collect: Collect) -> str:
    """Write the conversion of the value that a variable holds, and return the expression of it as JSON."""
    bare = _nullable(type_)
    if is_leaf_type(bare):
        _leaf(source, type_, variable, None)
        return variable
    if is_non_null_type(type_):
        return _whole(source, bare, variable, details, collect)
    with source.block(f"if {variable} is not None:"):
        source.line(f"{variable} = {_whole(source, bare, variable, details, collect)}")
    return variable


def _whole(source: Source, type_: Any, variable: str, details: Any, collect: Collect) -> str:
    """Write a list or an object that is not null."""
    if is_list_type(type_):
        made, item = source.assign("[]"), source.fresh()
        with source.block(f"for {item} in {variable}:"):
            source.line(f"{made}.append({value(source, type_.of_type, item, details, collect)})")
        return made
    if not is_object_type(type_):
        raise UncompilableError(f"{type_} is computed, and not one type")
    parts = [
        f"{source.constant(key)}: {_part(source, type_, variable, selected, collect)}"
        for key, selected in collect(type_, details).items()
    ]
    return f"{{{', '.join(parts)}}}"


def _part(source: Source, type_: GraphQLObjectType, variable: str, details: Any, collect: Collect) -> str:
    node: FieldNode = details[0].node
    if node.name.value == TYPENAME:
        return source.constant(type_.name)
    definition = type_.fields[node.name.value]
    declared = definition.extensions["strawberry-definition"]
    if declared.base_resolver is not None:
        raise UncompilableError(f"{type_.name}.{node.name.value} is resolved by hand")
    part = source.assign(f"{variable}.{declared.python_name}")
    return value(source, definition.type, part, details, collect)


def _leaf(source: Source, type_: Any, variable: str, convert: Callable[[Any], Any] | None) -> None:
    """Write the check of a leaf, in place; `convert` makes of a stored value what its document would."""
    kind = _nullable(type_)
    if isinstance(kind, GraphQLEnumType):
        line = f"{variable} = {source.constant(_names(kind))}[{variable}]"
        source.line(line if is_non_null_type(type_) else f"if {variable} is not None: {line}")
        return
    constants = {"inf": source.constant(math.inf), "datetime": source.constant(datetime)}
    check = _CHECKS.get(kind.name, "False").format(v=variable, **constants)
    present = "" if is_non_null_type(type_) else f"{variable} is not None and "
    source.line(f"if {present}not ({check}): {variable} = {source.constant(_slow(type_, convert))}({variable})")


def _slow(type_: Any, convert: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    scalar: GraphQLScalarType = _nullable(type_)
    nullable = not is_non_null_type(type_)

    def slow(found: Any) -> Any:
        made = found if convert is None else convert(found)
        if made is None:
            if nullable:
                return None
            raise ValueError(f"a {scalar.name} is missing")
        return scalar.coerce_output_value(made)

    return slow


def _names(kind: GraphQLEnumType) -> dict[Any, str]:
    """Return an enum's names by what stands for them: the value as it is stored, and the member of the class."""
    members: Any = getattr(kind, "wrapped_cls", ())
    return {key: kind.coerce_output_value(member) for member in members for key in (member, member.value)}


def _nullable(type_: Any) -> Any:
    return type_.of_type if is_non_null_type(type_) else type_

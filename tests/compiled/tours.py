"""Documents that select everything: each entry field, and each type of node, with all that stands next to it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from graphql import GraphQLSchema, get_named_type, is_abstract_type, is_leaf_type, is_required_argument

from tests.compiled.arguments import CENTRE, Pool, literal
from tests.compiled.drawing import Drawn
from tests.compiled.planned import planned
from tests.compiled.variables import Variables

_GIVEN = {"center": CENTRE, "width": 100}


def tours(schema: GraphQLSchema, pool: Pool) -> Iterator[Drawn]:
    """Yield the documents."""
    query: Any = schema.query_type
    known = {(type_.name, name): name for type_ in schema.type_map.values() for name in getattr(type_, "fields", {})}
    for name, definition in planned(query).items():
        named = get_named_type(definition.type)
        for kind in schema.get_possible_types(named) if is_abstract_type(named) else (named,):
            for id_ in pool.hot.get(kind.name, [""]):
                given = {"id": id_, "ids": [id_, id_], "slug": pool.slugs[0], **_GIVEN}
                inner = _everything(kind, 1) if name != "nodes" else "{ __typename id }"
                inner = f"{{ id ... on {kind.name} {inner} }}" if kind is not named else inner
                text = f"{{ {name}{_required(definition, given)} {inner} }}"
                yield Drawn(text, None, Variables(pool, Random(0), str), known, set())  # noqa: S311 - it is not used


def _everything(type_: Any, levels: int) -> str:
    """Select all fields of a type that plans are made of; those of what it leads to so many levels further."""
    parts = ["__typename"]
    for name, definition in planned(type_).items():
        named: Any = get_named_type(definition.type)
        plumbing = named.name.endswith(("Connection", "Edge", "PageInfo"))
        if is_leaf_type(named):
            parts.append(name)
        elif levels or plumbing:
            further = levels if plumbing else levels - 1
            parts.append(f"{name}{_required(definition, _GIVEN)} {_everything(named, further)}")
    return f"{{ {' '.join(parts)} }}"


def _required(definition: Any, given: dict[str, Any]) -> str:
    found = {name: argument.type for name, argument in definition.args.items() if is_required_argument(argument)}
    spelled = ", ".join(f"{name}: {literal(given[name], type_)}" for name, type_ in found.items())
    return f"({spelled})" if spelled else ""

"""Plans of documents that nobody has seen before: as partners may register them, drawn at random from the schema.

What a plan does not name no answer may show: all such attributes of all documents are changed at once in MongoDB, and
the answer stays the same, byte for byte. `PLAN_DOCUMENTS` sets how many documents are tried (100).
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from app.operations import plan_of
from edge.plans import Plan
from resolvers.api import build
from tests.platform import Platform
from tests.test_plans import World, decides, other, world

__all__ = ["world"]  # the fixture

API, PREPARER = build()
DOCUMENTS = int(os.environ.get("PLAN_DOCUMENTS", "100"))
DEPTH = 4
ENTRIES = (
    "gallery(first: 1, city: $city)",
    "listings(first: 1, city: $city)",
    "publicProject(slug: $slug)",
    "publicDesign(id: $id)",
)
COPIED = {"visibility", "status"}  # which the relay copies to designs, whose change then shows
UNSTORED = {"id", "revision_id"}


def draw(chance: random.Random) -> str:
    """Return a document with some of the public entry fields."""
    entries = chance.sample(ENTRIES, chance.randint(1, 2))
    chosen = "".join(
        f" e{place}: {entry} {_selection(_type_of(entry), chance, DEPTH)}" for place, entry in enumerate(entries)
    )
    declared = {"$city": "String", "$slug": "String!", "$id": "ID!"}
    variables = ", ".join(f"{name}: {type_}" for name, type_ in declared.items() if name in chosen)
    return f"query Drawn({variables}) {{{chosen} }}"


def _type_of(entry: str) -> GraphQLNamedType:
    assert PREPARER.schema.query_type is not None
    named: GraphQLNamedType = get_named_type(PREPARER.schema.query_type.fields[entry.partition("(")[0]].type)
    return named


def _selection(kind: GraphQLNamedType, chance: random.Random, depth: int) -> str:
    """Return a selection of a few fields of a type, and of what they lead to."""
    if not isinstance(kind, GraphQLObjectType):
        return "{ __typename }"
    plumbing = kind.name.endswith(("Connection", "Edge"))
    names = [name for name, field in kind.fields.items() if depth > 0 or is_leaf_type(get_named_type(field.type))]
    count = len(names) if plumbing and chance.random() < 0.7 else chance.randint(1, 3)
    parts = []
    for name in chance.sample(names, min(count, len(names))):
        field = kind.fields[name]
        arguments = "(first: 1)" if "first" in field.args else "(width: 320)" if "width" in field.args else ""
        assert arguments or not any(is_required_argument(argument) for argument in field.args.values())
        deeper = depth if plumbing else depth - 1
        named = get_named_type(field.type)
        below = "" if is_leaf_type(named) else f" {_selection(named, chance, deeper)}"
        parts.append(f"{name}{arguments}{below}")
    return "{ " + (" ".join(parts) or "__typename") + " }"


def unnamed(plan: Plan, kind: str, attributes: set[str]) -> set[str]:
    """Return the attributes of a type on which no answer of the plan depends."""
    if kind in plan.types:
        attributes = attributes - {*plan.fields.get(kind, attributes)}
    return attributes - decides(plan, kind) - COPIED - UNSTORED


async def _ask(platform: Platform, text: str, variables: dict[str, Any]) -> tuple[bytes, str]:
    """Ask the API: (body, surrogate keys)."""
    body = {"query": text, "variables": variables}
    async with platform.session.post(f"{platform.api}/graphql", json=body) as response:
        assert response.status == 200
        return await response.read(), response.headers.get("Surrogate-Key", "")


@pytest.mark.parametrize("seed", range(DOCUMENTS))
async def test_what_a_drawn_plan_does_not_name_no_answer_shows(platform: Platform, world: World, seed: int) -> None:
    """Given any public document, when all that its plan does not name changes, then its answer does not."""
    text = draw(random.Random(seed))  # noqa: S311 - no secret
    prepared = PREPARER.prepare(text)
    plan = plan_of(PREPARER.schema, "", prepared, prepared.choose(None))
    assert plan.scope == "PUBLIC"
    known = {**world.variables["Gallery"], **world.variables["ProjectPage"], **world.variables["DesignPage"]}
    variables = {name: known[name] for name in plan.variables}
    before, tags = await _ask(platform, text, variables)
    assert b'"errors"' not in before, text
    if plan.cacheable:
        assert 0 < len(tags.split()) <= plan.most_tags
    changed = 0
    stored: list[tuple[Any, Any]] = []
    for kind, document in world.documents.items():
        rows = platform.database.handle[document.stored_in()]
        row = await rows.find_one({"_id": document.id})
        assert row is not None
        stored.append((rows, row))
        fields = unnamed(plan, kind, {*type(document).model_fields})
        changed += len(fields)
        if fields:
            await rows.update_one({"_id": document.id}, {"$set": {name: other(name, row.get(name)) for name in fields}})
    after, _ = await _ask(platform, text, variables)
    for rows, row in stored:
        await rows.replace_one({"_id": row["_id"]}, row)
    assert after == before, (text, plan)
    assert changed > 10

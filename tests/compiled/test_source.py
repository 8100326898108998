"""Generated functions: nothing of a request's text is in them, whatever its names are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random

import pytest

from models.register import DOCUMENTS
from schema.compiled.source import Source
from schema.prepared import PreparationError
from tests.compiled.arguments import Pool
from tests.compiled.drawing import Drawing
from tests.compiled.keys import NAMES
from tests.compiled.rows import documents
from tests.compiled.world import Asked, World

QUERY = """query OPERATION($VARIABLE: Int, $FLAG: Boolean!) {
  ALIAS: viewer { BESIDE: email ...FRAGMENT }
  OTHER: gallery(first: $VARIABLE, city: "TEXT") {
    PAGE: edges { ALIAS: node { BESIDE: title OTHER: address { ALIAS: city } PAGE: cover { ALIAS: image(width: 9) {
      OTHER: url } } } BESIDE: cursor }
    ALIAS: pageInfo { OTHER: hasNextPage } BESIDE: totalCount OTHER: __typename
  }
}
fragment FRAGMENT on User { PAGE: memberships(first: $VARIABLE) { ALIAS: edges { OTHER: node { ALIAS: role } } }
  OTHER: name @include(if: $FLAG) }"""
_PARTS = ("OPERATION", "VARIABLE", "FLAG", "ALIAS", "BESIDE", "OTHER", "PAGE", "FRAGMENT", "TEXT")
_OURS = re.compile(
    r"[ckv]\d+|rows|run|columns|made|shown|r|at|end|page|pages|count|counts|canvas|canvases|zip|len|type|str|int|float|dict|_"
)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the texts of all functions that are made."""
    made: list[str] = []
    build = Source.build

    def noting(source: Source) -> object:
        made.append(source.text)
        return build(source)

    monkeypatch.setattr(Source, "build", noting)
    return made


def _named(*names: str) -> str:
    """Return the query with its names in place."""
    return re.sub("|".join(_PARTS), lambda found: names[_PARTS.index(found.group())], QUERY)


def _compile(world: World, text: str) -> None:
    prepared = world.preparer.prepare(text)
    flags = dict.fromkeys(prepared.directive_variables, True)
    world.executor.plans.compiler.compile(prepared.document, next(iter(prepared.operations.values())).node, flags)


HOSTILE = [
    ("import", "lambda", "None", "r", "rows", "run", "made", "v1", r"x\"); import os #"),
    ("c0", "c1", "c2", "c0", "c1", "v1", "v2", "k0", r"' + c0 + '"),
    ("__import__", "__class__", "__dict__", "__init__", "__builtins__", "exec", "eval", "_", r"\u2028\\"),
    ("def", "return", "yield", "class", "for", "in", "zip", "page", "{r['_id']}"),
    ("Q" * 500, "W" * 500, "E" * 500, "R" * 500, "T" * 500, "Y" * 500, "U" * 500, "I" * 500, "O" * 500),
    ("True", "False", "self", "shown", "columns", "counts", "count", "at", "%s"),
]


@pytest.mark.parametrize("names", HOSTILE, ids=lambda names: names[0][:12])
async def test_the_text_does_not_depend_on_names(world: World, texts: list[str], names: tuple[str, ...]) -> None:
    """Given two queries that differ in names and texts alone, then their functions are the same, to the letter."""
    _compile(world, _named(*(f"plain{number}" for number in range(len(_PARTS)))))
    plain = [*texts]
    texts.clear()
    _compile(world, _named(*names))
    assert texts == plain
    assert plain


@pytest.mark.parametrize("names", HOSTILE, ids=lambda names: names[0][:12])
async def test_such_names_are_answered(world: World, still: None, names: tuple[str, ...]) -> None:
    """And they are answered as graphql-core answers them."""
    variables = {names[1]: 2, names[2]: True}
    plan, core, difference = await world.compare(Asked(_named(*names), names[0], variables, "owner"))
    assert difference is None
    assert not core.failed
    assert f'"{names[3]}"'.encode() in plan.body


def test_functions_are_made_of_declarations(world: World, texts: list[str]) -> None:
    """Given random queries, then their functions have our own words, and names of attributes that we declare."""
    declared = {name for document in DOCUMENTS for name in document.model_fields} | {"_id", "distance"}
    declared |= _python_names(world)
    pool = Pool.of(documents())
    pool.cursors["", "gallery"] = ["x"]
    for number in range(150):
        chance = Random(f"source {number}")  # noqa: S311 - nothing is secret
        try:
            _compile(world, Drawing(world.schema, pool, chance, 15, 9).document().text)
        except PreparationError:
            continue
    assert len(texts) > 500
    assert len({*NAMES} - declared) > 20, "names that would be found"
    assert {word for text in texts for word in _words(text, world)} - declared == set()


def _python_names(world: World) -> set[str]:
    """Return the names that types give their fields in Python."""
    fields = [field for type_ in world.schema.type_map.values() for field in getattr(type_, "fields", {}).values()]
    declared = [field.extensions.get("strawberry-definition") for field in fields if field.extensions]
    return {field.python_name for field in declared if field is not None}


def _words(text: str, world: World) -> Iterator[str]:
    """Yield the words of a function that are not our own."""
    ours = {"append", "arguments", "get", "elements", "seq", "has_next", "has_previous", "cursor", "rows", "info", "is"}
    ours.add("replace")  # the zone of a time
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.FunctionDef(name=name):
                assert name in {*world.schema.type_map, "make"}, name
            case ast.Name(id=name) | ast.arg(arg=name):
                assert _OURS.fullmatch(name), name
            case ast.Attribute(attr=name) if name not in ours:
                yield name
            case ast.Constant(value=str() as value):
                yield value

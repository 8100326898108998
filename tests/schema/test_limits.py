"""The bounds of an operation: what is too much is refused before anything runs, with work linear in its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from app.http import registry
from resolvers.api import build
from schema.limits import DEFAULT_MAX_AGE, Limits, Measure, Measurer, check_text
from schema.lists import MOST_FIRST
from schema.prepared import PreparationError, Preparer, document_id
from schema.relations import DEFAULT_FIRST

API, PREPARER = build()
GALLERY = "gallery{edges{node{id}}}"


def chain(levels: int, spreads: int = 1, leaf: str = "__typename", *, backwards: bool = False) -> str:
    """Write fragments that each spread the next one."""
    fragments = [f"fragment f{n} on Query {{{f'...f{n + 1} ' * spreads}}}" for n in range(levels)]
    fragments.append(f"fragment f{levels} on Query {{{leaf}}}")
    return "".join(reversed(fragments) if backwards else fragments)


BOMBS = {
    "fragments that double 40 times": ("{...f0}" + chain(40, 2), "levels of fields|repetitions|cost"),
    "fragments that double and end nowhere": ("{...f0}" + chain(30, 2, "...nowhere"), "Unknown fragment"),
    "fragments that double and end in a circle": ("{...f0}" + chain(30, 2, "...f0"), "Cannot spread fragment"),
    "a long chain of fragments": ("{...f0}" + chain(90), None),
    "a chain that runs out of stack": (
        "{...f0}" + chain(99, 1, "... on Query {" * 40 + GALLERY + "}" * 40),
        "128 deep",
    ),
    "such a chain, its end first": (
        "{...f0}" + chain(99, 1, "... on Query {" * 40 + GALLERY + "}" * 40, backwards=True),
        "128 deep",
    ),
    "many fragments": ("{...f0}" + chain(150), "151 fragments; 100 are allowed"),
    "many fragments that nobody uses": ("{__typename}" + chain(150), "151 fragments; 100 are allowed"),
    "many operations": ("".join(f"query q{n} {{__typename}} " for n in range(21)), "21 operations; 20 are allowed"),
    "many aliases": ("{" + "".join(f"a{n}:__typename " for n in range(101)) + "}", "101 aliases; 100 are allowed"),
    "many directives": ("{" + "...@skip(if:false){__typename}" * 101 + "}", "101 directives; 100 are allowed"),
    "directives on one field": ("{__typename " + "@a" * 10 + "}", "10 directives in one place; 5 are allowed"),
    "directives on a fragment": (
        "{...f} fragment f on Query " + "@a" * 6 + "{__typename}",
        "6 directives in one place",
    ),
    "thousands of directives": ("{__typename " + "@a" * 5000 + "}", "token"),
    "a repeated field": ("{" + "__typename " * 500 + "}", "499 repetitions of a field; 50 are allowed"),
    "a repeated field that nobody asks for": (
        "{__typename} fragment f on Query {" + "__typename " * 500 + "}",
        "499 repetitions of a field",
    ),
    "a megabyte": ("{" + "a" * 1_000_000 + "}", "1000002 characters; 65536 are allowed"),
    "deep selections": ("{a" * 200 + "}" * 200, "nested more than 64 levels"),
    "deep lists": ("{a(b:" + "[" * 200 + "]" * 200 + ")}", "nested more than 64 levels"),
    "deep objects": ("{a(b:" + "{c:" * 200 + "1" + "}" * 200 + ")}", "nested more than 64 levels"),
    "deep fields": ("{x" * 21 + "}" * 21, "21 levels of fields; 20 are allowed"),
    "pages of pages": (
        "{gallery(first:100){edges{node{designs(first:100){edges{node{id project{designs(first:100){edges{node{id}"
        + "}" * 10,
        "fields in its largest answer",
    ),
    "many tokens": ("{" + " ".join(f"a{n}" for n in range(6000)) + "}", "token"),
    "a string without an end": ('{a(b:"' + '\\"' * 30_000, "Unterminated string"),
    "many strings without an end": ('{a(b:"' + '\\"\n"' * 15_000, "Unterminated string"),
    "a block string without an end": ('{a(b:"""' + '\\"""' * 15_000, "Unterminated string"),
    "nothing": ("", "Syntax Error"),
    "fragments alone": ("fragment f on Query {__typename}", "no operation"),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_refused_before_anything_runs(name: str) -> None:
    """Given a document that asks for too much, when it is executed, then its error is clear, and there is no data.

    The context is no context at all: a resolver that ran would fail on it in other words.
    """
    text, message = BOMBS[name]
    if message is None:
        PREPARER.prepare(text)
        return
    with pytest.raises(PreparationError, match=message):
        PREPARER.prepare(text)
    if not text:
        return  # HTTP refuses it before
    result = await API.execute(text, context_value=None)
    assert result.data is None
    assert result.errors
    assert len(result.errors[0].message) < 300


class Counting(Measurer):
    """Counts the steps of measuring."""

    steps = 0

    def _set(self, *arguments: Any) -> Measure:
        self.steps += 1
        return super()._set(*arguments)

    def _field(self, *arguments: Any) -> Measure:
        self.steps += 1
        return super()._field(*arguments)


def steps(text: str) -> int:
    """Return how many steps a document takes to be measured, bounded or not."""
    document = parse(text)
    counting = Counting(PREPARER.schema, document)
    counting.check_fragments(Limits(**dict.fromkeys(Limits.__dataclass_fields__, 2**2000)))
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            counting.operation(node)
            counting.root_fields(node.selection_set)
    return counting.steps


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "{...f0}" + chain(size, 2),
        lambda size: "{...f0}" + chain(size, 2, "...nowhere"),
        lambda size: "{...f0}" + chain(size, 3, "...f0"),
        lambda size: "{" + "...f0 " * size + "}" + chain(size, size),
        lambda size: "{" + "__typename " * size + "}",
        lambda size: "{" + "gallery{edges{node{id title}}} " * size + "}",
    ],
)
def test_measuring_takes_time_in_proportion_to_the_size(make: Callable[[int], str]) -> None:
    """Given a document twice as large, then measuring it takes about twice the steps, however fragments multiply."""
    small, large = steps(make(25)), steps(make(50))
    assert large <= 2.2 * small
    assert large <= 10 * 50 + 10


def measure(text: str) -> Measure:
    """Measure a document's first operation."""
    document = parse(text)
    node = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return Measurer(PREPARER.schema, document).operation(node)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{__typename}", 1),
        ("{gallery(first:3){edges{node{id}}}}", 1 + 3 * 3),
        ("{gallery{edges{node{id}}}}", 1 + DEFAULT_FIRST * 3),
        ("query($n:Int){gallery(first:$n){edges{node{id}}}}", 1 + MOST_FIRST * 3),
        ("{gallery(first:-5){edges{node{id}}}}", 1),
        ("{gallery(first:1000000000000){edges{node{id}}}}", 1 + MOST_FIRST * 3),
        ("{nodes(ids:[]){id}}", 1 + MOST_FIRST),
        ("{unknown{id}}", 2),
        ("{...{__typename ...on Query{__typename}}}", 2),
        ("{...f ...f} fragment f on Query {__typename}", 2),
    ],
)
def test_the_cost_counts_the_fields_of_the_largest_answer(text: str, cost: int) -> None:
    """Given an operation, then its cost is the number of fields of its largest answer, fragments each time."""
    assert measure(text).cost == cost


def test_a_measure_tells_depth_and_what_is_repeated() -> None:
    """Given fragments, aliases and directives, then each is counted where it takes effect."""
    found = measure("query @a {x:gallery @b {edges{node{id id}}} ...f ...f} fragment f on Query @c {y:__typename @d}")
    assert (found.depth, found.aliases, found.directives, found.repeats) == (4, 3, 1 + 1 + 2 * 2, 1)
    assert measure("subscription {x}").cost == 1


def test_an_answers_lifetime_is_its_shortest_fields() -> None:
    """Given fields with lifetimes, then an answer's is the least, and the default where none is declared."""
    assert measure("{gallery{edges{node{id}}}}").max_age == DEFAULT_MAX_AGE
    assert PREPARER.prepare("{nearby(center:{latitude:0,longitude:0}){edges{node{id}}}}").choose(None).max_age == 0


@given(st.text(alphabet='{}[]()"\\#\n a', max_size=300))
def test_checking_text_never_refuses_what_is_shallow(text: str) -> None:
    """Given any text with few brackets, however unbalanced its strings, then it passes to the parser."""
    check_text(text, Limits(nesting=sum(map(text.count, "{[(")) + 1))


@pytest.mark.parametrize("text", ['"{{{"', '"""{{{\\"""{{{"""', "#{{{\n", '"\\"{{{"', '""{}{}{}', '""""""{}{}{}'])
def test_brackets_in_strings_and_comments_do_not_count(text: str) -> None:
    """Given brackets inside strings and comments, then they are no nesting; those behind are."""
    check_text(text, Limits(nesting=1))
    with pytest.raises(GraphQLError, match="nested more than 1 levels"):
        check_text(text + "\n{{", Limits(nesting=1))


def test_every_registered_operation_is_within_the_limits() -> None:
    """Given the committed manifest, then each operation is prepared, and its id is its text's hash."""
    documents = registry.load()
    assert len(documents) >= 10
    for id_, text in documents.items():
        assert PREPARER.prepare(text).id == id_ == document_id(text)


def test_introspection_is_for_development() -> None:
    """Given the standard introspection query, then it is allowed in development, and refused in production."""
    PREPARER.prepare(get_introspection_query())
    _, production = build(production=True)
    with pytest.raises(PreparationError, match="introspection"):
        production.prepare(get_introspection_query())
    with pytest.raises(PreparationError, match="Cannot query field 'galery' on type 'Query'"):
        production.prepare("{galery{edges{node{id}}}}")
    with pytest.raises(PreparationError, match="Did you mean 'gallery'"):
        PREPARER.prepare("{galery{edges{node{id}}}}")


def test_only_registered_documents_are_prepared_where_that_is_asked() -> None:
    """Given a preparer with registered ids, then any other document is refused unread, with a code."""
    known, unknown = "{__typename}", "{ __typename }"
    strict = Preparer(PREPARER.schema, registered={document_id(known)})
    assert strict.prepare(known).choose(None).kind.value == "query"
    with pytest.raises(PreparationError, match="Only registered operations") as caught:
        strict.prepare(unknown)
    assert caught.value.errors[0].extensions == {"code": "PERSISTED_QUERY_REQUIRED"}


def test_prepared_documents_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given more documents than are kept, then the one that was used longest ago is prepared again, others are not."""
    monkeypatch.setattr("schema.prepared._KEPT_CHARACTERS", 40)
    preparer = Preparer(PREPARER.schema)
    first, second = preparer.prepare("{__typename}"), preparer.prepare("query A {__typename}")
    assert preparer.prepare("{__typename}") is first
    preparer.prepare("query B {__typename}")
    assert preparer.prepare("{__typename}") is first
    assert preparer.prepare("query A {__typename}") is not second


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("{gallery{edges{node{id}}}}", True),
        ("{...f} fragment f on Query {... {gallery{edges{node{id}}} __typename}}", True),
        ("{gallery{edges{node{id}}} viewer{user{id}}}", False),
        ("{...f} fragment f on Query {viewer{user{id}} gallery{edges{node{id}}}}", False),
        ("{__typename}", False),
        ('mutation {signOut(refreshToken:"x"){__typename}}', False),
    ],
)
def test_an_operation_is_public_if_all_its_entry_fields_are(text: str, public: bool) -> None:  # noqa: FBT001 - a column
    """Given entry fields, through fragments too, then one private field makes the whole operation private."""
    document: DocumentNode = parse(text)
    operations = PREPARER._operations(document)  # noqa: SLF001 - validation would refuse viewers without fields
    (operation,) = operations.values()
    assert operation.public is public


def test_the_operation_that_is_meant_is_chosen() -> None:
    """Given several operations, then the named one is meant; none named, or one that is not there, is a clear error."""
    several = PREPARER.prepare("query A {__typename} query B {__typename}")
    assert several.choose("B").name == "B"
    with pytest.raises(GraphQLError, match="several operations; say which with `operationName`"):
        several.choose(None)
    with pytest.raises(GraphQLError, match="no operation named 'C'"):
        several.choose("C")

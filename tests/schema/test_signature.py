"""The coercion of plain variables: as graphql-core's, or left to it."""

from __future__ import annotations

from typing import Any

from graphql import OperationDefinitionNode, build_schema, get_variable_values, parse
from hypothesis import given
from hypothesis import strategies as st

from schema.signature import Signature

SCHEMA = build_schema("""
    enum Colour { RED GREEN }
    input Box { width: Int! }
    type Query { a(id: ID, float: Float, box: Box, colour: Colour): Int }
""")
TYPES = st.sampled_from(["String", "ID", "Int", "Boolean", "Float", "Colour", "Box", "[Int]", "[String!]"])
DEFAULTS = {
    "String": ['"text"', '""', "null"],
    "ID": ['"1"', "1", "null"],
    "Int": ["7", "-2147483648", "null"],
    "Boolean": ["true", "false", "null"],
    "Float": ["1.5", "2", "null"],
    "Colour": ["RED", "null"],
    "Box": ["{width: 1}", "null"],
    "[Int]": ["[1]", "1", "null"],
    "[String!]": ['["a"]', "null"],
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.sampled_from(
        ["RED", "BLUE", 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 1.0, 1.5, float("nan"), [1], {"width": 1}]
    ),
    st.integers(-10, 10),
)


@st.composite
def definitions(draw: st.DrawFn, name: str) -> str:
    """Draw the definition of a variable."""
    type_ = draw(TYPES)
    required = draw(st.booleans())
    literal = draw(st.none() | st.sampled_from(DEFAULTS[type_]))
    if required and literal == "null":
        literal = None
    return f"${name}: {type_}{'!' if required else ''}{'' if literal is None else f' = {literal}'}"


@given(definitions("a"), definitions("b"), st.dictionaries(st.sampled_from(["a", "b", "other"]), VALUES))
def test_plain_variables_are_coerced_as_graphql_core_does(one: str, other: str, values: dict[str, Any]) -> None:
    """Given any definitions and values, then what is coerced here is what graphql-core makes of it, types included."""
    (operation,) = parse(f"query ({one}, {other}) {{ a }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    nodes = operation.variable_definitions or ()
    coerced = Signature(nodes).coerce(values)
    whole = get_variable_values(SCHEMA, nodes, values)
    if coerced is not None:
        assert not isinstance(whole, list), whole
        assert list(coerced.items()) == list(whole.coerced.items())
        assert [type(value) for value in coerced.values()] == [type(value) for value in whole.coerced.values()]


def test_what_the_clients_send_is_plain() -> None:
    """Given the gallery's variables as clients send them, then graphql-core is not needed, though one is an enum's."""
    (operation,) = parse("query ($first: Int! = 20, $after: String, $style: Colour) { a }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    signature = Signature(operation.variable_definitions or ())
    assert signature.coerce({}) == {"first": 20}
    assert signature.coerce({"first": 3, "after": None, "else": 1}) == {"first": 3, "after": None}
    assert signature.coerce({"style": "RED"}) is None
    assert signature.coerce({"first": None}) is None
    assert signature.coerce({"first": True}) is None

"""The schema as clients see it: its snapshot, its conventions, and the operations that are registered against it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
)

from app.__main__ import main
from app.commands.schema import SNAPSHOT
from app.operations import OperationError, compile_operations, files
from edge.plans import OPERATIONS
from resolvers.api import api, build
from schema.limits import Limits
from schema.node import TYPES
from tests.platform import Platform

SCHEMA: GraphQLSchema = api._schema  # noqa: SLF001 - graphql-core's schema
NAMED = [type_ for type_ in SCHEMA.type_map.values() if not is_introspection_type(type_)]
OBJECTS = [type_ for type_ in NAMED if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType))]
RESULTS = [type_ for type_ in NAMED if isinstance(type_, GraphQLUnionType) and type_.name.endswith("Result")]


def test_the_committed_schema_is_the_code() -> None:
    """Run `python -m app schema --write` where this fails."""
    assert SNAPSHOT.read_text(encoding="utf-8") == api.as_str() + "\n"


def test_the_registered_operations_are_up_to_date() -> None:
    """Run `python -m app operations` where this fails."""
    for name, content in compile_operations(build(production=True)[1]).items():
        assert (OPERATIONS / name).read_bytes() == content, name


@pytest.mark.parametrize("command", ["schema", "operations"])
def test_the_commands_that_check_it_agree(command: str) -> None:
    """`--check` succeeds on what is committed."""
    assert main([command, "--check"]) == 0


def test_every_registered_operation_is_within_the_limits() -> None:
    """And its name is its file's; each is known to the edge, and only public ones may be kept there."""
    preparer = build(production=True)[1]
    plans = {plan["name"]: plan for plan in orjson.loads((OPERATIONS / "plans.json").read_bytes())}
    found = list(files(OPERATIONS))
    assert len(found) == len(plans) >= 10
    for client, path in found:
        operation = preparer.prepare(path.read_text(encoding="utf-8").strip()).choose(None)
        assert operation.name == path.stem
        assert 0 < operation.cost <= Limits().cost
        plan = plans[path.stem]
        assert plan["client"] == client
        assert (plan["scope"] == "PUBLIC") is operation.public
        assert operation.public or plan["max_age"] == 0
    assert plans["NearbyListings"]["max_age"] == 0
    assert plans["Gallery"]["max_age"] > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("query A { nothing }", "Cannot query field"),
        ("{ viewer { id } }", "name of its own"),
        ("query A { viewer { id } } query B { viewer { id } }", "several operations"),
        ("query A {" + "".join(f" a{n}: viewer {{ id }}" for n in range(101)) + " }", "aliases"),
    ],
)
def test_an_operation_that_cannot_be_registered_names_its_file(tmp_path: Path, text: str, words: str) -> None:
    """Whoever writes one learns what is wrong with it."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "A.graphql").write_text(text, encoding="utf-8")
    with pytest.raises(OperationError, match=r"A\.graphql") as caught:
        compile_operations(build(production=True)[1], folder.parent)
    assert words in str(caught.value)


def test_everything_that_clients_see_is_described() -> None:
    """Types and their results, the entry fields, and every field of a node."""
    described = {"Query", "Mutation", "Subscription", *(type_.__name__ for type_ in TYPES.values())}
    missing = [type_.name for type_ in OBJECTS if not type_.description]
    for type_ in OBJECTS:
        if type_.name in described:
            missing += [f"{type_.name}.{name}" for name, field in type_.fields.items() if not field.description]
    missing += [
        type_.name for type_ in NAMED if type_.name in {"Amount", "Role", "Plan", "Room"} and not type_.description
    ]
    assert missing == []


def test_results_are_one_success_and_user_errors() -> None:
    """So a client that knows `UserError` handles every failure, those that are yet to come too."""
    user_error = SCHEMA.get_type("UserError")
    assert len(RESULTS) > 10
    for union in RESULTS:
        success = [type_ for type_ in union.types if user_error not in type_.interfaces]
        assert len(success) == 1, union.name
        assert len(union.types) > 1, union.name


def test_mutations_take_ids_or_one_input_and_answer_results() -> None:
    """All but `signOut`, which cannot fail, and pushes, of RxDB's shape, answer a union, and need their arguments."""
    mutations = SCHEMA.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        assert isinstance(field.type, GraphQLNonNull)
        assert get_named_type(field.type) in RESULTS or name == "signOut" or name.startswith("push"), name
        required = all(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values())
        assert required or name == "signOut", name
        for argument in field.args.values():
            type_ = get_named_type(argument.type)
            if isinstance(type_, GraphQLInputObjectType) and "input" in field.args:
                assert type_.name == f"{name[0].upper()}{name[1:]}Input"


def test_lists_are_connections() -> None:
    """Every list is a Relay connection, but a canvas's elements, devices' copies and short lists of an object's."""
    short = {
        *(f"ApiKey.{name}" for name in ("scopes", "operations", "origins", "usage")),
        "Canvas.elements",
        "Comment.mentionIds",
        "CommentReplica.mentionIds",
        "EditsApplied.dropped",
        "EditsApplied.overwritten",
        "EditsCommitted.edits",
        "ElementRemoved.keys",
        "OverwrittenElement.properties",
        "Present.selection",
        "PresenceChanged.people",
        "Project.viewerPermissions",
        "Query.nodes",
        "RecoveryCodes.codes",
        "SecondFactorRequired.methods",
        "SteppedUp.methods",
        "Session.methods",
        *(f"{kind}ReplicaPullBulk.documents" for kind in ("Project", "Design", "Comment")),
        *(f"Mutation.push{kind}s" for kind in ("Project", "Design", "Comment")),
    }
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            if "[" in str(field.type) and not type_.name.endswith("Connection") and name != "path":
                assert f"{type_.name}.{name}" in short
            if str(get_named_type(field.type)).endswith("Connection"):
                assert {"first", "after"} <= field.args.keys()


async def test_introspection_tells_it_all_in_development(platform: Platform) -> None:
    """A client's code generator gets every type over HTTP."""
    found = await platform.ask("{ __schema { types { name } } }")
    names = {type_["name"] for type_ in found["__schema"]["types"]}
    assert {type_.name for type_ in NAMED} <= names

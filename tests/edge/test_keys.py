"""Cache keys: one key however a request is spelled, and none where anything is odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import plans
from edge.keys import canonicalise, document_hash, lookup
from edge.plans import Plan

ID = "ab" * 32
PLAN = Plan(
    id=ID,
    name="Gallery",
    client="web",
    scope="PUBLIC",
    max_age=300,
    cost=1,
    variables=("first", "city"),
    defaults={"first": 20},
    digest="d1",
)
PLANS = {ID: PLAN}


def json(value: Any) -> str:
    """Spell a value as JSON."""
    return orjson.dumps(value).decode()


def apollo(hash_: Any = ID, version: Any = 1) -> str:
    """Spell an id as Apollo's clients do."""
    return json({"persistedQuery": {"version": version, "sha256Hash": hash_}})


SPELLINGS: list[tuple[str, dict[str, str]]] = [
    (f"/graphql/{ID}", {}),
    ("/graphql", {"documentId": f"sha256:{ID}"}),
    ("/graphql", {"extensions": apollo()}),
    (f"/graphql/{ID}", {"documentId": f"sha256:{ID}", "extensions": apollo()}),
    ("/graphql", {"documentId": f"sha256:{ID}", "operationName": "Gallery"}),
]


@given(st.integers(0, 99) | st.none(), st.text(max_size=5) | st.none())
def test_every_spelling_has_the_same_key(first: int | None, city: str | None) -> None:
    """Given the same operation and variables, spelled in each way and order, then the key is the same."""
    orders = [{"first": first, "city": city}, {"city": city, "first": first}, {"x": [1], "city": city, "first": first}]
    found = [
        lookup(path, {**query, "variables": json(variables)}, PLANS)
        for path, query in SPELLINGS
        for variables in orders
    ]
    assert len({each.key for each in found if each is not None}) == 1
    assert None not in found


@pytest.mark.parametrize(
    "variables", ["", "{}", "null", '{"first":20}', '{"first":20,"unknown":1}', ' { "first" : 20 } ']
)
def test_defaults_and_undeclared_variables_do_not_matter(variables: str) -> None:
    """Given variables that mean the defaults, then the key is that of none at all."""
    found = lookup(f"/graphql/{ID}", {"variables": variables}, PLANS)
    assert found == lookup(f"/graphql/{ID}", {}, PLANS)
    assert found is not None
    assert found.variables == b'{"first":20}'


@given(*[st.dictionaries(st.sampled_from(["first", "city"]), st.none() | st.integers(0, 2) | st.text(max_size=1))] * 2)
def test_answers_that_may_differ_have_different_keys(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Given any two sets of variables, then their keys are equal only if they mean the same."""
    keys = [lookup(f"/graphql/{ID}", {"variables": json(given_)}, PLANS) for given_ in (one, other)]
    assert (keys[0] == keys[1]) == ({**PLAN.defaults, **one} == {**PLAN.defaults, **other})


def test_a_new_release_never_meets_an_old_entry() -> None:
    """Given a plan that changed, then the same request has another key."""
    old, new = (lookup(f"/graphql/{ID}", {}, {ID: replace(PLAN, digest=digest)}) for digest in ("d1", "d2"))
    assert old is not None
    assert new is not None
    assert old.key != new.key


def test_an_explicit_null_is_not_the_default() -> None:
    """Given null for a variable with a default, then null is what the operation gets."""
    assert canonicalise(PLAN, {"first": None}) == b'{"first":null}'


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/graphql", {}),
        ("/graphql/", {}),
        ("/graphql/abc", {}),
        (f"/graphql/{ID.upper()}", {}),
        (f"/graphql/{ID}/x", {}),
        (f"/graphql/{'0' * 64}", {}),
        ("/graphql", {"documentId": ID}),
        ("/graphql", {"documentId": f"md5:{ID}"}),
        ("/graphql", {"documentId": "sha256:", "extensions": apollo()}),
        ("/graphql", {"documentId": f"sha256:{'0' * 64}", "extensions": apollo()}),
        ("/graphql", {"extensions": "{"}),
        ("/graphql", {"extensions": "[]"}),
        ("/graphql", {"extensions": '{"persistedQuery":[]}'}),
        ("/graphql", {"extensions": apollo(5)}),
        ("/graphql", {"extensions": apollo(version=2)}),
        (f"/graphql/{ID}", {"extensions": "{"}),
        (f"/graphql/{ID}", {"documentId": f"sha256:{'0' * 64}"}),
        (f"/graphql/{ID}", {"query": "{gallery{id}}"}),
        (f"/graphql/{ID}", {"query": ""}),
        (f"/graphql/{ID}", {"operationName": "Listings"}),
        (f"/graphql/{ID}", {"operationName": ""}),
        (f"/graphql/{ID}", {"variables": "{"}),
        (f"/graphql/{ID}", {"variables": "[]"}),
        (f"/graphql/{ID}", {"variables": "5"}),
        (f"/graphql/{ID}", {"variables": '{"first":NaN}'}),
        (f"/graphql/{ID}", {"variables": '{"city":"\\ud800"}'}),
        (f"/graphql/{ID}", {"variables": '{"city":' + "[" * 300 + "]" * 300 + "}"}),
        (f"/graphql/{ID}", {"variables": '{"city":"' + "x" * 16_384 + '"}'}),
    ],
)
def test_whatever_is_odd_is_left_to_the_origin(path: str, query: dict[str, str]) -> None:
    """Given a request that is not understood in full, then there is no key."""
    assert lookup(path, query, PLANS) is None


@pytest.mark.parametrize("plan", [replace(PLAN, scope="VIEWER"), replace(PLAN, max_age=0)])
def test_what_no_shared_cache_may_keep_has_no_key(plan: Plan) -> None:
    """Given an operation that is private or has no lifetime, then there is no key, though its id is known."""
    assert document_hash(f"/graphql/{ID}", {}) == ID
    assert not plan.cacheable
    assert lookup(f"/graphql/{ID}", {}, {ID: plan}) is None


def test_registered_plans_are_read_as_they_were_written() -> None:
    """Given `plans.json`, then each plan is kept under its own id, and its encoding is its row of the file."""
    read = plans.load()
    rows = orjson.loads((plans.OPERATIONS / "plans.json").read_bytes())
    assert [orjson.loads(json(plan.encode())) for plan in read.values()] == rows
    assert all(plan.id == id_ for id_, plan in read.items())
    assert {plan.name for plan in read.values() if plan.cacheable} >= {"Gallery", "Listings", "ProjectPage"}
    assert not any(plan.cacheable for plan in read.values() if plan.scope == "VIEWER")

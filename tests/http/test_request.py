"""The parameters of a GraphQL request; the pure part."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.request import Parameters, RequestError, parse

ID, OTHER = "ab" * 32, "cd" * 32


def apollo(hash_: Any = ID, version: Any = 1) -> dict[str, Any]:
    """Spell an id as Apollo's clients do."""
    return {"persistedQuery": {"version": version, "sha256Hash": hash_}}


@pytest.mark.parametrize(
    ("data", "path_hash", "wanted"),
    [
        ({"query": "{a}"}, None, Parameters("{a}", None, None, {})),
        (
            {"query": "{a}", "operationName": "A", "variables": {"x": 1}, "extensions": None},
            None,
            Parameters("{a}", None, "A", {"x": 1}),
        ),
        ({"documentId": f"sha256:{ID}", "variables": None}, None, Parameters(None, ID, None, {})),
        ({"extensions": apollo()}, None, Parameters(None, ID, None, {}, apq=True)),
        ({"query": "{a}", "extensions": apollo()}, None, Parameters("{a}", ID, None, {}, apq=True)),
        ({}, ID, Parameters(None, ID, None, {})),
        ({"documentId": f"sha256:{OTHER}"}, ID, Parameters(None, ID, None, {})),
        ({"query": "", "operationName": ""}, ID, Parameters(None, ID, None, {})),
    ],
)
def test_each_spelling_is_understood(data: dict[str, Any], path_hash: str | None, wanted: Parameters) -> None:
    """Given a well-formed request in one of the known spellings, then it means these parameters."""
    assert parse(data, path_hash) == wanted


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "query: it is missing"),
        ({"query": ""}, "query: it is missing"),
        ({"query": 5}, "query: expected a string"),
        ({"query": "{a}", "operationName": ["A"]}, "operationName: expected a string"),
        ({"query": "{a}", "variables": "{}"}, "variables: expected an object"),
        ({"query": "{a}", "variables": []}, "variables: expected an object"),
        ({"query": "{a}", "extensions": 1}, "extensions: expected an object"),
        ({"documentId": ID}, "documentId: expected `sha256:`"),
        ({"documentId": "sha256:abc"}, "64 small hexadecimal digits"),
        ({"documentId": f"sha256:{ID.upper()}"}, "64 small hexadecimal digits"),
        ({"extensions": apollo(version=2)}, "expected version 1"),
        ({"extensions": apollo(hash_=5)}, "expected version 1"),
        ({"extensions": apollo(hash_="x")}, "64 small hexadecimal digits"),
    ],
)
def test_a_wrong_shape_is_refused_by_name(data: dict[str, Any], message: str) -> None:
    """Given a parameter of the wrong shape, when it is read, then the message names it, and the status is 400."""
    with pytest.raises(RequestError, match=message) as caught:
        parse(data)
    assert (caught.value.status, caught.value.code) == (400, "BAD_REQUEST")


def test_an_error_carries_its_headers() -> None:
    """Given an error with headers named as Python can, then they are spelled as HTTP does."""
    assert RequestError(401, "no", "X", WWW_Authenticate="Bearer").headers == {"WWW-Authenticate": "Bearer"}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["query", "documentId", "operationName", "variables", "extensions"])


@given(st.dictionaries(names, json), st.none() | st.sampled_from([ID, "x"]))
def test_any_json_is_understood_or_refused(data: dict[str, Any], path_hash: str | None) -> None:
    """Given any JSON at all, then it means something complete, or is refused; nothing else is raised."""
    try:
        found = parse(data, path_hash)
    except RequestError as error:
        assert error.status == 400  # noqa: PT017 - either is right
    else:
        assert found.query or found.document_id

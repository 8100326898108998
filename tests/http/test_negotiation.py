"""Media types by `Accept`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, negotiate, wants_page


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", JSON),
        ("  ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", EVENT_STREAM),
        (JSON, JSON),
        (f"{JSON}; charset=utf-8", JSON),
        (GRAPHQL_JSON.upper(), GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON};q=0.6", GRAPHQL_JSON),
        (f"*/*, {EVENT_STREAM}", EVENT_STREAM),
        (f"{EVENT_STREAM};q=0.1, text/html", EVENT_STREAM),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=none", None),
        ("application/xml, text/plain", None),
    ],
)
def test_the_preferred_media_type_is_chosen(accept: str, found: str | None) -> None:
    """Given `Accept`, then the type with the highest weight is chosen, a named one before a wildcard."""
    assert negotiate(accept) == found


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_any_text_is_understood_or_not(accept: str) -> None:
    """Given any header at all, then the answer is one of our types, or none."""
    assert negotiate(accept) in {JSON, GRAPHQL_JSON, EVENT_STREAM, None}


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("TEXT/HTML;q=0.9", True),
        ("*/*", False),
        ("", False),
        (f"text/html, {JSON}", False),
        (f"text/html, {EVENT_STREAM}", False),
    ],
)
def test_a_browser_is_told_from_a_client(accept: str, page: bool) -> None:  # noqa: FBT001 - a table's column
    """Given `Accept`, then only who asks for HTML and not for our types gets a page."""
    assert wants_page(accept) is page

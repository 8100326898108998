"""The headers of every answer, and whose pages may read it."""

from __future__ import annotations

import pytest

from edge.guards import Guards

APP, OTHER = "https://app.example.com", "https://other.example"
READABLE = "Access-Control-Allow-Origin"


@pytest.mark.parametrize(
    ("origins", "origin", "private", "shared"),
    [
        ((), APP, None, None),
        ((APP,), APP, APP, "*"),
        ((APP,), OTHER, None, "*"),
        ((APP,), None, None, "*"),
        ((APP,), "null", None, "*"),
        ((APP,), f"{APP}.evil.example", None, "*"),
        ((APP,), APP.upper(), None, "*"),
        (("*",), OTHER, "*", "*"),
        (("*",), None, None, "*"),
    ],
)
def test_a_foreign_page_reads_what_settings_let_it(
    origins: tuple[str, ...], origin: str | None, private: str | None, shared: str | None
) -> None:
    """What is everybody's says so whoever asks, since a cache keeps it; all else is for the origin that asks."""
    guards = Guards(origins)
    assert (guards.headers(origin).get(READABLE), guards.shared.get(READABLE)) == (private, shared)


def test_cookies_are_never_asked_for() -> None:
    """A page cannot have the browser send what it knows of us."""
    assert not any("Credentials" in name for name in {**Guards(["*"]).shared, **Guards([APP]).headers(APP)})


def test_any_origin_opens_no_socket() -> None:
    """Only an origin that is named does: `*` is for reading."""
    assert (Guards([APP]).opens(APP), Guards([APP]).opens(OTHER), Guards(["*"]).opens(APP)) == (True, False, False)
    assert not Guards(["*"]).opens("*")


@pytest.mark.parametrize("headers", [{"Origin": OTHER, "Access-Control-Request-Method": "POST"}, {"Origin": APP}, {}])
def test_what_is_no_preflight_of_a_page_that_may_ask_has_no_answer(headers: dict[str, str]) -> None:
    """An `OPTIONS` of another kind is answered as ever."""
    assert Guards([APP]).preflight(headers) is None


def test_a_preflight_allows_the_headers_that_are_names() -> None:
    """What is no name of a header is not repeated."""
    asked = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type,x<script>",
    }
    answer = Guards([APP]).preflight(asked)
    assert answer is not None
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, content-type"


def test_only_what_is_on_tls_asks_for_it() -> None:
    """A browser that heard it would not come back over plain HTTP for a year."""
    assert "Strict-Transport-Security" in Guards(https=True).headers(None)
    assert "Strict-Transport-Security" not in Guards().headers(None)

"""What may be kept and for how long: RFC 9111, 5861 and 9213 by cases."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from edge.http_cache.policy import COVER_SECONDS, Asked, Policy, Verdict, policy

NOW = 1_800_000_000.0


def header_lines(*lines: str) -> CIMultiDict[str]:
    """Make headers of lines."""
    parts = (line.partition(": ") for line in lines)
    return CIMultiDict((name, value) for name, _, value in parts)


def decided(*lines: str, status: int = 200, authorized: bool = False) -> Policy:
    """Decide about a response with these header lines, made now."""
    headers = header_lines(f"Date: {when(0)}", *lines)
    return policy(status, headers, authorized=authorized, now=NOW)


def when(seconds: int) -> str:
    """Spell a moment so many seconds from now."""
    return formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("lines", "lifetime"),
    [
        (["Cache-Control: max-age=60"], 60),
        (["Cache-Control: max-age=60, s-maxage=5"], 5),
        (["Cache-Control: max-age=60", f"Expires: {when(5)}"], 60),
        (["Cache-Control: max-age=x", f"Expires: {when(5)}", "ETag: x"], 0),
        ([f"Expires: {when(5)}"], 5),
        ([f"Expires: {when(-5)}", "ETag: x"], 0),
        (["Expires: 0", "ETag: x"], 0),
        ([f"Last-Modified: {when(-1000)}"], 100),
        ([f"Last-Modified: {when(-(10**8))}"], 86_400),
        (["CDN-Cache-Control: max-age=7", "Cache-Control: no-store"], 7),
        (["CDN-Cache-Control: max-age=7", f"Expires: {when(-5)}"], 7),
        (["CDN-Cache-Control: nonsense here", "Cache-Control: max-age=9"], 9),
    ],
)
def test_how_long_a_response_is_fresh(lines: list[str], lifetime: int) -> None:
    """Given what an origin says, then it is kept, for so many seconds."""
    found = decided(*lines)
    assert (found.keep, found.lifetime) == (True, lifetime)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Cache-Control: no-store, max-age=60"],
        ["Cache-Control: private, max-age=60"],
        ["Cache-Control: max-age=0"],
        ["Cache-Control: max-age=60", "Vary: *"],
        ["Cache-Control: max-age=60", "Vary: Accept, *"],
        ["CDN-Cache-Control: no-store", "Cache-Control: max-age=60"],
        ["CDN-Cache-Control: private", "Cache-Control: max-age=60"],
    ],
)
def test_what_is_never_kept(lines: list[str]) -> None:
    """Given a response that forbids it, or of which nothing could be made, then it is not kept."""
    assert not decided(*lines).keep


@pytest.mark.parametrize(
    ("status", "explicit", "heuristic"),
    [
        (200, True, True),
        (404, True, True),
        (403, True, False),
        (503, True, False),
        (206, False, False),
        (304, False, False),
    ],
)
def test_by_status(status: int, explicit: bool, heuristic: bool) -> None:  # noqa: FBT001 - a table's columns
    """Given a status, then it is kept where the origin says so, and without a word where RFC 9110 §15.1 allows."""
    assert decided("Cache-Control: max-age=60", status=status).keep is explicit
    assert decided(f"Last-Modified: {when(-1000)}", status=status).keep is heuristic


@pytest.mark.parametrize(
    ("control", "keep"),
    [("max-age=60", False), ("max-age=60, public", True), ("s-maxage=60", True), ("max-age=60, must-revalidate", True)],
)
def test_answers_to_who_gave_credentials(control: str, keep: bool) -> None:  # noqa: FBT001
    """Given a request with credentials, then its answer is shared only where the origin allows (RFC 9111 §3.5)."""
    assert decided(f"Cache-Control: {control}", authorized=True).keep is keep


def test_headers_that_are_not_for_all() -> None:
    """Given directives that name headers, then the response is kept without these."""
    found = decided('Cache-Control: max-age=60, no-cache="A", private="b, c"')
    assert found.keep
    assert not found.validate
    assert found.without == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("control", "age", "asked", "verdict"),
    [
        ("max-age=60", 59, "", Verdict.FRESH),
        ("max-age=60", 60, "", Verdict.STALE),
        ("max-age=60", 60 + COVER_SECONDS, "", Verdict.OVER),
        ("max-age=60, must-revalidate", 60, "", Verdict.OVER),
        ("max-age=60, stale-while-revalidate=5", 64, "", Verdict.REVALIDATE),
        ("max-age=60, stale-while-revalidate=5, stale-if-error=0", 65, "", Verdict.OVER),
        ("max-age=60, stale-if-error=500", 559, "", Verdict.STALE),
        ("no-cache, max-age=60", 0, "", Verdict.OVER),
        ("max-age=60", 0, "no-cache", Verdict.OVER),
        ("max-age=60", 10, "max-age=9", Verdict.STALE),
        ("max-age=60", 10, "max-age=11", Verdict.FRESH),
        ("max-age=60", 0, "max-age=0", Verdict.STALE),
        ("max-age=60", 55, "min-fresh=10", Verdict.STALE),
        ("max-age=60", 65, "max-stale=10", Verdict.FRESH),
        ("max-age=60", 10**6, "max-stale", Verdict.FRESH),
        ("max-age=60, must-revalidate", 65, "max-stale", Verdict.OVER),
    ],
)
def test_verdicts(control: str, age: float, asked: str, verdict: Verdict) -> None:
    """Given a kept response of an age and what a client asks of caches, then so it may be used."""
    wanted = Asked.of(CIMultiDict({"Cache-Control": asked} if asked else {}))
    assert decided(f"Cache-Control: {control}").verdict(age, wanted) is verdict


_CONTROL = st.lists(
    st.sampled_from(
        [
            "max-age=3",
            "s-maxage=2",
            "must-revalidate",
            "no-cache",
            "stale-while-revalidate=9",
            "stale-if-error=9",
            "public",
        ]
    ),
    unique=True,
)


@given(_CONTROL, st.floats(0, 200))
def test_strict_responses_are_never_served_stale(control: list[str], age: float) -> None:
    """Given any response, then what must be revalidated is fresh or over, and older ones are never more usable."""
    found = decided(f"Cache-Control: {', '.join(control)}", "ETag: x")
    verdict = found.verdict(age, Asked())
    if {"must-revalidate", "s-maxage", "no-cache"} & set(control):
        assert verdict in {Verdict.FRESH, Verdict.OVER}
    order = list(Verdict)
    assert order.index(found.verdict(age + 1, Asked())) >= order.index(verdict)

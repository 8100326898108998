"""What a client gets of a kept response."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from edge.http_cache.answers import answer, byte_range, shown
from edge.http_cache.stored import StoredResponse
from tests.edge.http_cache.test_stored import NOW, response

MODIFIED = formatdate(NOW - 1000, usegmt=True)


def kept() -> StoredResponse:
    """Make a response with both validators."""
    return response('ETag: "x"', f"Last-Modified: {MODIFIED}", "Cache-Control: max-age=60", "Content-Type: text/plain")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", '"x"', 304),
        ("If-None-Match", 'W/"x"', 304),
        ("If-None-Match", '"a,b", "x"', 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"y"', 200),
        ("If-Modified-Since", MODIFIED, 304),
        ("If-Modified-Since", formatdate(NOW - 999, usegmt=True), 304),
        ("If-Modified-Since", formatdate(NOW - 1001, usegmt=True), 200),
        ("If-Modified-Since", "yesterday", 200),
        ("Range", "bytes=2-4", 206),
        ("Range", "bytes=0-", 206),
        ("Range", "bytes=-3", 206),
        ("Range", "bytes=10-", 416),
        ("Range", "bytes=-0", 416),
        ("Range", "bytes=4-2", 200),
        ("Range", "bytes=0-1,3-4", 200),
        ("Range", "lines=0-1", 200),
    ],
)
def test_conditions_and_ranges(name: str, value: str, status: int) -> None:
    """Given a condition or a range, then so it is answered."""
    assert answer(kept(), CIMultiDict({name: value}), NOW).status == status


def test_without_a_time_of_change_the_date_counts() -> None:
    """Given a response that does not say when it changed, then it is no older than its date (RFC 9111 §4.3.2)."""
    dated = response(f"Date: {MODIFIED}", "Cache-Control: max-age=60")
    assert answer(dated, CIMultiDict({"If-Modified-Since": MODIFIED}), NOW).status == 304
    before = formatdate(NOW - 1001, usegmt=True)
    assert answer(dated, CIMultiDict({"If-Modified-Since": before}), NOW).status == 200


def test_if_none_match_decides_alone() -> None:
    """Given both conditions, then the date is not looked at (RFC 9110 §13.2.2)."""
    assert answer(kept(), CIMultiDict({"If-None-Match": '"y"', "If-Modified-Since": MODIFIED}), NOW).status == 200


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('"x"', 206),
        ('"y"', 200),
        ('W/"x"', 200),
        (MODIFIED, 206),
        (formatdate(NOW, usegmt=True), 200),
        ("nonsense", 200),
    ],
)
def test_a_part_of_this_very_response(condition: str, status: int) -> None:
    """Given `If-Range`, then a part is answered only of the response that the client has the other parts of."""
    assert answer(kept(), CIMultiDict({"Range": "bytes=0-1", "If-Range": condition}), NOW).status == status


def test_parts_say_where_they_belong() -> None:
    """Given a range, then the part says so; one that lies outside says how long the whole is."""
    part = answer(kept(), CIMultiDict({"Range": "bytes=2-400"}), NOW)
    assert (part.body, part.headers["Content-Range"]) == (b"23456789", "bytes 2-9/10")
    outside = answer(kept(), CIMultiDict({"Range": "bytes=10-"}), NOW)
    assert (outside.body, outside.headers["Content-Range"]) == (b"", "bytes */10")


def test_a_304_has_no_content_headers() -> None:
    """Given a client that has the body, then it gets validators and lifetimes, nothing about content."""
    assert set(answer(kept(), CIMultiDict({"If-None-Match": "*"}), NOW).headers) == {
        "ETag",
        "Last-Modified",
        "Cache-Control",
    }


def test_shown_tells_age_and_source() -> None:
    """Given a hit, then it says how old it is, and for how long it is fresh."""
    headers = shown(kept(), CIMultiDict(), NOW + 7.9, "hit")
    assert (headers["Age"], headers["Cache-Status"]) == ("7", "edge; hit; ttl=53")


@given(st.integers(0, 20), st.one_of(st.none(), st.integers(0, 30)), st.one_of(st.none(), st.integers(0, 30)))
def test_ranges_lie_inside(length: int, first: int | None, last: int | None) -> None:
    """Given any range, then what is taken are the bytes it names, and no others."""
    found = byte_range([f"bytes={'' if first is None else first}-{'' if last is None else last}"], length)
    body = bytes(range(length))
    if first is None and last is None:
        assert found is None
    elif first is None:
        assert found is not None
        assert body[found[0] : found[1] + 1] == (body[-last:] if last else b"")
    elif last is not None and last < first:
        assert found is None
    else:
        assert found is not None
        assert body[found[0] : found[1] + 1] == body[first : length if last is None else last + 1]

"""A kept response: its age, whom it answers, how a 304 renews it."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate

import pytest
from multidict import CIMultiDict

from edge.http_cache.policy import policy
from edge.http_cache.stored import MOST_VARIANTS, StoredResponse, Variants, kept_headers, selector, selects
from tests.edge.http_cache.test_policy import header_lines

NOW = 1_800_000_000.0


def response(
    *lines: str,
    status: int = 200,
    body: bytes = b"0123456789",
    asked_at: float = NOW,
    request: Mapping[str, str] | None = None,
) -> StoredResponse:
    """Make a response with these header lines to a request with these headers, that arrived now."""
    headers = header_lines(*lines)
    rules = policy(status, headers, authorized=False, now=NOW)
    chosen = selector(headers.getall("Vary", ()), CIMultiDict(request or {}))
    return StoredResponse(status, "OK", headers, body, rules, chosen, asked_at, NOW)


@pytest.mark.parametrize(
    ("lines", "asked_at", "age"),
    [
        ([], NOW, 5),
        (["Age: 30"], NOW, 35),
        (["Age: 30"], NOW - 2, 37),
        ([f"Date: {formatdate(NOW - 100, usegmt=True)}", "Age: 30"], NOW, 105),
        ([f"Date: {formatdate(NOW + 100, usegmt=True)}"], NOW, 5),
    ],
)
def test_age(lines: list[str], asked_at: float, age: float) -> None:
    """Given what the origin says and how long it took, five seconds later the response is so old (RFC 9111 §4.2.3)."""
    assert response(*lines, asked_at=asked_at).age(NOW + 5) == age


@pytest.mark.parametrize(
    ("kept", "asked", "same"),
    [
        ({}, {}, True),
        ({"Foo": "1"}, {}, False),
        ({}, {"Foo": "1"}, False),
        ({"Foo": "1, 2"}, {"Foo": "1,2"}, True),
        ({"Foo": "a"}, {"Foo": "A"}, False),
        ({"Accept-Language": "en, de"}, {"Accept-Language": "EN,  De"}, True),
        ({"Accept-Language": "en, de"}, {"Accept-Language": "de, en"}, False),
        ({"Other": "1"}, {"Other": "2"}, True),
    ],
)
def test_whom_a_response_answers(kept: dict[str, str], asked: dict[str, str], same: bool) -> None:  # noqa: FBT001
    """Given a response that varies, then it answers requests whose headers say the same."""
    assert selects(response("Vary: Foo, Accept-Language", request=kept), CIMultiDict(asked)) is same


def test_lines_of_a_header_are_one_list() -> None:
    """Given a header in two lines, then it is the same as in one."""
    kept = response("Vary: Foo", request={"Foo": "1, 2"})
    assert selects(kept, CIMultiDict([("Foo", "1"), ("Foo", "2")]))


def test_what_is_not_kept() -> None:
    """Given headers of a connection or of one client, then they are not kept."""
    headers = CIMultiDict({"Connection": "close, X-Hop", "X-Hop": "1", "Set-Cookie": "a=b", "Age": "3", "Stays": "1"})
    assert set(kept_headers(headers)) == {"Age", "Stays"}
    whole = response('Cache-Control: max-age=60, private="Name"', "Name: Ana", "Set-Cookie: a=b")
    assert set(whole.kept().headers) == {"Cache-Control"}


def test_a_304_renews() -> None:
    """Given a 304, then what it says replaces what was kept, but for the length; it is as old as the 304 is."""
    kept = response("Cache-Control: max-age=1", "ETag: x", "A: 1", "Content-Length: 10", "Age: 50")
    said = response("Cache-Control: max-age=60", "A: 2", "A: 3", "Content-Length: 7", status=304, asked_at=NOW - 1)
    renewed = kept.renewed(said)
    assert renewed.headers.getall("A") == ["2", "3"]
    assert (renewed.headers["Content-Length"], renewed.headers["ETag"]) == ("10", "x")
    assert (renewed.rules.lifetime, renewed.age(NOW), renewed.body) == (60, 1, kept.body)


def test_a_304_to_who_gave_credentials_makes_nothing_public() -> None:
    """Given a 304 to a request with credentials that does not say public, then the response is no longer to be kept."""
    kept = response("Cache-Control: max-age=60, public", "ETag: x")
    said = response("Cache-Control: max-age=60", status=304)
    said.authorized = True
    assert not kept.renewed(said).rules.keep


def test_a_head_describes() -> None:
    """Given the answer to a HEAD, then it is about what is kept unless a validator or the length differs."""
    kept = response("ETag: x", "Content-Length: 10")
    assert kept.described_by(response("ETag: x"))
    assert not kept.described_by(response("ETag: y"))
    assert not kept.described_by(response("Content-Length: 11"))


def test_variants_replace_and_are_bounded() -> None:
    """Given many responses of one address, then the newest for a request is found, and only so many are kept."""
    variants = Variants()
    for number in range(MOST_VARIANTS + 10):
        variants = variants.with_(response("Vary: Foo", request={"Foo": str(number)}))
    newest = response("Vary: Foo", request={"Foo": "70"})
    variants = variants.with_(newest)
    assert len(variants.responses) == MOST_VARIANTS
    assert variants.find(CIMultiDict({"Foo": "70"})) is newest
    assert variants.find(CIMultiDict({"Foo": "1"})) is None
    assert variants.without(newest).find(CIMultiDict({"Foo": "70"})) is None
    assert variants.number != variants.without(newest).number

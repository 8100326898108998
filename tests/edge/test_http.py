"""Headers: what travels, lifetimes, entity tags, media types and content codings."""

from __future__ import annotations

import gzip

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from edge.codings import choose, encode
from edge.http import GRAPHQL_JSON, HOP_BY_HOP, JSON, Lifetimes, lifetimes, matches, media_type, travelling


def test_hop_by_hop_headers_do_not_travel() -> None:
    """Given headers of one connection, those that `Connection` names, and others, then only the others go on."""
    headers = CIMultiDict(
        [
            ("Connection", "keep-alive, X-Once"),
            ("Connection", " x-twice "),
            ("X-Once", "1"),
            ("X-Twice", "2"),
            ("Keep-Alive", "5"),
            ("TE", "trailers"),
            ("Upgrade", "h2c"),
            ("Transfer-Encoding", "chunked"),
            ("Proxy-Authorization", "secret"),
            ("Authorization", "Bearer x"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Surrogate-Key", "k"),
        ]
    )
    assert [*travelling(headers, ["Surrogate-KEY"]).items()] == [
        ("Authorization", "Bearer x"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]


@given(st.sampled_from(sorted(HOP_BY_HOP)), st.text("abc", min_size=1))
def test_no_spelling_of_a_hop_by_hop_header_travels(name: str, value: str) -> None:
    """Given a hop-by-hop header in capitals, then it does not go on."""
    assert not travelling(CIMultiDict({name.upper(): value}))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("max-age=300", 300),
        ("public, Max-Age=60", 60),
        ("max-age=60 , stale-while-revalidate=30", 60),
        ("s-maxage=60", 0),
        ("x-max-age=60", 0),
        ("max-age=-1", 0),
        ("max-age=1.5", 0),
        ("max-age=", 0),
        ("max-age=60, no-store", 0),
        ("private, max-age=60", 0),
        ("max-age=12345678901", 0),
    ],
)
def test_a_lifetime_is_read_from_the_cdns_directive(value: str | None, seconds: int) -> None:
    """Given `CDN-Cache-Control`, then it alone says how long an answer may be shared; doubt is zero."""
    headers = {"Cache-Control": "max-age=999"} | ({} if value is None else {"CDN-Cache-Control": value})
    assert lifetimes(headers).max_age == seconds


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        ('"a-1"', True),
        ('W/"a-1"', True),
        ('"x", W/"y" ,"a-1"', True),
        ("*", True),
        (" * ", True),
        ("", False),
        ("a-1", False),
        ('"a-1', False),
        ('"A-1"', False),
        ('"x","y"', False),
    ],
)
def test_if_none_match_is_compared_weakly(sent: str, same: bool) -> None:  # noqa: FBT001 - a table's column
    """Given a client's entity tags, a list, weak ones or `*`, then one that names ours matches."""
    assert matches(sent, '"a-1"') is same


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("APPLICATION/JSON; charset=utf-8", JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL_JSON};q=0, */*;q=0.1", JSON),
        (f"*/*, {GRAPHQL_JSON}", GRAPHQL_JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("text/event-stream", None),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=nan", None),
    ],
)
def test_a_stored_answer_has_the_media_type_that_is_asked_for(accept: str, found: str | None) -> None:
    """Given `Accept`, then the preferred JSON type is chosen, and nothing where the client wants something else."""
    assert media_type(accept) == found


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("GZIP;Q=1.0, br;q=0", "gzip"),
        ("br;q=0.1", "br"),
        ("br; q=0.000, gzip ;q=0", "identity"),
        ("*", "br"),
        ("*;q=0.5, br;q=0", "gzip"),
        ("*;q=0", "identity"),
        ("br;q=high, gzip;q=nan", "identity"),
        ("br;q=inf", "identity"),
        ("gzip;", "gzip"),
        ("identity;q=0", "identity"),
        ("zstd", "identity"),
    ],
)
def test_a_coding_is_chosen_by_weight(accept: str, found: str) -> None:
    """Given `Accept-Encoding`, then the best coding that the client takes is chosen, the body as it is otherwise."""
    assert choose(accept, {"br", "gzip", "identity"}) == found
    assert choose(accept, {"identity"}) == "identity"


def test_a_body_is_encoded_where_that_saves_something() -> None:
    """Given a long body that repeats itself, then its codings decode to it; short ones stay as they are."""
    body = b'{"data":{"title":"Casa"}}' * 100
    bodies = encode(body)
    assert set(bodies) == {"identity", "br", "gzip"}
    assert brotli.decompress(bodies["br"]) == gzip.decompress(bodies["gzip"]) == body
    assert encode(body) == bodies
    assert set(encode(body[:511])) == {"identity"}
    noise = bytes((number * number * 7919 >> 3) % 256 ^ number % 251 for number in range(600))
    assert all(len(coded) < len(noise) for name, coded in encode(noise).items() if name != "identity")


def test_an_origin_says_for_how_long_an_aged_answer_may_serve() -> None:
    """Given RFC 5861's directives beside the lifetime, then each is read; what is malformed counts as none."""
    said = {"CDN-Cache-Control": "stale-if-error=86400, Max-Age=300 ,stale-while-revalidate=60"}
    assert lifetimes(said) == Lifetimes(300, 60, 86400)
    assert lifetimes({"CDN-Cache-Control": "max-age=300, stale-if-error=-1, x-stale-while-revalidate=5"}) == (300, 0, 0)
    assert lifetimes({"Cache-Control": "max-age=300"}) == (0, 0, 0)

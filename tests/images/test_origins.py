"""Which addresses of the web lie below a listed origin."""

from __future__ import annotations

import pytest
from yarl import URL

from workers.images.errors import SourceError
from workers.images.origins import Origins, web_address

LISTED = (
    "https://pictures.example.com",
    "http://intranet:8080/",
    "https://bücher.example",
    "https://[2606:4700::1]:444",
)


@pytest.mark.parametrize(
    "address",
    [
        "https://pictures.example.com",
        "https://pictures.example.com/a/b.jpg?width=3#part",
        "https://pictures.example.com:443/a.jpg",
        "HTTPS://Pictures.Example.COM/a.jpg",
        "http://intranet:8080/a.jpg",
        "https://bücher.example/a.jpg",
        "https://xn--bcher-kva.example/a.jpg",
        "https://BÜCHER.example/a.jpg",
        "https://[2606:4700:0:0:0:0:0:1]:444/a.jpg",
    ],
)
def test_what_lies_below_a_listed_origin_is_read(address: str) -> None:
    """However its scheme, host and port are written."""
    assert Origins(LISTED).address(address) == URL(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "pictures.example.com/a.jpg",
        "//pictures.example.com/a.jpg",
        "https:pictures.example.com/a.jpg",
        "https:///a.jpg",
        "http://pictures.example.com/a.jpg",
        "https://pictures.example.com:8443/a.jpg",
        "https://pictures.example.com./a.jpg",
        "https://pictures.example.com.evil.test/a.jpg",
        "https://evil.test/pictures.example.com",
        "https://evil.test#pictures.example.com",
        "https://evil.test\\@pictures.example.com/a.jpg",
        "https://pictures.example.com\\@evil.test/a.jpg",
        "https://pictures.example.com@evil.test/a.jpg",
        "https://user@pictures.example.com/a.jpg",
        "https://user:secret@pictures.example.com/a.jpg",
        "https://:secret@pictures.example.com/a.jpg",
        "https://pictures.example.com:port/a.jpg",
        "https://pictures.example.com:99999/a.jpg",
        "https://pictures..example.com/a.jpg",
        "https://%70ictures.example.com/a.jpg",
        "https://[2606:4700::2]:444/a.jpg",
        "https://[2606:4700::1",
        "https://intranet:8080/a.jpg",
        "ftp://pictures.example.com/a.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "\udcff://pictures.example.com/a.jpg",
        "https://pictures\udcff.example.com/a.jpg",
    ],
)
def test_nothing_else_is_read(address: str) -> None:
    """Each is a 404 that does not repeat the address."""
    with pytest.raises(SourceError) as caught:
        Origins(LISTED).address(address)
    assert "secret" not in str(caught.value)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("b.jpg", "https://pictures.example.com/a/b.jpg"),
        ("/b.jpg?c", "https://pictures.example.com/b.jpg?c"),
        ("//pictures.example.com/b.jpg", "https://pictures.example.com/b.jpg"),
        ("http://intranet:8080/b.jpg", "http://intranet:8080/b.jpg"),
    ],
)
def test_a_redirect_is_relative_to_where_it_comes_from(location: str, target: str) -> None:
    """As HTTP has it; between listed origins the scheme may change."""
    assert Origins(LISTED).address(location, URL("https://pictures.example.com/a/a.jpg")) == URL(target)


@pytest.mark.parametrize(
    "location",
    ["//evil.test/b.jpg", "http://pictures.example.com/b.jpg", "asset://acme/photo", "preview://token", "file:///x"],
)
def test_a_redirect_leads_to_listed_origins_only(location: str) -> None:
    """To no asset or preview either: those are named by signed URLs, not by other people's servers."""
    with pytest.raises(SourceError):
        Origins(LISTED).address(location, URL("https://pictures.example.com/a/a.jpg"))


def test_with_nothing_listed_nothing_is_read() -> None:
    """So it is by default."""
    with pytest.raises(SourceError, match="not at an origin that may be read"):
        Origins([]).address("https://pictures.example.com/a.jpg")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pictures.example.com", "not an address"),
        ("ftp://pictures.example.com", "not an address"),
        ("*", "not an address"),
        ("", "not an address"),
        ("https://user@pictures.example.com", "without user info"),
        ("https://pictures..example.com", "not an address"),
        ("https://pictures.example.com:port", "not an address"),
        ("https://pictures.example.com/folder", "more than an origin"),
        ("https://pictures.example.com/?query", "more than an origin"),
    ],
)
def test_what_is_listed_must_be_origins(text: str, words: str) -> None:
    """A mistake in the settings is said at the start, with what is wrong."""
    with pytest.raises(ValueError, match=words) as caught:
        Origins([text])
    assert repr(text) in str(caught.value)


def test_an_address_of_the_web_is_parsed() -> None:
    """With its host after IDNA."""
    assert web_address("https://Bücher.example/a b").raw_host == "xn--bcher-kva.example"

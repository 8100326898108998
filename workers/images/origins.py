"""Origins of the web that originals may be read from: scheme, host and port, compared after parsing and IDNA."""

from __future__ import annotations

from collections.abc import Iterable

from yarl import URL

from workers.images.errors import SourceError


class Origins:
    """Those that are listed, such as `https://pictures.example.com`; ValueError where one is no origin.

    A host is compared as it is written: `example.com.` and `example.com` are two, and so are `http` and `https`.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        self._listed = frozenset(_origin(_bare(text)) for text in listed)

    def address(self, text: str, base: URL | None = None) -> URL:
        """Parse an address below one of the origins, relative to `base` if that redirected to it.

        What is parsed here is what must be requested: another parser might see another host in the same text.

        Raises:
            SourceError: it is malformed, has user info, or its origin is not listed.

        """
        try:
            url = web_address(text, base)
        except ValueError as error:
            raise SourceError("The source, or what it redirects to, is not an address that can be read.") from error
        if _origin(url) not in self._listed:
            raise SourceError("The source, or what it redirects to, is not at an origin that may be read.")
        return url


def web_address(text: str, base: URL | None = None) -> URL:
    """Parse an address; ValueError unless it is one of HTTP or HTTPS, with a host and without user info."""
    try:
        url = base.join(URL(text)) if base else URL(text)
        readable = url.scheme in {"http", "https"} and url.raw_host and not (url.raw_user or url.raw_password)
        (url.raw_host or "").encode("idna")  # fails where a look-up would
    except ValueError as error:
        raise ValueError(f"{text!r} is not an address such as https://pictures.example.com.") from error
    if not readable:
        raise ValueError(f"{text!r} is not an address such as https://pictures.example.com, without user info.")
    return url


def _bare(text: str) -> URL:
    url = web_address(text)
    if url.path != "/" or url.query_string or url.fragment:
        raise ValueError(f"{text!r} has more than an origin's scheme, host and port.")
    return url


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.raw_host, url.port

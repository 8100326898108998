"""imgproxy's URLs, `/SIG/opt:arg/…/SOURCE`: the signature, and what the signed part asks for.

SIG is the unpadded base64url of HMAC-SHA256(key, salt + "/" + rest). SOURCE is an address (see `sources`), in base64url
with an optional `.ext` (it may be split by slashes), or escaped behind `plain/` with an optional `@ext`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from workers.images.arguments import parse_format
from workers.images.errors import OptionError, SignatureError, SourceError
from workers.images.grammar import NONE, Presets, parse_options
from workers.images.options import Options

_PLAIN = "plain"


@dataclass(frozen=True)
class Target:
    """What a URL asks for: the original's address, and the options."""

    source: str
    options: Options


def signature(rest: str, key: bytes, salt: bytes) -> str:
    """Sign the part of a path behind its signature; `rest` begins with a slash."""
    digest = hmac.digest(key, salt + _bytes(rest), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def read(path: str, keys: Sequence[tuple[bytes, bytes]], presets: Presets = NONE) -> Target:
    """Check a path's signature and read the rest.

    Args:
        path: the path as it stands on the request line, still escaped; a query string is ignored.
        keys: pairs of key and salt; a signature by any of them is accepted.
        presets: what `preset:name` stands for.

    Raises:
        SignatureError: no key signed this path.
        OptionError: an option is unknown or malformed.
        SourceError: the source is malformed.

    """
    return parse(verified(path.partition("?")[0], keys), presets)


def verified(path: str, keys: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the signed part of a path, beginning with a slash.

    The text of the signature is compared, not its bytes, since base64 spells the same bytes in several ways; each
    pair is tried in constant time, whichever fits.

    Raises:
        SignatureError: no key signed it.

    """
    given, slash, rest = path.removeprefix("/").partition("/")
    rest = slash + rest
    matches = [hmac.compare_digest(_bytes(given), signature(rest, key, salt).encode()) for key, salt in keys]
    if not path.startswith("/") or not any(matches):
        raise SignatureError("The URL is not signed, or has been changed since.")
    return rest


def parse(rest: str, presets: Presets = NONE) -> Target:
    """Read the part of a path behind its signature, which begins with a slash; raises as `read` does."""
    segments = rest.removeprefix("/").split("/")
    count = next((place for place, segment in enumerate(segments) if ":" not in segment), len(segments))
    options = parse_options(segments[:count], presets)
    source, extension = _source(segments[count:])
    if extension:
        try:
            options = replace(options, format=parse_format(extension))
        except ValueError as error:
            raise OptionError("extension", str(error)) from error
    if not source:
        raise SourceError("The URL names no source.")
    return Target(source, options)


def _source(segments: list[str]) -> tuple[str, str]:
    """Decode the source's address and split off its extension."""
    if segments[:1] == [_PLAIN]:
        address, _, extension = "/".join(segments[1:]).partition("@")
        return unquote(address), extension
    encoded, _, extension = "".join(segments).rstrip("=").partition(".")
    encoded = encoded.rstrip("=")
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode(), extension
    except (binascii.Error, ValueError) as error:
        raise SourceError("The source is not base64url of an address.") from error


def _bytes(text: str) -> bytes:
    """Give back the bytes of the request line, whatever they were."""
    return text.encode("utf-8", "surrogateescape")

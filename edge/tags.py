"""Surrogate keys: what an answer depends on, spelled short enough for a response header.

A tag is `Type:<id>` (an entity), `collection?field=value&…` (a list, with `#field` what narrows it further), `Type`
(all of a type), `Operation:<document id>` (the answers of an operation) or `*` (everything).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

EVERYTHING = "*"
OPERATION = "Operation"
API_KEY = "ApiKey"
"""`ApiKey:<hash>` is the tag of what is known of a key, by the SHA-256 (hex) of the key."""

PULSES = "pulses"
"""The tag of a pulse that is no relay's, or came late: nothing depends on it."""

_DIGEST_BYTES = 8


@lru_cache(maxsize=1 << 14)  # the same entities are shown again and again
def short(tag: str) -> str:
    """Return the tag's 11-character surrogate key: 64 bits of BLAKE2b in URL-safe base64."""
    return base64.urlsafe_b64encode(blake2b(tag.encode(), digest_size=_DIGEST_BYTES).digest())[:11].decode()


def number(short_tag: str) -> int:
    """Return a surrogate key as the 64-bit number it spells.

    Raises:
        ValueError: it is no such key.

    """
    digest = base64.urlsafe_b64decode(f"{short_tag}=")
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"not a surrogate key: {short_tag[:40]!r}")
    return int.from_bytes(digest, "big")


def spelled(tag: int) -> str:
    """Return the surrogate key that `number` reads as this."""
    return base64.urlsafe_b64encode(tag.to_bytes(_DIGEST_BYTES, "big"))[:11].decode()


def header(tags: Iterable[str]) -> str:
    """Return the value of a `Surrogate-Key` header."""
    return " ".join(sorted(map(short, tags)))

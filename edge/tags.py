"""Surrogate keys: what an answer depends on, spelled short enough for a response header.

A tag is `Type:<id>` (an entity), `collection?field=value&…` (a list), `Type` (all of a type) or `*` (everything).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from hashlib import blake2b

EVERYTHING = "*"


def short(tag: str) -> str:
    """Return the tag's 11-character surrogate key: 64 bits of BLAKE2b in URL-safe base64."""
    return base64.urlsafe_b64encode(blake2b(tag.encode(), digest_size=8).digest())[:11].decode()


def header(tags: Iterable[str]) -> str:
    """Return the value of a `Surrogate-Key` header."""
    return " ".join(sorted(short(tag) for tag in tags))

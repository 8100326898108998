"""Cursors: where a row stands in its list, bound to that list; pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError

from models.errors import InvalidInputError

_UTC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
_LONGEST = 4096  # characters; a longer one is none of ours, and cut off it is none at all
_SCALARS = {str, int, bson.Int64, float, bool, datetime, bson.ObjectId}  # exactly: BSON's code is a kind of `str`


def encode(list_name: str, keys: Sequence[Any]) -> str:
    """Return the opaque cursor of a row with these order keys; `list_name` tells the list and its filters."""
    return encoder(list_name)(keys)


def encoder(list_name: str) -> Callable[[Sequence[Any]], str]:
    """Return what makes the cursors of one list."""
    digest = _digest(list_name)

    def encode(keys: Sequence[Any]) -> str:
        return base64.urlsafe_b64encode(bson.encode({"l": digest, "k": [*keys]})).rstrip(b"=").decode()

    return encode


def decode(list_name: str, cursor: str, count: int) -> tuple[Any, ...]:
    """Return the `count` order keys in a cursor of this list.

    Raises:
        InvalidInputError: it is malformed, or comes from another list or other filters.

    """
    try:
        padded = cursor[:_LONGEST] + "=" * (-len(cursor) % 4)
        data = bson.decode(base64.b64decode(padded.encode("ascii"), b"-_", validate=True), _UTC)
        keys, digest = tuple(data["k"]), data["l"]
    except (binascii.Error, BSONError, ValueError, KeyError, TypeError):
        raise InvalidInputError("after: this is not a cursor of this API.", path=("after",)) from None
    if digest != _digest(list_name) or len(keys) != count or not all(type(key) in _SCALARS for key in keys):
        raise InvalidInputError(
            "after: this cursor belongs to another list; use one from this list with the same filters and order.",
            path=("after",),
        )
    return keys


def _digest(list_name: str) -> bytes:
    return blake2b(list_name.encode(), digest_size=6).digest()

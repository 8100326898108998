"""Order keys as text that sorts as MongoDB sorts the rows, so that who compares them needs to know nothing of types."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bson import ObjectId

FIRST: Final = ""
"""Before every order key."""

LAST: Final = "~"
"""Behind every order key."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = 2**53
_MILLISECOND = timedelta(milliseconds=1)
_CONSTANTS = {None: b"\x01", False: b"\x05\x00", True: b"\x05\x01"}
_FLIPPED = bytes(255 - byte for byte in range(256))


def encode(values: Sequence[Any], directions: Sequence[int]) -> str | None:
    """Return order keys as lower-case hexadecimal text, whose order is that of the rows; directions are 1 or -1.

    None where that cannot be said exactly: arrays, embedded documents, NaN, numbers beyond ±2^53, rare types.
    """
    parts: list[bytes] = []
    for value, direction in zip(values, directions, strict=True):
        part = _encode(value)
        if part is None:
            return None
        parts.append(part if direction == 1 else part.translate(_FLIPPED))
    return b"".join(parts).hex()


def _encode(value: Any) -> bytes | None:
    """Return one value: a byte for its place among the types, then bytes that compare as the values do."""
    if isinstance(value, ObjectId):
        return b"\x04" + value.binary
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return b"\x03" + value.encode("utf-8", "surrogatepass").replace(b"\x00", b"\x00\xff") + b"\x00\x00"
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return b"\x06" + ((aware - _EPOCH) // _MILLISECOND + (1 << 63)).to_bytes(8, "big")
    return None


def _number(value: float) -> bytes | None:
    if math.isnan(value) or (isinstance(value, int) and abs(value) > _EXACT):
        return None
    packed = struct.pack(">d", value + 0.0)  # -0.0 is 0.0
    return b"\x02" + (packed.translate(_FLIPPED) if packed[0] & 0x80 else bytes((packed[0] | 0x80,)) + packed[1:])

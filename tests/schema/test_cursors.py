"""Cursors: they tell where a row stands, and belong to one list."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidInputError
from schema.cursors import decode, encode

moments = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)).map(  # noqa: DTZ001 - given its zone below
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
keys = st.lists(
    st.integers(-(2**63), 2**63 - 1) | st.text(max_size=10) | st.booleans() | moments | st.builds(bson.ObjectId),
    min_size=1,
    max_size=4,
).map(tuple)


@given(keys, st.text(max_size=20))
def test_a_cursor_tells_its_keys_again(values: tuple[Any, ...], name: str) -> None:
    """Given any order keys, then their cursor is safe in a URL and tells them again, for its own list."""
    cursor = encode(name, values)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert decode(name, cursor, len(values)) == values


@given(keys)
def test_a_cursor_of_another_list_is_refused(values: tuple[Any, ...]) -> None:
    """Given a cursor, when it is used for another list or another order, then the message says so."""
    cursor = encode("gallery?", values)
    for name, count in (("gallery?style=BOHO", len(values)), ("gallery?", len(values) + 1)):
        with pytest.raises(InvalidInputError, match="belongs to another list") as caught:
            decode(name, cursor, count)
        assert caught.value.path == ("after",)


def forged(value: Any) -> str:
    """Encode anything as a cursor is encoded."""
    return base64.urlsafe_b64encode(bson.encode(value)).rstrip(b"=").decode()


def nested(levels: int) -> str:
    """Make BSON that is nested deeper than a decoder can follow, without making the object."""
    data = b"\x05\x00\x00\x00\x00"
    for _ in range(levels):
        body = b"\x03a\x00" + data + b"\x00"
        data = (len(body) + 4).to_bytes(4, "little") + body
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ñ",
        "not a cursor",
        "AAAA",
        forged({}),
        forged({"k": [1]}),
        forged({"l": b"x", "k": 5}),
        base64.urlsafe_b64encode(b"\x10\x00\x00\x00\x09k\x00" + b"\xff" * 8 + b"\x00").decode(),
        nested(20_000),
        "A" * 100_000,
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """Given text that is no cursor, however odd or deep, then it is refused as the caller's mistake."""
    with pytest.raises(InvalidInputError, match=r"^after: "):
        decode("gallery?", cursor, 1)


@pytest.mark.parametrize("value", [bson.Regex("a"), {"$gt": 1}, [1], None, bson.Code("x"), b"bytes"])
def test_only_scalars_reach_the_database(value: Any) -> None:
    """Given a forged cursor for the right list, when a key is more than a scalar, then it is refused."""
    good = bson.decode(base64.urlsafe_b64decode(encode("gallery?", [1]) + "=="))
    with pytest.raises(InvalidInputError):
        decode("gallery?", forged({"l": good["l"], "k": [value]}), 1)

"""Order keys as text: they sort as MongoDB sorts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import Int64, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from models.order_keys import FIRST, LAST, encode

_MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9000, 1, 1)).map(  # noqa: DTZ001 - made aware and cut to MongoDB's milliseconds
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
_NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["", "a", "a\0", "a\0b", "ab"]
)
_IDS = st.binary(min_size=12, max_size=12).map(ObjectId)


def place(*keys: Any, directions: tuple[int, ...] | None = None) -> str:
    """Return the text of keys that can be told exactly."""
    found = encode(keys, directions or (1,) * len(keys))
    assert found is not None
    return found


@pytest.mark.parametrize("values", [_MOMENTS, _NUMBERS, st.booleans(), _IDS, _TEXT.map(lambda text: text)])
def test_text_compares_as_the_values_do(values: st.SearchStrategy[Any]) -> None:
    """Given two values of one type, then their texts compare as they do, and the other way round when descending."""

    @given(values, values)
    def compare(one: Any, other: Any) -> None:
        def rank(value: Any) -> Any:
            return value.encode() if isinstance(value, str) else value

        order = (rank(one) > rank(other)) - (rank(one) < rank(other))
        up = (place(one) > place(other)) - (place(one) < place(other))
        down = (place(one, directions=(-1,)) > place(other, directions=(-1,))) - (
            place(one, directions=(-1,)) < place(other, directions=(-1,))
        )
        assert (up, down) == (order, -order)
        assert FIRST < place(one) < LAST

    compare()


@given(st.lists(st.tuples(_TEXT, _NUMBERS, _IDS), max_size=8))
def test_several_keys_compare_one_after_the_other(rows: list[tuple[Any, ...]]) -> None:
    """Given rows of three keys with mixed directions, then their texts sort them by the first, then the next."""
    directions = (1, -1, 1)
    naive = sorted(rows, key=lambda row: (row[0].encode(), -row[1], row[2]))
    assert sorted(place(*row, directions=directions) for row in rows) == [
        place(*row, directions=directions) for row in naive
    ]


async def test_types_are_ordered_as_mongodb_orders_them(mongodb_url: str) -> None:
    """Given values of every type that is told exactly, when MongoDB sorts them, then the texts are in that order."""
    values = [datetime(2026, 1, 1, tzinfo=UTC), True, False, ObjectId(), "b", "B", "é", 3, Int64(2), 2.5, -1, None]
    values += [datetime(1969, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in (0, 400)]
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as client:
        table = client["order_key_tests"]["values"]
        await table.insert_many([{"_id": number, "value": value} for number, value in enumerate(values)])
        for direction in (1, -1):
            rows = await table.find().sort([("value", direction)]).to_list()
            texts = [place(row["value"], directions=(direction,)) for row in rows]
            assert texts == sorted(texts)
        await client.drop_database("order_key_tests")


@pytest.mark.parametrize("value", [[1], {"a": 1}, float("nan"), 2**53 + 1, b"bytes"])
def test_what_cannot_be_told_exactly_is_not_told(value: Any) -> None:
    """Given a value whose place cannot be said, then there is no text: whoever compares must take it for any."""
    assert encode((1, value), (1, 1)) is None

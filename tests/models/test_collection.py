"""Collections: membership, tags and keyset paging, against a naive oracle and against MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from edge.dependencies import Dependencies, ranges_header, touch
from edge.stream import Change
from edge.tags import header
from models.collection import PRESENT, Collection
from models.project import Kind
from models.register import COLLECTIONS

Row = dict[str, Any]

SHOWN = Collection(
    name="shown",
    by=("owner",),
    filters=("city", "kind"),
    where={"visible": True, "address.country": "ES", "listed": PRESENT},
    order=(("listed", -1), ("rank", 1), ("_id", -1)),
)
VALUES: dict[str, list[Any]] = {"owner": ["a", "b"], "city": ["madrid", None], "kind": ["LOFT", "HOUSE"]}

rows: st.SearchStrategy[Row] = st.fixed_dictionaries(
    {
        "_id": st.integers(0, 3),
        "owner": st.sampled_from(VALUES["owner"]),
        "city": st.sampled_from(VALUES["city"]),
        "kind": st.sampled_from(VALUES["kind"]),
        "rank": st.integers(0, 2),
        "title": st.sampled_from(["x", "y"]),
    },
    optional={
        "visible": st.booleans(),
        "address": st.sampled_from([{"country": "ES"}, {"country": "PT"}, {}, None]),
        "listed": st.sampled_from([None, 1, 2]),
    },
)


def every_equality(collection: Collection) -> list[Row]:
    """List every way to select one of the collection's lists."""
    choices = [VALUES[name] for name in collection.by]
    choices += [[*VALUES[name], ...] for name in collection.filters]
    names = (*collection.by, *collection.filters)
    return [
        {name: value for name, value in zip(names, values, strict=True) if value is not ...}
        for values in product(*choices)
    ]


def shows(equality: Mapping[str, Any], row: Row | None) -> tuple[Any, ...] | None:
    """Say where a list shows a row (its order keys), the naive way; None where it does not."""
    if row is None or row.get("visible") is not True or row.get("listed") is None:
        return None
    if (row.get("address") or {}).get("country") != "ES":
        return None
    if any(row.get(name) != value for name, value in equality.items()):
        return None
    return row["listed"], row["rank"], row["_id"]


@given(rows)
def test_a_row_has_the_tags_of_the_lists_that_show_it(row: Row) -> None:
    """Given any row, then its tags are exactly those of the lists a naive reader finds it in."""
    wanted = {SHOWN.tag(equality) for equality in every_equality(SHOWN) if shows(equality, row)}
    found = [*SHOWN.tags(row)]
    assert set(found) == wanted
    assert len(found) == len(wanted)


@given(st.none() | rows, st.none() | rows)
def test_a_change_moves_the_lists_whose_rows_or_order_it_alters(before: Row | None, after: Row | None) -> None:
    """Given any two states of a row, then those lists moved in which it stands elsewhere, or no longer, or newly."""
    wanted = {
        SHOWN.tag(equality) for equality in every_equality(SHOWN) if shows(equality, before) != shows(equality, after)
    }
    assert SHOWN.moved(before, after).keys() == wanted


NARROW = Collection(
    name="narrow",
    filters=("city",),
    ranges=("price", "rooms"),
    order=(("listed", -1), ("_id", 1)),
    where={"open": True},
)
prices: st.SearchStrategy[Any] = st.sampled_from([None, 1, 2, 2.0, 3, 2**60, float("nan")])
narrow_rows = st.fixed_dictionaries(
    {
        "_id": st.just(1),
        "open": st.booleans(),
        "city": st.sampled_from(["madrid", "lugo"]),
        "listed": st.integers(1, 3),
        "price": prices,
        "rooms": st.integers(1, 2),
    }
)
narrowings = st.lists(
    st.tuples(st.sampled_from(["price", "rooms"]), st.sampled_from(["$gte", "$lte", "$eq"]), st.integers(1, 3)),
    min_size=1,
    max_size=3,
)


def _narrowed(row: Row | None, city: str, narrowing: list[tuple[str, str, int]], low: int, high: int) -> Row | None:
    """Return what a naive reader of a part of a narrowed list sees of a row."""
    if row is None or not row["open"] or row["city"] != city or not low > row["listed"] >= high:
        return None
    compare: dict[str, Any] = {"$gte": lambda a, b: a >= b, "$lte": lambda a, b: a <= b, "$eq": lambda a, b: a == b}
    fits = all(row[by] is not None and compare[how](row[by], value) for by, how, value in narrowing)
    return {name: value for name, value in row.items() if name in {"_id", "listed"}} if fits else None


@given(st.none() | narrow_rows, st.none() | narrow_rows, narrowings, st.integers(1, 4), st.integers(1, 4))
def test_a_narrowed_list_is_hit_by_what_it_shows(
    before: Row | None, after: Row | None, narrowing: list[tuple[str, str, int]], low: int, high: int
) -> None:
    """Given two states of a row, when a part of a narrowed list shows one of them otherwise, then the change hits it.

    Where neither state is in it and both can be told exactly, it does not.
    """
    tag = NARROW.tag({"city": "madrid"}, narrowed=True)
    ends = (NARROW.place((low, 9)) or "", NARROW.place((high, 9)) or "")
    shown = Dependencies.parse(header({tag}), ranges_header([(tag, *ends, *NARROW.bounds(narrowing))]), {})
    changes = [Change(name, keys=places) for name, places in NARROW.moved(before, after).items()]
    hit = any(shown.hit(touch(change)) for change in changes)
    seen = [_narrowed(row, "madrid", narrowing, low, high) for row in (before, after)]
    if seen[0] != seen[1]:
        assert hit
    exact = all(row is None or row["price"] in {None, 1, 2, 3} for row in (before, after))
    unbounded = not any(
        by == "price" and how != "$lte" for by, how, _ in narrowing
    )  # where nothing is less than a number
    if seen == [None, None] and exact and not unbounded:
        assert not hit


def test_bounds_are_those_of_declared_ranges() -> None:
    """Given conditions, then the strictest bounds count; one on what lists cannot be narrowed by is refused."""
    assert NARROW.bounds([]) == ("", "~", "", "~")
    one, two = (NARROW.bounds([("price", "$eq", value)])[0] for value in (1, 2))
    assert NARROW.bounds([("price", "$gte", 1), ("price", "$gte", 2)]) == (two, "~", "", "~")
    assert NARROW.bounds([("price", "$lte", 1), ("price", "$lte", 2)]) == ("", one, "", "~")
    assert NARROW.bounds([("price", "$lte", 2**60)]) == ("", "~", "", "~")
    with pytest.raises(ValueError, match=r"narrow is narrowed by \('price', 'rooms'\), not by \['city'\]"):
        NARROW.bounds([("city", "$eq", "madrid")])


def test_a_tag_spells_its_values_in_declared_order() -> None:
    """Given filters in another order and an enum's member, then the tag is the same as with plain text in order."""
    assert SHOWN.tag({"kind": Kind.LOFT, "city": "madrid", "owner": "a"}) == "shown?owner=a&city=madrid&kind=LOFT"


def test_reading_by_what_is_not_declared_is_refused() -> None:
    """Given an unknown field, or a missing one, when a list is read by it, then the message says what it is read by."""
    with pytest.raises(ValueError, match=r"shown is read by \('owner',\).*title"):
        SHOWN.query({"owner": "a", "title": "x"})
    with pytest.raises(ValueError, match="shown is read by"):
        SHOWN.query({"city": "madrid"})


def test_an_order_that_is_not_total_is_refused() -> None:
    """Given an order that does not end in `_id`, when it is declared, then it is refused."""
    with pytest.raises(ValueError, match="must end in `_id`"):
        Collection(name="broken", order=(("created_at", 1),))


def test_a_list_of_one_row_is_by_one_field() -> None:
    """Given a list that is said to have one row at most, when nothing single decides which, then it is refused."""
    with pytest.raises(ValueError, match="broken has one row at most"):
        Collection(name="broken", by=("owner", "city"), single=True)


def test_every_field_that_decides_is_told() -> None:
    """Given a collection, then the fields that the change stream must carry are all of those that it looks at."""
    assert SHOWN.fields == {"owner", "city", "kind", "visible", "address.country", "listed", "rank", "_id"}
    assert repr(PRESENT) == "PRESENT"


def test_every_declared_collection_has_an_index_for_each_choice_of_filters() -> None:
    """Given the register, then each list has one index a combination of filters, which begins with its equalities."""
    for _, collection in COLLECTIONS.values():
        indexes = [index.document for index in collection.indexes()]
        assert len({index["name"] for index in indexes}) == 2 ** len(collection.filters)
        for index in indexes:
            assert [*index["key"]][: len(collection.by)] == [*collection.by]
            assert [*index["key"].items()][-len(collection.order) :] == [*collection.order]


@pytest.fixture(scope="session")
async def table(mongodb_url: str) -> AsyncIterator[AsyncCollection[Row]]:
    """Give a MongoDB collection with many rows, whose order keys repeat."""
    client: AsyncMongoClient[Row] = AsyncMongoClient(mongodb_url, tz_aware=True)
    table = client["collection_tests"]["rows"]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    await table.insert_many(
        [
            {
                "_id": number,
                "owner": "ab"[number % 2],
                "city": [None, "madrid"][number % 3 == 0],
                "kind": VALUES["kind"][number % 5 == 0],
                "visible": number % 7 != 0,
                "address": {"country": "ES"} if number % 11 else None,
                "listed": start + timedelta(days=number % 4) if number % 13 else None,
                "rank": number % 3,
            }
            for number in range(160)
        ]
    )
    yield table
    await client.drop_database("collection_tests")
    await client.close()


@pytest.mark.parametrize("directions", [*product((1, -1), repeat=3)])
@pytest.mark.parametrize("size", [1, 3])
async def test_pages_put_together_are_the_whole_sorted_list(
    table: AsyncCollection[Row], directions: tuple[Any, Any, Any], size: int
) -> None:
    """Given keys that repeat, when a list is read page by page by keyset, then each row comes once, in full order."""
    collection = Collection(
        name="paged",
        by=("owner",),
        where=SHOWN.where,
        order=tuple(zip(("listed", "rank", "_id"), directions, strict=True)),
    )

    def compare(one: Row, other: Row) -> int:
        for name, direction in collection.order:
            if one[name] != other[name]:
                return int(direction) if one[name] > other[name] else -int(direction)
        return 0

    everything = await table.find({}).to_list()
    members = [row for row in everything if row["owner"] == "a" and collection.contains(row)]
    wanted = [row["_id"] for row in sorted(members, key=cmp_to_key(compare))]
    found: list[int] = []
    conditions: list[Row] = []
    while True:
        query = {"$and": [collection.query({"owner": "a"}), *conditions]}
        page = await table.find(query).sort([*collection.order]).limit(size).to_list()
        found += [row["_id"] for row in page]
        if len(page) < size:
            break
        conditions = [collection.after(collection.keys(page[-1]))]
    assert len(wanted) > 40
    assert found == wanted


@pytest.mark.parametrize("equality", every_equality(SHOWN))
async def test_membership_is_what_mongodb_finds(table: AsyncCollection[Row], equality: Row) -> None:
    """Given each way to select a list, then MongoDB finds the rows whose tags name it, missing values included."""
    found = {row["_id"] async for row in table.find(SHOWN.query(equality))}
    everything = await table.find({}).to_list()
    assert found == {row["_id"] for row in everything if SHOWN.tag(equality) in SHOWN.tags(row)}

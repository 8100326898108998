"""Reading header fields: what is right is read, what is wrong makes nothing live longer."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import fields

NOW = datetime(2026, 11, 25, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], []),
        (["a, b"], ["a", "b"]),
        (["a", " b ,, c"], ["a", "b", "c"]),
        (['x="1, 2", y'], ['x="1, 2"', "y"]),
        (['x="a\\", b", y'], ['x="a\\", b"', "y"]),
        (['x="never closed, y'], ['x="never closed, y']),
    ],
)
def test_lists(values: list[str], found: list[str]) -> None:
    """Given lines of a list, then its elements are found, and commas in quotes separate nothing."""
    assert fields.items(values) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("max-age=60", {"max-age": "60"}),
        ("Max-Age=60, NO-CACHE", {"max-age": "60", "no-cache": None}),
        ('max-age="60"', {"max-age": "60"}),
        ("max-age=60, max-age=1", {"max-age": "60"}),
        ('extension="max-age=9", max-age=1', {"extension": "max-age=9", "max-age": "1"}),
        ('no-cache="a, b"', {"no-cache": "a, b"}),
        ("max-age =60", {"max-age": ""}),
        ("max-age= 60", {"max-age": ""}),
        ("&&&", {"&&&": None}),
        (";=,", {";": ""}),
    ],
)
def test_directives(value: str, found: dict[str, str | None]) -> None:
    """Given `Cache-Control`, then the first of each directive counts; a malformed one has no number."""
    assert fields.directives([value]) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("max-age=60", {"max-age": "60"}),
        ("max-age=60, no-store;x=1", {"max-age": "60", "no-store": None}),
        ("max-age=1, max-age=60", {"max-age": "60"}),
        ("no-store=?0, max-age=1", {"max-age": "1"}),
        ('max-age="60"', None),
        ("max-age=-1", None),
        ("max-age =60", None),
        ("MaX-aGe=60", None),
        ("max-age=60, &&&", None),
        ("", None),
    ],
)
def test_targeted_directives(value: str, found: dict[str, str | None] | None) -> None:
    """Given `CDN-Cache-Control`, then it is read as a structured dictionary, or not at all (RFC 9213 §2.1)."""
    assert fields.targeted([value]) == found


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("99999999999", 2**31), ("9" * 5000, 2**31), ("-1", None), ("1.5", None), ("١", None)],
)
def test_seconds(text: str, number: int | None) -> None:
    """Given a number of seconds, then it is bounded; what is none is none."""
    assert fields.seconds(text) == number


@pytest.mark.parametrize(
    ("values", "number"), [([], 0), (["7"], 7), (["7, 0"], 7), (["0", "7"], 0), (["-7"], 0), (["7.5"], 0), (["x"], 0)]
)
def test_age(values: list[str], number: int) -> None:
    """Given `Age`, then the first value counts, and nonsense is nothing."""
    assert fields.age(values) == number


@given(st.integers(0, 4102444799))
def test_dates_are_read_back(moment: int) -> None:
    """Given any second of the calendar, when it is spelled as HTTP does, then it is read back."""
    assert fields.date([formatdate(moment, usegmt=True)], NOW) == moment
    ansi = datetime.fromtimestamp(moment, UTC).strftime("%a %b %e %H:%M:%S %Y")
    assert fields.date([ansi], NOW) == moment


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Thursday, 18-Aug-50 02:01:18 GMT", 2050),
        ("Friday, 18-Aug-95 02:01:18 GMT", 1995),
        ("THU, 18 AUG 2050 02:01:18 gMT", 2050),
        ("Thu, 31 Dec 2026 23:59:60 GMT", 2026),
    ],
)
def test_dates_of_other_spellings(text: str, year: int) -> None:
    """Given an old format, another case or a leap second, then the date is read."""
    found = fields.date([text], NOW)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).year == year


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["0"],
        ["Thu, 18 Aug 2050 02:01:18 UTC"],
        ["Thu, 18 Aug 50 02:01:18 GMT"],
        ["Thu 18 Aug 2050 02:01:18 GMT"],
        ["Thu, 18  Aug  2050 02:01:18 GMT"],
        ["Thu, 18-Aug-2050 02:01:18 GMT"],
        ["Thu, 31 Feb 2050 02:01:18 GMT"],
        ["Thu, 18 Aug 2050 2:01:18 GMT"],
        ["Thu, 18 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 02:01:18 GMT"],
    ],
)
def test_dates_that_are_none(values: list[str]) -> None:
    """Given anything else, or two dates, then there is no date."""
    assert fields.date(values, NOW) is None


@given(st.lists(st.text(st.characters(codec="latin-1"), max_size=200), max_size=3))
def test_nothing_makes_reading_fail(values: list[str]) -> None:
    """Given any text, then every reader answers."""
    fields.directives(values)
    fields.targeted(values)
    fields.age(values)
    fields.date(values, NOW)

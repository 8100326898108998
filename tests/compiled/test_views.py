"""Rows as documents see them: conversions that are remembered."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from schema.compiled import views


class Place(BaseModel):
    """What is stored in a row."""

    name: str
    floor: float = 0.0
    tags: list[str] = []


class Holder(BaseModel):
    """A document with such a part."""

    place: Place


@pytest.fixture
def convert() -> Any:
    """Give what converts the part."""
    views.nested.cache_clear()
    return views.nested(Holder, "place")


def test_equal_parts_are_converted_once(convert: Any) -> None:
    """Given the same values again, then what was made of them is given again."""
    assert convert({"name": "a", "floor": 1.0}) is convert({"name": "a", "floor": 1.0})
    assert convert({"name": "a", "floor": 2.0}).floor == 2.0
    assert convert({"name": "a"}).floor == 0.0


def test_values_of_other_types_are_told_apart(convert: Any) -> None:
    """Given values that Python finds equal, then each is judged by its own type."""
    assert convert({"name": "1", "floor": 1}).floor == 1.0
    for wrong in ({"name": 1}, {"name": True}, {"name": None}, {"floor": 1.0}, "a", None):
        for _ in range(2):
            with pytest.raises(ValidationError):
                convert(wrong)


def test_what_may_be_changed_is_converted_each_time(convert: Any) -> None:
    """Given a list in it, then two rows do not share it."""
    first, second = (convert({"name": "a", "tags": ["x"]}) for _ in range(2))
    assert first == second
    assert first.tags is not second.tags

"""What an answer depends on: by field of an entity, by part of a list, and broadly where it is not known."""

from __future__ import annotations

import pytest

from edge.dependencies import Dependencies, ranges_header, touch
from edge.stream import Change
from edge.tags import EVERYTHING, header

TAGS = {EVERYTHING, "Design", "Design:1", "shelf?owner=a", "gallery?", "Operation:ab"}
READS = {"Design": frozenset({"title", "cover"})}


def depending(ranges: list[tuple[str, ...]]) -> Dependencies:
    """Make the dependencies as they come in headers."""
    return Dependencies.parse(header(TAGS), ranges_header(ranges), READS)


@pytest.mark.parametrize(
    ("change", "hit"),
    [
        (Change("Design:1", ("title", "room")), True),
        (Change("Design:1", ("room",)), False),
        (Change("Design:1", ()), False),
        (Change("Design:1"), True),
        (Change("Design:2", ("title",)), False),
        (Change("Design"), True),
        (Change("Project"), False),
        (Change("*"), True),
        (Change("Operation:ab"), True),
        (Change("shelf?owner=a", keys=("30",)), True),
        (Change("shelf?owner=a", keys=("20",)), False),
        (Change("shelf?owner=a", keys=("40",)), True),
        (Change("shelf?owner=a", keys=("41", "1f")), False),
        (Change("shelf?owner=a", keys=("41", "39")), True),
        (Change("shelf?owner=a", keys=("81",)), True),
        (Change("shelf?owner=a"), True),
        (Change("shelf?owner=b", keys=("30",)), False),
        (Change("gallery?", keys=("30",)), True),
    ],
)
def test_a_change_hits_what_an_answer_shows(change: Change, hit: bool) -> None:  # noqa: FBT001 - the outcome
    """Given an answer that reads two fields and shows two parts of a list, then exactly changes of these hit it.

    A part is behind its low end up to its high end. Of a list whose part is not known, any place hits.
    """
    shown = depending([("shelf?owner=a", "20", "40"), ("shelf?owner=a", "80", "~")])
    assert shown.hit(touch(change)) is hit


@pytest.mark.parametrize(
    ("key", "hit"),
    [
        ("30/05/07", True),
        ("40/03/09", True),
        ("30/02/07", False),
        ("30/06/07", False),
        ("30/05/99", True),
        ("20/05/07", False),
        ("41/05/07", False),
        ("30", True),
        ("30/05/07/11", True),
    ],
)
def test_a_narrowed_list_is_hit_within_its_bounds(key: str, hit: bool) -> None:  # noqa: FBT001 - the outcome
    """Given a part of a list narrowed to 03 to 05 of one value and any of another, then only rows in there hit it.

    What is not told of a row may be anything.
    """
    shown = depending([("shelf?owner=a", "20", "40", "03", "05", "", "~")])
    assert shown.hit(touch(Change("shelf?owner=a", keys=("99/05/07", key)))) is hit


def test_a_type_whose_fields_are_not_known_is_read_whole() -> None:
    """Given a plan that says nothing of a type, then any change of it hits."""
    shown = Dependencies.parse(header({"User:1"}), "", READS)
    assert shown.hit(touch(Change("User:1", ("locale",))))


@pytest.mark.parametrize(("tags", "ranges"), [("short", ""), ("", "x:1:2"), (header({"a"}), f"{header({'a'})}:1")])
def test_malformed_dependencies_are_refused(tags: str, ranges: str) -> None:
    """Given headers that are not ours, then they are refused: an answer whose dependencies are unknown is not kept."""
    with pytest.raises(ValueError, match=r"."):
        Dependencies.parse(tags, ranges, {})

"""What a batch overwrote."""

from __future__ import annotations

from typing import Any

import pytest
from beanie import PydanticObjectId

from models.overwriting import Logged, overwritten

ANA, EVA = PydanticObjectId(), PydanticObjectId()
Edit = dict[str, Any]

MOVED: Edit = {"edit": "move", "key": "a", "parent": None, "order": "V"}
SET: Edit = {"edit": "set", "key": "a", "x": 1.0, "props": {"colour": "#fff"}}
ADDED: Edit = {"edit": "add", "key": "a", "kind": "WALL", "x": 0.0, "props": {"item": "sofa"}}


@pytest.mark.parametrize(
    ("mine", "theirs", "lost"),
    [
        ([{"edit": "set", "key": "a", "x": 2.0}], [SET], {"x"}),
        ([{"edit": "set", "key": "a", "y": 2.0}], [SET], None),
        ([{"edit": "set", "key": "b", "x": 2.0}], [SET], None),
        ([{"edit": "set", "key": "a", "props": {"colour": None}}], [SET], {"props.colour"}),
        ([{"edit": "set", "key": "a", "props": {"text": "A"}}], [SET], None),
        ([MOVED], [MOVED], {"parent", "order"}),
        ([MOVED], [SET], None),
        ([MOVED, {"edit": "set", "key": "a", "x": 2.0}], [SET, MOVED], {"parent", "order", "x"}),
        ([{"edit": "remove", "key": "b", "keys": ["b", "a"]}], [SET], {"x", "props.colour"}),
        ([SET, {"edit": "remove", "key": "a", "keys": ["a"]}], [MOVED], {"parent", "order"}),
        ([{"edit": "remove", "key": "a", "keys": ["a"]}], [ADDED], {"kind", "x", "props.item"}),
        ([ADDED], [SET], None),
        ([SET], [{"edit": "remove", "key": "a", "keys": ["a"]}], None),
        ([], [SET], None),
    ],
)
def test_what_both_wrote_is_overwritten(mine: list[Edit], theirs: list[Edit], lost: set[str] | None) -> None:
    """By property; all of what goes with an element."""
    found = overwritten(mine, [Logged(7, ANA, theirs)])
    assert [(each.key, each.seq, each.author, each.properties) for each in found] == (
        [] if lost is None else [("a", 7, ANA, lost)]
    )


def test_who_wrote_last_is_named() -> None:
    """One line for each element, in the order of their keys."""
    mine = [{"edit": "set", "key": key, "x": 1.0, "y": 1.0} for key in ("b", "a")]
    others = [
        Logged(3, ANA, [{"edit": "set", "key": "a", "x": 5.0}, {"edit": "set", "key": "b", "y": 5.0}]),
        Logged(4, EVA, [{"edit": "set", "key": "a", "y": 6.0}]),
    ]
    found = [(each.key, each.seq, each.author, each.properties) for each in overwritten(mine, others)]
    assert found == [("a", 4, EVA, {"x", "y"}), ("b", 3, ANA, {"y"})]

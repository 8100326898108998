"""Making room between siblings: what the server adds to a batch that leaves them crowded. No I/O.

Clients make order keys between two others, so keys at one place grow longer until there is no room left; and two people
may make the same one. Where a batch puts an element so, it and the siblings around it move to new keys, short and about
evenly far apart, in the order in which they are. These moves are edits of the same batch, so whoever repeats the log
has the same canvas. A batch that was made before and arrives later knows the old keys: it may place something a few
siblings off, the same for everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from models.canvas import Canvas, Outcome, apply
from models.edits import Edit
from models.fractional import spread

LONGEST_KEY: Final = 32
"""How long an order key may be before its element and those around it get new ones."""

_Parent = str | None


@dataclass(slots=True)
class _Place:
    """Where an element is among its siblings, or, if it is not `here`, where undoing the batch brings it back to."""

    order: str
    key: str
    here: bool
    moved: bool = False

    @property
    def rank(self) -> tuple[str, str]:
        """What siblings are sorted by: those of the same order by their names."""
        return self.order, self.key


def apply_and_rebalance(canvas: Canvas, edits: Iterable[Edit], name: str) -> Outcome:
    """Apply a batch to a canvas, in place, and make room where it left too little; `name` is the batch's.

    What undoes the batch brings everything back to its place among its siblings, if not to the same keys.
    """
    top = canvas.top
    outcome = apply(canvas, edits)
    crowded = _crowded(canvas, outcome, top)
    if crowded:
        chance = Random(name)  # noqa: S311 - the same each time that the batch is applied, and no secret
        back = _back(canvas, outcome.inverse)
        for parent, keys in crowded.items():
            places = _places(canvas, parent, back)
            _make_room(places, keys, chance)
            _tell(canvas, parent, places, outcome)
    return outcome


def _crowded(canvas: Canvas, outcome: Outcome, top: str) -> dict[_Parent, set[str]]:
    """Return what a batch has put where there is no room beside it, by parent."""
    placed = dict.fromkeys(edit["key"] for edit in outcome.effective if edit["edit"] in {"add", "move"})
    living = {key: canvas.elements[key] for key in placed if not canvas.elements[key]["removed"]}
    bare = {key: _bare(element["order"]) for key, element in living.items()}
    alike = Counter(bare.values())
    doubtful = {order for order, count in alike.items() if count > 1 or order <= _bare(top)}  # else it is on top of all
    elements = canvas.elements.values() if doubtful else ()
    there = Counter(
        (element["parent"], order)
        for element in elements
        if (order := _bare(element["order"])) in doubtful and not element["removed"]
    )
    crowded: dict[_Parent, set[str]] = {}
    for key, element in living.items():
        parent = element["parent"]
        if len(element["order"]) > LONGEST_KEY or there[parent, bare[key]] > 1:
            crowded.setdefault(parent, set()).add(key)
    return crowded


def _bare(order: str) -> str:
    """Return what tells a key from others: there is nothing between two that differ in zeros at their ends."""
    return order.rstrip("0")


def _back(canvas: Canvas, inverse: Iterable[Mapping[str, Any]]) -> dict[str, tuple[_Parent, str]]:
    """Return the places, parents and orders, to which undoing brings elements back."""
    back: dict[str, tuple[_Parent, str]] = {}
    for edit in inverse:
        match edit["edit"]:
            case "move":
                back[edit["key"]] = edit["parent"], edit["order"]
            case "revive":
                gone = {key: canvas.elements[key] for key in edit["keys"]}
                back |= {key: (element["parent"], element["order"]) for key, element in gone.items()}
            case "remove":
                back.pop(edit["key"], None)
    return back


def _places(canvas: Canvas, parent: _Parent, back: Mapping[str, tuple[_Parent, str]]) -> list[_Place]:
    """Return what lies in a parent, and what undoing brings back there, in order."""
    here = [
        _Place(element["order"], key, here=True)
        for key, element in canvas.elements.items()
        if element["parent"] == parent and not element["removed"]
    ]
    gone = [_Place(order, key, here=False) for key, (there, order) in back.items() if there == parent]
    return sorted([*here, *gone], key=lambda place: place.rank)


def _make_room(places: list[_Place], keys: set[str], chance: Random) -> None:
    """Give new keys to those of these elements that follow each other, and to as many around them as it takes."""
    done = -1
    for left, right in _runs(places, keys):
        if right <= done:
            continue
        fresh = _spread(places, left, right, chance)
        while fresh is None:  # ends with all siblings at the latest: a canvas has fewer than there are keys of a block
            more = (right - left) // 2 + 1
            left, right = max(0, left - more), min(len(places) - 1, right + more)  # noqa: PLW2901 - it grows
            fresh = _spread(places, left, right, chance)
        for place, order in zip(places[left : right + 1], fresh, strict=True):
            place.order, place.moved = order, True
        done = right


def _runs(places: list[_Place], keys: set[str]) -> Iterator[tuple[int, int]]:
    """Yield where elements of these keys follow each other: the first and the last of each run."""
    begun: int | None = None
    for index, place in enumerate(places):
        wanted = place.here and place.key in keys
        if wanted and begun is None:
            begun = index
        if begun is not None and not wanted:
            yield begun, index - 1
            begun = None
    if begun is not None:
        yield begun, len(places) - 1


def _spread(places: list[_Place], left: int, right: int, chance: Random) -> list[str] | None:
    """Return new keys for the places from `left` to `right`; None where there is too little room between the others."""
    low = places[left - 1].order if left else ""
    high = places[right + 1].order if right + 1 < len(places) else None
    return spread(low, high, right - left + 1, chance)


def _tell(canvas: Canvas, parent: _Parent, places: Iterable[_Place], outcome: Outcome) -> None:
    """Have the batch move what has a new key, and its undoing bring back to the new keys."""
    for place in places:
        if not place.moved:
            continue
        edit = {"edit": "move", "key": place.key, "parent": parent, "order": place.order}
        if place.here:
            canvas.put(place.key, {**canvas.elements[place.key], "order": place.order})
            outcome.effective.append(edit)
            outcome.changed.add(place.key)
        else:
            outcome.inverse.append(edit)

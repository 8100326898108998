"""The pure core of editing: what a batch of edits does to a canvas. No I/O.

The server orders batches; within one property the later one wins. Removing wins over setting and takes what is inside
the removed element with it. An edit that can no longer apply is dropped and reported, never half applied. A key is
used once; only undoing brings a removed element back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from models.edits import AddElement, Edit, MoveElement, RemoveElement, ReviveElement, SetElement
from models.element import MOST_ELEMENTS, MOST_PROPS_BYTES
from models.fractional import order_after

MOST_BYTES = 8 << 20
"""How large a canvas may be: the bytes of its elements as JSON, without their keys."""


class Reason(StrEnum):
    """Why an edit was dropped."""

    KEY_USED = "KEY_USED"
    MISSING = "MISSING"
    REMOVED = "REMOVED"
    PARENT_MISSING = "PARENT_MISSING"
    CYCLE = "CYCLE"
    FULL = "FULL"


_MEASURES: Final = ("x", "y", "width", "height", "rotation")
_NOTHING: Final[Mapping[str, Any]] = {"removed": True}


@dataclass(frozen=True, slots=True)
class Dropped:
    """An edit that did not take effect: its place in the batch (from 0) and the reason."""

    index: int
    reason: Reason


@dataclass
class Canvas:
    """All living elements of a canvas by their keys, and of the removed ones those that a batch may name.

    `elements` holds dictionaries of `models.element.STATE` that are replaced, never altered. `top` is the highest order
    key there has been. `room_left` counts elements, `bytes_left` their bytes as JSON.
    """

    elements: dict[str, dict[str, Any]]
    top: str = ""
    room_left: int = MOST_ELEMENTS
    bytes_left: int = MOST_BYTES

    def __post_init__(self) -> None:
        self._saved = (self.top, self.room_left, self.bytes_left)
        self._before: dict[str, dict[str, Any] | None] = {}

    @classmethod
    def of(cls, elements: dict[str, dict[str, Any]]) -> Canvas:
        """Return the canvas of these elements."""
        living = [element for element in elements.values() if not element["removed"]]
        return cls(
            elements,
            top=max((element["order"] for element in living), default=""),
            room_left=MOST_ELEMENTS - len(living),
            bytes_left=MOST_BYTES - sum(map(_size, living)),
        )

    def keep(self) -> None:
        """Make what was done since the last time final."""
        self._saved = (self.top, self.room_left, self.bytes_left)
        self._before.clear()

    def roll_back(self) -> None:
        """Undo what was done since it was last kept."""
        self.top, self.room_left, self.bytes_left = self._saved
        for key, before in self._before.items():
            if before is None:
                del self.elements[key]
            else:
                self.elements[key] = before
        self._before.clear()

    def fits(self, *more: Mapping[str, Any]) -> bool:
        """Whether there is room for these elements, which are not living."""
        return self.room_left >= len(more) and self.bytes_left >= sum(map(_size, more))

    def put(self, key: str, element: dict[str, Any]) -> None:
        """Have an element be this from now on."""
        before = self.elements.get(key)
        self._before.setdefault(key, before)
        for state, sign in ((before, 1), (element, -1)):
            if state is not None and not state["removed"]:
                self.room_left += sign
                self.bytes_left += sign * _size(state)
        self.elements[key] = element
        self.top = max(self.top, element["order"])


def _size(element: Mapping[str, Any]) -> int:
    return len(orjson.dumps(element))


@dataclass
class Outcome:
    """What a batch did: the edits that took effect, those that did not, what undoes it, and the elements it changed."""

    effective: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    inverse: list[dict[str, Any]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)


def apply(canvas: Canvas, edits: Iterable[Edit]) -> Outcome:
    """Apply a batch to a canvas, in place, and say what it did."""
    outcome = Outcome()
    for index, edit in enumerate(edits):
        match edit:
            case AddElement():
                reason = _add(canvas, edit, outcome)
            case SetElement():
                reason = _set(canvas, edit, outcome)
            case RemoveElement():
                reason = _remove(canvas, edit, outcome)
            case MoveElement():
                reason = _move(canvas, edit, outcome)
            case ReviveElement():
                reason = _revive(canvas, edit, outcome)
        if reason:
            outcome.dropped.append(Dropped(index, reason))
    outcome.inverse.reverse()
    return outcome


def replay(canvas: Canvas, effective: Iterable[Mapping[str, Any]]) -> None:
    """Repeat on a canvas what took effect elsewhere: `Outcome.effective` of the batch that follows."""
    for told in effective:
        fields = {name: value for name, value in told.items() if name not in {"edit", "key", "keys"}}
        match told["edit"]:
            case "remove":
                for key in told["keys"]:
                    canvas.put(key, {**canvas.elements[key], "removed": True})
            case "set":
                canvas.put(told["key"], _patched(canvas.elements[told["key"]], fields))
            case "move":
                canvas.put(told["key"], {**canvas.elements[told["key"]], **fields})
            case _:
                canvas.put(told["key"], {**fields, "removed": False})


def restore(canvas: Canvas, wanted: Mapping[str, dict[str, Any]]) -> Outcome:
    """Have a canvas hold exactly the elements that it held once, and say what that did.

    `wanted` has their `models.element.STATE` by their keys. What stays is moved out of what goes before that goes; what
    comes then fits, as it did before.
    """
    outcome = Outcome()
    living = [key for key, element in canvas.elements.items() if not element["removed"]]
    moved: list[dict[str, Any]] = []
    for key in living:
        if key in wanted:
            moved += _become(canvas, key, wanted[key], outcome)
    for key in living:
        if key not in wanted:
            _remove(canvas, RemoveElement(key=key), outcome)
    came = [key for key in _parents_first(wanted) if canvas.elements.get(key, _NOTHING)["removed"]]
    for key in came:
        _appear(canvas, key, {**wanted[key], "removed": False}, outcome)
    gone = [{"edit": "remove", "key": key} for key in reversed(came)]
    outcome.inverse = [*reversed(outcome.inverse), *reversed(moved), *gone]
    return outcome


def _living(canvas: Canvas, key: str) -> dict[str, Any] | Reason:
    element = canvas.elements.get(key)
    if element is None:
        return Reason.MISSING
    return Reason.REMOVED if element["removed"] else element


def _parent_fits(canvas: Canvas, key: str, parent: str | None) -> Reason | None:
    """Check that a parent is there and not inside the element itself."""
    above = parent
    while above is not None:
        if above == key:
            return Reason.CYCLE
        element = canvas.elements.get(above)
        if element is None or element["removed"]:
            return Reason.PARENT_MISSING
        above = element["parent"]
    return None


def _add(canvas: Canvas, edit: AddElement, outcome: Outcome) -> Reason | None:
    if edit.key in canvas.elements:
        return Reason.KEY_USED
    parent = edit.shape.parent
    if parent is not None and isinstance(_living(canvas, parent), Reason):
        return Reason.PARENT_MISSING
    state = {
        **edit.shape.model_dump(mode="json"),
        "order": edit.shape.order or order_after(canvas.top),
        "props": _merge({}, edit.shape.props),
        "removed": False,
    }
    if not canvas.fits(state):
        return Reason.FULL
    _appear(canvas, edit.key, state, outcome)
    outcome.inverse.append({"edit": "remove", "key": edit.key})
    return None


def _appear(canvas: Canvas, key: str, state: dict[str, Any], outcome: Outcome) -> None:
    canvas.put(key, state)
    shown = {name: value for name, value in state.items() if name != "removed"}
    outcome.effective.append({"edit": "add", "key": key, **shown})
    outcome.changed.add(key)


def _set(canvas: Canvas, edit: SetElement, outcome: Outcome) -> Reason | None:
    element = _living(canvas, edit.key)
    if isinstance(element, Reason):
        return element
    patch = edit.model_dump(exclude={"edit", "key", "props"}, exclude_none=True)
    before: dict[str, Any] = {name: element[name] for name in patch}
    if edit.props is not None:
        patch["props"] = dict(edit.props)
        before["props"] = {name: element["props"].get(name) for name in edit.props}
    after = _patched(element, patch)
    if canvas.bytes_left < _size(after) - _size(element) or _size(after["props"]) > MOST_PROPS_BYTES:
        return Reason.FULL
    canvas.put(edit.key, after)
    outcome.effective.append({"edit": "set", "key": edit.key, **patch})
    outcome.inverse.append({"edit": "set", "key": edit.key, **before})
    outcome.changed.add(edit.key)
    return None


def _patched(element: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    return {**element, **patch, "props": _merge(element["props"], patch.get("props", {}))}


def _merge(props: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**props, **patch}.items() if value is not None}


def _remove(canvas: Canvas, edit: RemoveElement, outcome: Outcome) -> Reason | None:
    element = _living(canvas, edit.key)
    if isinstance(element, Reason):
        return element
    inside: dict[str | None, list[str]] = {}
    for key, other in canvas.elements.items():
        if not other["removed"]:
            inside.setdefault(other["parent"], []).append(key)
    going = [edit.key]
    for key in going:  # grows while it is walked: what is inside, and inside that
        going.extend(inside.get(key, ()))
    for key in going:
        canvas.put(key, {**canvas.elements[key], "removed": True})
    outcome.effective.append({"edit": "remove", "key": edit.key, "keys": going})
    outcome.inverse.append({"edit": "revive", "key": edit.key, "keys": going})
    outcome.changed.update(going)
    return None


def _move(canvas: Canvas, edit: MoveElement, outcome: Outcome) -> Reason | None:
    element = _living(canvas, edit.key)
    if isinstance(element, Reason):
        return element
    if reason := _parent_fits(canvas, edit.key, edit.parent):
        return reason
    before = {"parent": element["parent"], "order": element["order"]}
    after = {"parent": edit.parent, "order": edit.order or order_after(canvas.top)}
    canvas.put(edit.key, {**element, **after})
    outcome.effective.append({"edit": "move", "key": edit.key, **after})
    outcome.inverse.append({"edit": "move", "key": edit.key, **before})
    outcome.changed.add(edit.key)
    return None


def _become(canvas: Canvas, key: str, wanted: Mapping[str, Any], outcome: Outcome) -> list[dict[str, Any]]:
    """Give a living element the state that it shall have, and return what undoes that."""
    element = canvas.elements[key]
    patch = {name: wanted[name] for name in _MEASURES if wanted[name] != element[name]}
    before: dict[str, Any] = {name: element[name] for name in patch}
    props, had = wanted["props"], element["props"]
    changed = sorted(name for name in {*props, *had} if props.get(name) != had.get(name))
    if changed:
        patch["props"] = {name: props.get(name) for name in changed}
        before["props"] = {name: had.get(name) for name in changed}
    place = {name: wanted[name] for name in ("parent", "order")}
    was = {name: element[name] for name in place}
    undone: list[dict[str, Any]] = []
    for edit, after, former in (("set", patch, before), ("move", place, was)):
        if after != former:
            outcome.effective.append({"edit": edit, "key": key, **after})
            undone.append({"edit": edit, "key": key, **former})
    if undone:
        canvas.put(key, {**element, **wanted, "removed": False})
        outcome.changed.add(key)
    return undone


def _parents_first(elements: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the keys, each behind that of the element it lies in."""
    inside: dict[str | None, list[str]] = {}
    for key, element in elements.items():
        parent = element["parent"] if element["parent"] in elements else None
        inside.setdefault(parent, []).append(key)
    order = list(inside.get(None, ()))
    for key in order:  # grows while it is walked
        order.extend(inside.get(key, ()))
    return order


def _revive(canvas: Canvas, edit: ReviveElement, outcome: Outcome) -> Reason | None:
    """Bring back what is still removed of a subtree, those above first."""
    element = canvas.elements.get(edit.key)
    if element is None:
        return Reason.MISSING
    if not element["removed"]:
        return Reason.KEY_USED
    if element["parent"] is not None and isinstance(_living(canvas, element["parent"]), Reason):
        return Reason.PARENT_MISSING
    gone = [key for key in edit.keys if key in canvas.elements and canvas.elements[key]["removed"]]
    if not canvas.fits(*(canvas.elements[key] for key in gone)):
        return Reason.FULL
    for key in gone:
        state = canvas.elements[key]
        if state["parent"] is None or not canvas.elements[state["parent"]]["removed"]:
            _appear(canvas, key, {**state, "removed": False}, outcome)
    outcome.inverse.append({"edit": "remove", "key": edit.key})
    return None

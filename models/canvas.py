"""The pure core of editing: what a batch of edits does to a canvas. No I/O.

The server orders batches; within one property the later one wins. Removing wins over setting and takes what is inside
the removed element with it. An edit that can no longer apply is dropped and reported, never half applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import pydantic

from models.element import Angle, ElementKey, Extent, Length, OrderKey, Props, Shape
from models.errors import InvalidInputError

MOST_EDITS = 500
"""How many edits a batch may have."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER_DIGITS = 6
_LONGEST_ORDER = 64


class _Edit(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    key: ElementKey


class AddElement(_Edit):
    """A new object. Without an order key it goes on top."""

    edit: Literal["add"] = "add"
    shape: Shape


class SetElement(_Edit):
    """A patch: fields that are not given stay; a prop set to null goes."""

    edit: Literal["set"] = "set"
    x: Length | None = None
    y: Length | None = None
    width: Extent | None = None
    height: Extent | None = None
    rotation: Angle | None = None
    props: Props | None = None


class RemoveElement(_Edit):
    """The object goes, and everything inside it."""

    edit: Literal["remove"] = "remove"


class MoveElement(_Edit):
    """Another parent (null is the canvas itself) or another place among its siblings."""

    edit: Literal["move"] = "move"
    parent: ElementKey | None = None
    order: OrderKey | None = None


Edit = AddElement | SetElement | RemoveElement | MoveElement


class Reason(StrEnum):
    """Why an edit was dropped."""

    KEY_USED = "KEY_USED"
    MISSING = "MISSING"
    REMOVED = "REMOVED"
    PARENT_MISSING = "PARENT_MISSING"
    CYCLE = "CYCLE"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class Dropped:
    """An edit that did not take effect: its place in the batch (from 0) and the reason."""

    index: int
    reason: Reason


@dataclass
class Canvas:
    """What of a canvas a batch may touch: element fields by key (removed ones too), and how many there are.

    `elements` holds dictionaries with `kind x y width height rotation parent order props removed`.
    """

    elements: dict[str, dict[str, Any]]
    top: str = ""
    room_left: int = MOST_EDITS


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
        if reason:
            outcome.dropped.append(Dropped(index, reason))
    outcome.inverse.reverse()
    return outcome


def needed(edits: Iterable[Edit]) -> tuple[set[str], bool]:
    """Say what must be read before `apply`: the keys it names, and whether it needs every element's parent."""
    keys: set[str] = set()
    family = False
    for edit in edits:
        keys.add(edit.key)
        parent = edit.shape.parent if isinstance(edit, AddElement) else getattr(edit, "parent", None)
        if parent is not None:
            keys.add(parent)
        family = family or isinstance(edit, (RemoveElement, MoveElement))
    return keys, family


def check_size(count: int) -> None:
    """Refuse a batch that is empty or too large.

    Raises:
        InvalidInputError: says how many edits a batch may have.

    """
    if not 1 <= count <= MOST_EDITS:
        raise InvalidInputError(f"A batch has 1 to {MOST_EDITS} edits; this one has {count}.", path=("edits",))


def order_after(key: str) -> str:
    """Return an order key that sorts after `key`, six characters long as a rule; the very last of all stays as it is.

    Keys are compared as ASCII text, digits before capitals before small letters. The key's first six characters are
    counted up as a number, which leaves room for 62^6 keys, and for any number between two of them.
    """
    if not key:
        return "U" + "0" * (_ORDER_DIGITS - 1)
    head = key[:_ORDER_DIGITS].ljust(_ORDER_DIGITS, "0")
    if head == _ALPHABET[-1] * _ORDER_DIGITS:
        return key + "U" if len(key) < _LONGEST_ORDER else _next(key)
    number = 0
    for character in head:
        number = number * len(_ALPHABET) + _ALPHABET.index(character)
    digits = []
    number += 1
    for _ in range(_ORDER_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _next(key: str) -> str:
    """Return the next key of no greater length."""
    head = key.rstrip(_ALPHABET[-1])
    return head[:-1] + _ALPHABET[_ALPHABET.index(head[-1]) + 1] if head else key


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


def _on_top(canvas: Canvas, order: str | None) -> str:
    chosen = order or order_after(canvas.top)
    canvas.top = max(canvas.top, chosen)
    return chosen


def _add(canvas: Canvas, edit: AddElement, outcome: Outcome) -> Reason | None:
    if edit.key in canvas.elements:
        return Reason.KEY_USED
    if canvas.room_left <= 0:
        return Reason.FULL
    parent = edit.shape.parent
    if parent is not None and isinstance(_living(canvas, parent), Reason):
        return Reason.PARENT_MISSING
    canvas.room_left -= 1
    state = {
        **edit.shape.model_dump(mode="json"),
        "order": _on_top(canvas, edit.shape.order),
        "props": _merge({}, edit.shape.props),
        "removed": False,
    }
    canvas.elements[edit.key] = state
    shown = {name: value for name, value in state.items() if name != "removed"}
    outcome.effective.append({"edit": "add", "key": edit.key, **shown, "props": dict(state["props"])})
    outcome.inverse.append({"edit": "remove", "key": edit.key})
    outcome.changed.add(edit.key)
    return None


def _set(canvas: Canvas, edit: SetElement, outcome: Outcome) -> Reason | None:
    element = _living(canvas, edit.key)
    if isinstance(element, Reason):
        return element
    patch = edit.model_dump(exclude={"edit", "key", "props"}, exclude_none=True)
    before: dict[str, Any] = {name: element[name] for name in patch}
    element.update(patch)
    if edit.props is not None:
        patch["props"] = dict(edit.props)
        before["props"] = {name: element["props"].get(name) for name in edit.props}
        element["props"] = _merge(element["props"], edit.props)
    outcome.effective.append({"edit": "set", "key": edit.key, **patch})
    outcome.inverse.append({"edit": "set", "key": edit.key, **before})
    outcome.changed.add(edit.key)
    return None


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
        canvas.elements[key]["removed"] = True
    canvas.room_left += len(going)
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
    element.update(parent=edit.parent, order=_on_top(canvas, edit.order))
    outcome.effective.append({"edit": "move", "key": edit.key, "parent": element["parent"], "order": element["order"]})
    outcome.inverse.append({"edit": "move", "key": edit.key, **before})
    outcome.changed.add(edit.key)
    return None

"""Collections: the lists that can be read, each declared once.

The loader that reads a list, the index that serves it, and the tags that invalidate it come from one declaration on
the document's class. Membership may use only the document's own scalar fields, compared as MongoDB compares them, and
never the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Literal

from pymongo import IndexModel

from models import order_keys

Direction = Literal[1, -1]
_State = tuple["Mapping[str, Any] | None", "set[str]", "str | None"]  # a row, the lists that show it, its place in them


class _Present:
    """The condition that a field is set; see `PRESENT`."""

    def __repr__(self) -> str:
        return "PRESENT"


PRESENT: Final = _Present()
"""A field's value is not null."""

NARROWED: Final = "#narrowed"
"""The end of a list's tag where a reader narrows it by ranges."""

_SEPARATOR = "/"  # between a row's place and what of it a list can be narrowed by


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A declared list of one document class.

    `by` are the equality fields that every reader gives, `filters` those that a reader may give; `where` is the
    condition of membership (field to scalar, or to PRESENT); `order` ends in `_id`, which makes it total, and no member
    has a null there. By `ranges` a reader may narrow a list further: such lists share one more tag, and each depends on
    what lies within its bounds. `single` says that a unique index leaves each list one row at most.
    """

    name: str
    by: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    ranges: tuple[str, ...] = ()
    order: tuple[tuple[str, Direction], ...] = (("_id", 1),)
    single: bool = False

    def __post_init__(self) -> None:
        if self.order[-1][0] != "_id":
            raise ValueError(f"The order of {self.name} must end in `_id`, or its cursors are ambiguous.")
        if self.single and len(self.by) != 1:
            raise ValueError(f"{self.name} has one row at most, so it must be by that row's unique field alone.")

    @property
    def fields(self) -> frozenset[str]:
        """Every field that decides membership, equality or order, or that a list can be narrowed by."""
        return frozenset((*self.by, *self.filters, *self.where, *self.ranges, *(name for name, _ in self.order)))

    def query(self, equality: Mapping[str, Any]) -> dict[str, Any]:
        """Return the MongoDB filter of the list selected by `equality` (field to value)."""
        unknown = equality.keys() - {*self.by, *self.filters}
        if unknown or not equality.keys() >= set(self.by):
            raise ValueError(f"{self.name} is read by {self.by} and filtered by {self.filters}, not by {[*equality]}.")
        conditions = {name: {"$ne": None} if value is PRESENT else value for name, value in self.where.items()}
        return {**conditions, **equality}

    def after(self, keys: Sequence[Any]) -> dict[str, Any]:
        """Return the MongoDB condition of what follows the row with these order keys (keyset paging).

        Order fields of members are never null. The first bound stands alone too, so that the index is entered there.
        """
        alternatives: list[dict[str, Any]] = []
        for position, (name, direction) in enumerate(self.order):
            same = {n: value for (n, _), value in zip(self.order[:position], keys, strict=False)}
            alternatives.append({**same, name: {"$gt" if direction == 1 else "$lt": keys[position]}})
        name, direction = self.order[0]
        return {name: {"$gte" if direction == 1 else "$lte": keys[0]}, "$or": alternatives}

    def keys(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return a row's order keys."""
        return tuple([_value(row, name) for name, _ in self.order])

    def place(self, keys: Sequence[Any]) -> str | None:
        """Return where a row with these order keys stands, as text that sorts as the rows do; see `order_keys`."""
        return order_keys.encode(keys, [direction for _, direction in self.order])

    def readable(self, row: Mapping[str, Any]) -> bool:
        """Whether the fields that decide are scalars, as declared: an array would match by any of its members."""
        return not any(isinstance(_value(row, name), list | Mapping) for name in self.fields)

    def contains(self, row: Mapping[str, Any]) -> bool:
        """Whether a stored document is a member of one of this collection's lists."""
        return all(
            value is not None if wanted is PRESENT else same(value, wanted)
            for value, wanted in ((_value(row, name), wanted) for name, wanted in self.where.items())
        )

    def bounds(self, conditions: Sequence[tuple[str, str, Any]]) -> tuple[str, ...]:
        """Return the least and the most of each of `ranges`, in turn, that conditions (field, operator, value) leave.

        They compare with what `moved` tells of a row; what cannot be told exactly is left without a bound.
        """
        unknown = {name for name, _, _ in conditions} - {*self.ranges}
        if unknown:
            raise ValueError(f"{self.name} is narrowed by {self.ranges}, not by {sorted(unknown)}.")
        found: list[str] = []
        for name in self.ranges:
            limits = [(how, order_keys.encode((value,), (1,))) for by, how, value in conditions if by == name]
            least = [key for how, key in limits if key is not None and how in {"$gte", "$eq"}]
            most = [key for how, key in limits if key is not None and how in {"$lte", "$eq"}]
            found += [max(least, default=order_keys.FIRST), min(most, default=order_keys.LAST)]
        return tuple(found)

    def tag(self, equality: Mapping[str, Any], *, narrowed: bool = False) -> str:
        """Return the tag of the list selected by `equality`: `name?field=value&…`, fields in declared order.

        With `narrowed`, that of the same list where it is narrowed by ranges: `name?field=value#narrowed`.
        """
        given = [f"{name}={_spelled(equality[name])}" for name in (*self.by, *self.filters) if name in equality]
        return f"{self.name}?{'&'.join(given)}{NARROWED if narrowed else ''}"

    def tags(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield the tag of every list of this collection that shows the row: 2^filters of them, or none."""
        if not self.contains(row):
            return
        for size in range(len(self.filters) + 1):
            for chosen in combinations(self.filters, size):
                yield self.tag({name: _value(row, name) for name in (*self.by, *chosen)})

    def moved(
        self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> dict[str, tuple[str, ...] | None]:
        """Return what a change altered: the tags of lists, each with the places in it; None is a document not there.

        A list is altered where a row came, went or moved; where it is narrowed, also where one of a member's `ranges`
        changed, and there a place is followed by the values of these. A change of other fields of a member alters no
        list: the page depends on the entity too. Places are None where they cannot be told.
        """
        old, old_place = self._standing(before)
        new, new_place = self._standing(after)
        stays = old_place is not None and old_place == new_place
        both = (old_place, new_place)
        altered: dict[str, tuple[str, ...] | None] = {}
        for tag in sorted(old | new):
            if tag not in old:
                altered[tag] = _known(new_place)
            elif tag not in new:
                altered[tag] = _known(old_place)
            elif not stays:
                altered[tag] = _known(*both)
        if self.ranges:
            altered |= self._narrowed(altered.keys(), (before, old, old_place), (after, new, new_place))
        return altered

    def _narrowed(self, altered: Iterable[str], *states: _State) -> dict[str, tuple[str, ...] | None]:
        """Return what a change altered in narrowed lists, given the two states of a row and the lists it altered."""
        (before, old, _), (after, new, _) = states
        stays = before is None or after is None or all(same(_value(before, n), _value(after, n)) for n in self.ranges)
        tags = sorted({*altered} if stays else {*altered} | (old & new))
        return {
            f"{tag}{NARROWED}": _known(*(self._spot(row, place) for row, shown, place in states if tag in shown))
            for tag in tags
        }

    def _spot(self, row: Mapping[str, Any] | None, place: str | None) -> str | None:
        """Return a row's place with what lists can be narrowed by; None where that cannot be told exactly."""
        values = [order_keys.encode((_value(row or {}, name),), (1,)) for name in self.ranges]
        known = [value for value in (place, *values) if value is not None]
        return _SEPARATOR.join(known) if len(known) == 1 + len(values) else None

    def _standing(self, row: Mapping[str, Any] | None) -> tuple[set[str], str | None]:
        """Return the lists that show a row, and its place in them."""
        tags = set(self.tags(row)) if row is not None else set()
        return tags, self.place(self.keys(row)) if row is not None and tags else None

    def indexes(self) -> list[IndexModel]:
        """Return the indexes that serve the list with every combination of its filters."""
        equal = [name for name, wanted in self.where.items() if wanted is not PRESENT]
        ordered = [(name, direction) for name, direction in self.order]
        return [
            IndexModel(
                [*((name, 1) for name in (*self.by, *equal, *chosen)), *ordered], name="_".join((self.name, *chosen))
            )
            for size in range(len(self.filters) + 1)
            for chosen in combinations(self.filters, size)
        ]


def _value(row: Mapping[str, Any], path: str) -> Any:
    """Return the scalar at a dotted path of a stored document, None where a part is missing."""
    if "." not in path:  # which nearly all are
        return row.get(path)
    value: Any = row
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two stored scalars are the same to MongoDB, to which true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _known(*places: str | None) -> tuple[str, ...] | None:
    """Return the places, each once, or None where one of them is not known."""
    known = tuple(dict.fromkeys(place for place in places if place is not None))
    return None if None in places else known


def _spelled(value: Any) -> str:
    """Spell a value for a tag: numbers that MongoDB finds equal are spelled alike."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

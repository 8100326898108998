"""Collections: the lists that can be read, each declared once.

The loader that reads a list, the index that serves it, and the tags that invalidate it come from one declaration on
the document's class. Membership may use only the document's own scalar fields, compared as MongoDB compares them, and
never the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Literal

from pymongo import IndexModel

Direction = Literal[1, -1]


class _Present:
    """The condition that a field is set; see `PRESENT`."""

    def __repr__(self) -> str:
        return "PRESENT"


PRESENT: Final = _Present()
"""A field's value is not null."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A declared list of one document class.

    `by` are the equality fields that every reader gives, `filters` those that a reader may give; `where` is the
    condition of membership (field to scalar, or to PRESENT); `order` ends in `_id`, which makes it total, and no member
    has a null there.
    """

    name: str
    by: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[tuple[str, Direction], ...] = (("_id", 1),)

    def __post_init__(self) -> None:
        if self.order[-1][0] != "_id":
            raise ValueError(f"The order of {self.name} must end in `_id`, or its cursors are ambiguous.")

    @property
    def fields(self) -> frozenset[str]:
        """Every field that decides membership, equality or order."""
        return frozenset((*self.by, *self.filters, *self.where, *(name for name, _ in self.order)))

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
        return tuple(_value(row, name) for name, _ in self.order)

    def contains(self, row: Mapping[str, Any]) -> bool:
        """Whether a stored document is a member of one of this collection's lists."""
        return all(
            (_value(row, name) is not None) if wanted is PRESENT else _value(row, name) == wanted
            for name, wanted in self.where.items()
        )

    def tag(self, equality: Mapping[str, Any]) -> str:
        """Return the tag of the list selected by `equality`: `name?field=value&…`, fields in declared order."""
        given = [f"{name}={equality[name]}" for name in (*self.by, *self.filters) if name in equality]
        return f"{self.name}?{'&'.join(given)}"

    def tags(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield the tag of every list of this collection that shows the row: 2^filters of them, or none."""
        if not self.contains(row):
            return
        for size in range(len(self.filters) + 1):
            for chosen in combinations(self.filters, size):
                yield self.tag({name: _value(row, name) for name in (*self.by, *chosen)})

    def moved(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> set[str]:
        """Return the tags of the lists whose rows or order a change altered; None is a document that is not there.

        A change of other fields of a member alters no list: the page depends on the entity too.
        """
        old = {(tag, self.keys(before)) for tag in self.tags(before)} if before is not None else set()
        new = {(tag, self.keys(after)) for tag in self.tags(after)} if after is not None else set()
        return {tag for tag, _ in old ^ new}

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
    value: Any = row
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value

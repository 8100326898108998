"""Reading the lists that models declare: which pages one command can read, and what each of them depends on; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from models.collection import Collection
from models.entity import Entity
from models.errors import InvalidInputError
from models.order_keys import FIRST, LAST
from models.register import COLLECTIONS
from schema import cursors
from schema.dependencies import Dependencies
from schema.reader import Aggregation, Find, Lateral, Projection, Read

Equality = tuple[tuple[str, Any], ...]
"""The values that select a list, by field."""

Row = Mapping[str, Any]

MOST_FIRST = 100
"""The most rows of one page."""

MOST_COUNTED = 1000
"""Up to how many rows a list is counted beside other reads; counting more may take long."""


class PageKey(NamedTuple):
    """One page of one list: its equality values, further conditions, how many rows, after which cursor.

    `extra` are conditions beyond the collection's own, as (field, operator, value); they are not part of its tag.
    """

    equality: Equality
    first: int
    after: str | None = None
    extra: tuple[tuple[str, str, Any], ...] = ()


@dataclass(frozen=True)
class Lists:
    """The lists of one declared collection."""

    document: type[Entity]
    collection: Collection

    @property
    def name(self) -> str:
        """Return the collection's name."""
        return self.collection.name

    @staticmethod
    @cache
    def named(collection: str) -> Lists:
        """Return those of a collection by its name."""
        return Lists(*COLLECTIONS[collection])

    def groups(self, keys: Iterable[PageKey]) -> list[list[PageKey]]:
        """Group pages that one command can read: those that differ in the parent's key alone."""
        keys = [*keys]
        if len(keys) == 1:
            return [keys]
        groups: defaultdict[object, list[PageKey]] = defaultdict(list)
        for key in keys:
            groups[self.same(key)].append(key)
        return [*groups.values()]

    def same(self, key: PageKey) -> Hashable:
        """Return what the pages of a group have in common."""
        parent = self._parent()
        return (*[pair for pair in key.equality if pair[0] != parent], key.first, key.after, key.extra)

    def read(
        self, keys: Sequence[PageKey], projection: Projection | None = None, *, counted: bool = False
    ) -> Find | Lateral:
        """Return the read of the pages of one group, each with one row more than it shows; `counted`: how many rows.

        Raises:
            InvalidInputError: the cursor is malformed, or not one of these lists.

        """
        key = keys[0]
        conditions = [{name: {operator: value}} for name, operator, value in key.extra]
        for other in keys:  # every list checks the cursor, since it can belong to one of them only
            behind = self.behind(other)
        if behind is not None:
            conditions.append(self.collection.after(behind))
        query = self.collection.query(dict(key.equality))
        if len(keys) == 1:
            return self._find({"$and": [query, *conditions]} if conditions else query, key, projection, counted)
        parent = self.collection.by[0]
        del query[parent]
        parents = tuple(dict(key.equality)[parent] for key in keys)
        query = {"$and": [query, *conditions]}
        if self._at_once(counted=counted):
            if projection and all(projection.values()):  # one that leaves attributes out has it
                projection = {**projection, parent: 1}
            return Find(self.document, {**query, parent: {"$in": [*parents]}}, projection=projection)
        return Lateral(self._find(query, key, projection, counted), parent, parents)

    def answers(
        self, keys: Sequence[PageKey], rows: Sequence[Row], *, counted: bool = False
    ) -> dict[PageKey, Sequence[Row]]:
        """Return each page's rows from those that its group's read answered, which is that of `read`."""
        if len(keys) == 1:
            return {keys[0]: rows}
        parent = self.collection.by[0]
        if self._at_once(counted=counted):
            found = {row[parent]: [row] for row in rows}
            return {key: found.get(dict(key.equality)[parent], []) for key in keys}
        keyed = {dict(key.equality)[parent]: key for key in keys}
        return {keyed[row["_id"]]: row["rows"] for row in rows}

    def count(self, keys: Sequence[Equality], names: tuple[str, ...]) -> Read:
        """Return the read that counts lists which are selected by the same fields."""
        return Aggregation(
            self.document,
            [
                {"$match": {"$or": [self.collection.query(dict(key)) for key in keys]}},
                {"$group": {"_id": {name: f"${name}" for name in names}, "count": {"$sum": 1}}},
            ],
        )

    def counts(self, names: tuple[str, ...], rows: Sequence[Row]) -> dict[Equality, int]:
        """Return how many rows each list has, from what `count` answered; a list that is empty is not in it."""
        return {tuple((name, row["_id"][name]) for name in names): row["count"] for row in rows}

    def behind(self, key: PageKey) -> tuple[Any, ...] | None:
        """Return the order keys in a page's cursor; raises InvalidInputError where it is not one of its list."""
        if key.after is None:
            return None
        return cursors.decode(self._name(key), key.after, len(self.collection.order))

    def cursors(self, key: PageKey) -> Callable[[Row], str]:
        """Return what makes the cursors of a page's rows."""
        encode, keys = cursors.encoder(self._name(key)), self.collection.keys
        return lambda row: encode(keys(row))

    def depend(self, dependencies: Dependencies, key: PageKey, rows: Sequence[Row]) -> None:
        """Record what a page depends on: its rows, and the list from its cursor to the row that follows, that one too.

        `rows` are those that were read, that one included.
        """
        collection, kind = self.collection, self.document.__name__
        behind, ahead = self.behind(key), rows[key.first] if len(rows) > key.first else None
        dependencies.entities(kind, [row["_id"] for row in rows[: key.first]])
        low = FIRST if behind is None else collection.place(behind)
        high = LAST if ahead is None else collection.place(collection.keys(ahead))
        tag = collection.tag(dict(key.equality), narrowed=bool(key.extra))
        bounds = collection.bounds(key.extra) if key.extra else ()
        dependencies.list(kind, tag, low, high, bounds)

    def depend_on_whole(self, dependencies: Dependencies, key: Equality) -> None:
        """Record that a whole list was read."""
        dependencies.list(self.document.__name__, self.collection.tag(dict(key)))

    def _at_once(self, *, counted: bool) -> bool:
        """Whether one find has what several lists show, since each has one row at most."""
        return self.collection.single and not counted

    def _parent(self) -> str | None:
        return self.collection.by[0] if self.collection.by else None

    def _find(self, query: dict[str, Any], key: PageKey, projection: Projection | None, counted: bool) -> Find:  # noqa: FBT001
        order = () if counted else self.collection.order
        return Find(self.document, query, order, key.first + 1, projection, counted)

    def _name(self, key: PageKey) -> str:
        """Return what tells a list apart from every other, for its cursors."""
        return f"{self.collection.tag(dict(key.equality))}|{key.extra}"


def check_first(first: int) -> int:
    """Return `first` if a page may have so many rows; raises InvalidInputError."""
    if not 0 <= first <= MOST_FIRST:
        raise InvalidInputError(f"first: a page has 0 to {MOST_FIRST} rows, not {first}.", path=("first",))
    return first

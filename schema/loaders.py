"""Loaders: each answers many questions of one kind with one command, and records what the answer depends on.

They live as long as a request. A page's loader is named by its collection, an entity's by its GraphQL type.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiodataloader import DataLoader
from beanie import PydanticObjectId

from auth.viewer import Viewer
from models.collection import Collection
from models.design import Design, Like
from models.element import Element
from models.entity import Entity
from models.errors import InvalidInputError
from models.order_keys import FIRST, LAST
from models.recorded import check_unrecorded
from models.register import COLLECTIONS, DOCUMENTS
from schema import cursors
from schema.dependencies import Dependencies
from schema.reader import Reader

MOST_FIRST = 100
"""The most rows of one page."""


@dataclass(frozen=True)
class PageKey:
    """One page of one list: its equality values, further conditions, how many rows, after which cursor.

    `extra` are conditions beyond the collection's own, as (field, operator, value); they are not part of its tag.
    """

    equality: tuple[tuple[str, Any], ...]
    first: int
    after: str | None = None
    extra: tuple[tuple[str, str, Any], ...] = ()


@dataclass(frozen=True)
class Page:
    """The rows of a page, each with its cursor, whether more follow, and the key that it answers."""

    rows: list[tuple[str, Entity]]
    has_next: bool


class EntityById(DataLoader[Any, "Entity | None"]):
    """One entity by its id; None if there is none."""

    def __init__(self, reader: Reader, dependencies: Dependencies, document: type[Entity]) -> None:
        super().__init__()
        self._reader, self._dependencies, self._document = reader, dependencies, document

    async def batch_load_fn(self, keys: list[Any]) -> list[Entity | None]:
        """Read the batch in one command."""
        for key in keys:
            self._dependencies.entity(self._document.__name__, key)
        rows = await self._reader.find(self._document, {"_id": {"$in": keys}})
        found = {row["_id"]: self._document.model_validate(row) for row in rows}
        return [found.get(key) for key in keys]


class PageOf(DataLoader[PageKey, Page]):
    """One page of a declared collection."""

    def __init__(
        self, reader: Reader, dependencies: Dependencies, document: type[Entity], collection: Collection
    ) -> None:
        super().__init__()
        self._reader, self._dependencies = reader, dependencies
        self._document, self._collection = document, collection

    async def batch_load_fn(self, keys: list[PageKey]) -> list[Page]:
        """Read pages that differ only in the parent's key in one command."""
        groups: defaultdict[object, list[PageKey]] = defaultdict(list)
        for key in keys:
            by = dict(key.equality)
            parent = self._collection.by[0] if self._collection.by else None
            same = tuple((name, value) for name, value in by.items() if name != parent)
            groups[same, key.first, key.after, key.extra].append(key)
        pages: dict[PageKey, Page] = {}
        for group in groups.values():
            pages.update(await self._read(group))
        return [pages[key] for key in keys]

    async def _read(self, keys: list[PageKey]) -> dict[PageKey, Page]:
        order, limit = self._collection.order, keys[0].first + 1
        conditions = [{name: {operator: value}} for name, operator, value in keys[0].extra]
        behind: Sequence[Any] | None = None
        if keys[0].after is not None:  # every list checks the cursor, since it can belong to one of them only
            positions = [cursors.decode(self._name(key), keys[0].after, len(order)) for key in keys]
            behind = positions[0]
            conditions.append(self._collection.after(behind))
        query = self._collection.query(dict(keys[0].equality))
        if len(keys) == 1:
            rows = await self._reader.find(self._document, {"$and": [query, *conditions]}, sort=order, limit=limit)
            return {keys[0]: self._page(keys[0], rows, behind)}
        parent = self._collection.by[0]
        parents = {dict(key.equality)[parent]: key for key in keys}
        del query[parent]
        found = await self._reader.aggregate(
            None,
            [
                {"$documents": [{"_id": id_} for id_ in parents]},
                {
                    "$lookup": {
                        "from": self._document.stored_in(),
                        "localField": "_id",
                        "foreignField": parent,
                        "pipeline": [
                            {"$match": {"$and": [query, *conditions]}},
                            {"$sort": dict(order)},
                            {"$limit": limit},
                        ],
                        "as": "rows",
                    }
                },
            ],
        )
        return {parents[row["_id"]]: self._page(parents[row["_id"]], row["rows"], behind) for row in found}

    def _name(self, key: PageKey) -> str:
        """Return what tells a list apart from every other, for its cursors."""
        return f"{self._collection.tag(dict(key.equality))}|{key.extra}"

    def _page(self, key: PageKey, rows: Sequence[dict[str, Any]], behind: Sequence[Any] | None) -> Page:
        shown = rows[: key.first]
        for row in shown:
            self._dependencies.entity(self._document.__name__, row["_id"])
        self._depend(key, behind, rows[key.first] if len(rows) > key.first else None)
        name = self._name(key)
        return Page(
            [(cursors.encode(name, self._collection.keys(row)), self._document.model_validate(row)) for row in shown],
            len(rows) > key.first,
        )

    def _depend(self, key: PageKey, behind: Sequence[Any] | None, ahead: dict[str, Any] | None) -> None:
        """Record the part of the list that decides the page: from the cursor to the row that follows, that one too."""
        collection = self._collection
        low = FIRST if behind is None else collection.place(behind)
        high = LAST if ahead is None else collection.place(collection.keys(ahead))
        tag = collection.tag(dict(key.equality), narrowed=bool(key.extra))
        bounds = collection.bounds(key.extra) if key.extra else ()
        self._dependencies.list(self._document.__name__, tag, low, high, bounds)


class CountOf(DataLoader["tuple[tuple[str, Any], ...]", int]):
    """How many rows a list of a declared collection has."""

    def __init__(
        self, reader: Reader, dependencies: Dependencies, document: type[Entity], collection: Collection
    ) -> None:
        super().__init__()
        self._reader, self._dependencies = reader, dependencies
        self._document, self._collection = document, collection

    async def batch_load_fn(self, keys: list[tuple[tuple[str, Any], ...]]) -> list[int]:
        """Count lists that are selected by the same fields in one command."""
        groups: defaultdict[tuple[str, ...], list[tuple[tuple[str, Any], ...]]] = defaultdict(list)
        for key in keys:
            self._dependencies.list(self._document.__name__, self._collection.tag(dict(key)))
            groups[tuple(name for name, _ in key)].append(key)
        counts: dict[tuple[tuple[str, Any], ...], int] = {}
        for names, group in groups.items():
            counts.update(await self._count(names, group))
        return [counts.get(key, 0) for key in keys]

    async def _count(
        self, names: tuple[str, ...], keys: list[tuple[tuple[str, Any], ...]]
    ) -> dict[tuple[tuple[str, Any], ...], int]:
        alternatives = [self._collection.query(dict(key)) for key in keys]
        rows = await self._reader.aggregate(
            self._document,
            [
                {"$match": {"$or": alternatives}},
                {"$group": {"_id": {name: f"${name}" for name in names}, "count": {"$sum": 1}}},
            ],
        )
        return {tuple((name, row["_id"][name]) for name in names): row["count"] for row in rows}


@dataclass(frozen=True)
class CanvasRows:
    """A design's elements in order, and the number of the newest batch that they show."""

    seq: int
    elements: list[Element]


class CanvasByDesign(DataLoader[PydanticObjectId, CanvasRows]):
    """A design's canvas, elements and `seq` read at one moment."""

    def __init__(self, reader: Reader, dependencies: Dependencies) -> None:
        super().__init__()
        self._reader, self._dependencies = reader, dependencies

    async def batch_load_fn(self, keys: list[PydanticObjectId]) -> list[CanvasRows]:
        """Read the batch in two commands of one snapshot."""
        for key in keys:
            self._dependencies.list("Element", f"canvas?design={key}")
        designs, elements = await self._reader.snapshot(
            (Design, {"_id": {"$in": keys}}, [("_id", 1)]),
            (Element, {"design": {"$in": keys}, "removed": False}, [("design", 1), ("order", 1), ("_id", 1)]),
        )
        seqs = {row["_id"]: row["seq"] for row in designs}
        rows: defaultdict[PydanticObjectId, list[Element]] = defaultdict(list)
        for row in elements:
            rows[row["design"]].append(Element.model_validate(row))
        return [CanvasRows(seqs.get(key, 0), rows[key]) for key in keys]


class LikedByViewer(DataLoader[PydanticObjectId, bool]):
    """Whether the viewer likes a design."""

    def __init__(self, reader: Reader, user: PydanticObjectId) -> None:
        super().__init__()
        self._reader, self._user = reader, user

    async def batch_load_fn(self, keys: list[PydanticObjectId]) -> list[bool]:
        """Read the batch in one command."""
        rows = await self._reader.find(Like, {"design": {"$in": keys}, "user": self._user, "active": True})
        liked = {row["design"] for row in rows}
        return [key in liked for key in keys]


class Loaders:
    """One request's loaders, made when first asked for."""

    def __init__(self, reader: Reader, dependencies: Dependencies) -> None:
        self._reader = reader
        self._dependencies = dependencies
        self.clear()

    @property
    def reader(self) -> Reader:
        """Return the reader, for what is no loader's affair; raises UnrecordedReadError in what may be cached."""
        check_unrecorded()
        return self._reader

    def clear(self) -> None:
        """Forget what was read: a mutation has written."""
        self._entities: dict[str, EntityById] = {}
        self._pages: dict[str, PageOf] = {}
        self._counts: dict[str, CountOf] = {}
        self._liked: LikedByViewer | None = None
        self.canvas_by_design = CanvasByDesign(self._reader, self._dependencies)

    def entity(self, kind: str) -> EntityById:
        """Return the loader of a type's entities by id."""
        if kind not in self._entities:
            self._entities[kind] = EntityById(self._reader, self._dependencies, _DOCUMENTS[kind])
        return self._entities[kind]

    def page(self, collection: str) -> PageOf:
        """Return the loader of a collection's pages."""
        if collection not in self._pages:
            self._pages[collection] = PageOf(self._reader, self._dependencies, *COLLECTIONS[collection])
        return self._pages[collection]

    def count(self, collection: str) -> CountOf:
        """Return the loader of a collection's counts."""
        if collection not in self._counts:
            self._counts[collection] = CountOf(self._reader, self._dependencies, *COLLECTIONS[collection])
        return self._counts[collection]

    def liked(self, viewer: Viewer) -> LikedByViewer | None:
        """Return the loader of the viewer's likes; None for nobody."""
        if self._liked is None and viewer.user is not None:
            self._liked = LikedByViewer(self._reader, viewer.user)
        return self._liked


def check_first(first: int) -> int:
    """Return `first` if a page may have so many rows; raises InvalidInputError."""
    if not 0 <= first <= MOST_FIRST:
        raise InvalidInputError(f"first: a page has 0 to {MOST_FIRST} rows, not {first}.", path=("first",))
    return first


_DOCUMENTS: dict[str, type[Entity]] = {document.__name__: document for document in DOCUMENTS}

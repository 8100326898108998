"""Loaders: each answers many questions of one kind with one command, and records what the answer depends on.

They live as long as a request. A page's loader is named by its collection, an entity's by its GraphQL type.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiodataloader import DataLoader
from beanie import PydanticObjectId

from auth.viewer import Viewer
from models.design import Design, Like
from models.element import Element
from models.entity import Entity
from models.errors import InvalidInputError
from models.recorded import check_unrecorded
from models.register import KINDS
from schema.dependencies import Dependencies
from schema.lists import Equality, Lists, PageKey
from schema.reader import Find, Projection, Reader

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Page:
    """The rows of a page, each with its cursor, and whether more follow."""

    rows: list[tuple[str, Entity]]
    has_next: bool


class _Loader(DataLoader[Key, Value]):
    """A loader whose answers many may wait for.

    graphql-core cancels what stands beside a field that failed; who is cancelled must not take from others, of whom
    some stand elsewhere in the answer, what they wait for too.
    """

    def load(self, key: Key) -> asyncio.Future[Value]:
        """Return the answer to a question."""
        return asyncio.shield(super().load(key))


def _shown(document: type[Entity]) -> Projection | None:
    """Return the projection that leaves out what is large and shown nowhere; plans choose what they read themselves."""
    return dict.fromkeys(document.unshown, 0) or None


class EntityById(_Loader[Any, "Entity | None"]):
    """One entity by its id; None if there is none."""

    def __init__(self, reader: Reader, dependencies: Dependencies, document: type[Entity]) -> None:
        super().__init__()
        self._reader, self._dependencies, self._document = reader, dependencies, document

    async def batch_load_fn(self, keys: list[Any]) -> list[Entity | None]:
        """Read the batch in one command."""
        self._dependencies.entities(self._document.__name__, keys)
        rows = await self._reader.read(Find(self._document, {"_id": {"$in": keys}}, projection=_shown(self._document)))
        found = {row["_id"]: self._document.model_validate(row) for row in rows}
        return [found.get(key) for key in keys]


class PageOf(_Loader[PageKey, Page]):
    """One page of a declared collection."""

    def __init__(self, reader: Reader, dependencies: Dependencies, lists: Lists) -> None:
        super().__init__()
        self._reader, self._dependencies, self._lists = reader, dependencies, lists

    async def batch_load_fn(self, keys: list[PageKey]) -> list[Any]:
        """Read pages that differ only in the parent's key in one command; a page whose cursor is bad fails alone."""
        pages: dict[PageKey, Page | InvalidInputError] = {}
        for group in self._lists.groups(keys):
            try:
                read = self._lists.read(group, _shown(self._lists.document))
            except InvalidInputError as error:
                pages.update(dict.fromkeys(group, error))
                continue
            for key, rows in self._lists.answers(group, await self._reader.read(read)).items():
                pages[key] = self._page(key, rows)
        return [pages[key] for key in keys]

    def _page(self, key: PageKey, rows: Sequence[Any]) -> Page:
        self._lists.depend(self._dependencies, key, rows)
        cursor, validate = self._lists.cursors(key), self._lists.document.model_validate
        shown = [(cursor(row), validate(row)) for row in rows[: key.first]]
        return Page(shown, len(rows) > key.first)


class CountOf(_Loader[Equality, int]):
    """How many rows a list of a declared collection has."""

    def __init__(self, reader: Reader, dependencies: Dependencies, lists: Lists) -> None:
        super().__init__()
        self._reader, self._dependencies, self._lists = reader, dependencies, lists

    async def batch_load_fn(self, keys: list[Equality]) -> list[int]:
        """Count lists that are selected by the same fields in one command."""
        groups: defaultdict[tuple[str, ...], list[Equality]] = defaultdict(list)
        for key in keys:
            self._lists.depend_on_whole(self._dependencies, key)
            groups[tuple(name for name, _ in key)].append(key)
        counts: dict[Equality, int] = {}
        for names, group in groups.items():
            counts |= self._lists.counts(names, await self._reader.read(self._lists.count(group, names)))
        return [counts.get(key, 0) for key in keys]


@dataclass(frozen=True)
class CanvasRows:
    """A design's elements in order, and the number of the newest batch that they show."""

    seq: int
    rows: list[Any]


def depend_on_canvases(dependencies: Dependencies, designs: Iterable[Any]) -> None:
    """Record that designs' canvases were read."""
    for design in designs:
        dependencies.list("Element", f"canvas?design={design}")


async def read_canvases(
    reader: Reader, designs: Sequence[Any], projection: Projection | None = None
) -> dict[Any, CanvasRows]:
    """Read designs' canvases, each one's elements and `seq` at one moment: two commands of one snapshot."""
    wanted = {"design": {"$in": [*designs]}, "removed": False}
    order = (("design", 1), ("order", 1), ("_id", 1))
    if projection is not None and len(designs) > 1:  # where there is one, nobody needs to be told which
        projection = {**projection, "design": 1}
    found, elements = await reader.snapshot(
        Find(Design, {"_id": {"$in": [*designs]}}, projection={"seq": 1}),
        Find(Element, wanted, order, projection=projection),
    )
    seqs = {row["_id"]: row.get("seq", 0) for row in found}
    canvases = {design: CanvasRows(seqs.get(design, 0), []) for design in designs}
    if len(designs) == 1:
        canvases[designs[0]].rows.extend(elements)
    else:
        for row in elements:
            canvases[row["design"]].rows.append(row)
    return canvases


class CanvasByDesign(_Loader[PydanticObjectId, CanvasRows]):
    """A design's canvas, elements and `seq` read at one moment."""

    def __init__(self, reader: Reader, dependencies: Dependencies) -> None:
        super().__init__()
        self._reader, self._dependencies = reader, dependencies

    async def batch_load_fn(self, keys: list[PydanticObjectId]) -> list[CanvasRows]:
        """Read the batch in two commands of one snapshot."""
        depend_on_canvases(self._dependencies, keys)
        canvases = await read_canvases(self._reader, keys)
        validate = Element.model_validate
        return [CanvasRows(canvases[key].seq, [validate(row) for row in canvases[key].rows]) for key in keys]


def liked_by(user: Any, designs: Sequence[Any]) -> Find:
    """Return the read of a user's likes of designs."""
    query = {"design": {"$in": [*designs]}, "user": user, "active": True}
    return Find(Like, query, projection={"design": 1})


class LikedByViewer(_Loader[PydanticObjectId, bool]):
    """Whether the viewer likes a design."""

    def __init__(self, reader: Reader, user: PydanticObjectId) -> None:
        super().__init__()
        self._reader, self._user = reader, user

    async def batch_load_fn(self, keys: list[PydanticObjectId]) -> list[bool]:
        """Read the batch in one command."""
        liked = {row["design"] for row in await self._reader.read(liked_by(self._user, keys))}
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

    @property
    def recording(self) -> Reader:
        """Return the reader, for plans, which record what they read as loaders do."""
        return self._reader

    def clear(self) -> None:
        """Forget what was read: a mutation has written."""
        self._entities: dict[str, EntityById] = {}
        self._pages: dict[str, PageOf] = {}
        self._counts: dict[str, CountOf] = {}
        self._liked: LikedByViewer | None = None
        self._canvases: CanvasByDesign | None = None

    @property
    def canvas_by_design(self) -> CanvasByDesign:
        """Return the loader of designs' canvases."""
        if self._canvases is None:
            self._canvases = CanvasByDesign(self._reader, self._dependencies)
        return self._canvases

    def entity(self, kind: str) -> EntityById:
        """Return the loader of a type's entities by id."""
        if kind not in self._entities:
            self._entities[kind] = EntityById(self._reader, self._dependencies, KINDS[kind])
        return self._entities[kind]

    def page(self, collection: str) -> PageOf:
        """Return the loader of a collection's pages."""
        if collection not in self._pages:
            self._pages[collection] = PageOf(self._reader, self._dependencies, Lists.named(collection))
        return self._pages[collection]

    def count(self, collection: str) -> CountOf:
        """Return the loader of a collection's counts."""
        if collection not in self._counts:
            self._counts[collection] = CountOf(self._reader, self._dependencies, Lists.named(collection))
        return self._counts[collection]

    def liked(self, viewer: Viewer) -> LikedByViewer | None:
        """Return the loader of the viewer's likes; None for nobody."""
        if self._liked is None and viewer.user is not None:
            self._liked = LikedByViewer(self._reader, viewer.user)
        return self._liked

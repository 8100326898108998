"""Branches: what the rows of a shape lead to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from schema.compiled.declined import DeclinedError
from schema.compiled.loads import Canvases, Entities, Likes, Load, Nothing, Pages
from schema.compiled.shapes import PageShape, Shape
from schema.lists import PageKey

if TYPE_CHECKING:
    from schema.compiled.run import Run

Row = Mapping[str, Any]
_IDS = {ObjectId, type(None)}


class Branch(ABC):
    """What the rows of a shape lead to by one field.

    `early` says that it follows from the rows' ids alone, so that it can be read together with them.
    """

    early: bool = False

    @abstractmethod
    def load(self, run: Run, rows: Sequence[Row]) -> Load:
        """Return what reads it for these rows."""


@dataclass(frozen=True)
class ReferenceBranch(Branch):
    """To the entity whose id is the row's attribute `key`."""

    key: str
    required: bool
    shape: Shape

    def load(self, run: Run, rows: Sequence[Row]) -> Load:
        """Return what reads the entities."""
        name = self.key
        keys = [row[name] for row in rows] if self.required else [row.get(name) for row in rows]
        kinds = {*map(type, keys)}
        if not kinds <= _IDS or (self.required and type(None) in kinds):
            raise DeclinedError(f"{name} of a {self.shape.name} is no id", expected=False)
        return Entities(run, self.shape, keys)


@dataclass(frozen=True)
class RelatedBranch(Branch):
    """To a page of the list whose equality field `by` is the row's id: `collection` for who is inside, else `public`.

    `show` makes of a row what `inside` judges.
    """

    collection: str
    public: str | None
    by: str
    arguments: int
    show: Callable[[Row], Any]
    inside: Callable[[Any, Any], bool]
    page: PageShape
    early: bool

    def load(self, run: Run, rows: Sequence[Row]) -> Load:
        """Return what reads the pages."""
        given, viewer, by = run.arguments[self.arguments], run.viewer, self.by
        first, after = given["first"], given.get("after")
        wanted: list[tuple[str, PageKey] | None] = []
        for row in rows:
            inside = viewer.known and self.inside(self.show(row), viewer)  # nobody is inside of anything
            name = self.collection if inside else self.public
            wanted.append((name, PageKey(((by, row["_id"]),), first, after)) if name is not None else None)
        return Pages(run, self.page, wanted)


@dataclass(frozen=True)
class CanvasBranch(Branch):
    """To a design's canvas."""

    page: PageShape

    def load(self, run: Run, rows: Sequence[Row]) -> Load:
        """Return what reads the canvases."""
        return Canvases(run, self.page, [row["_id"] for row in rows])


@dataclass(frozen=True)
class LikedBranch(Branch):
    """To whether the viewer likes a design."""

    early = True

    def load(self, run: Run, rows: Sequence[Row]) -> Load:
        """Return what reads the likes; nobody likes nothing."""
        return Nothing(len(rows)) if run.viewer.user is None else Likes(run, [row["_id"] for row in rows])

"""A plan at work: each load reads for all the rows that lead to it, and answers with one value for each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from schema.compiled.shapes import Column, PageShape, Shape
from schema.lists import Lists, PageKey
from schema.loaders import CanvasRows
from schema.questions import keys_of

if TYPE_CHECKING:
    from schema.compiled.run import Run
    from schema.compiled.wave import Wave
    from schema.nearby import Nearby

Row = Mapping[str, Any]


class Load(ABC):
    """One branch at work. It asks a wave for what it needs; when the wave has read that, it takes it."""

    @abstractmethod
    def ask(self, wave: Wave) -> None:
        """Say what to read; nothing, where all is there."""

    @abstractmethod
    def take(self) -> Sequence[Load]:
        """Take what was read, and return the loads that this leads to."""

    @abstractmethod
    def values(self) -> Column:
        """Return the JSON for each of the rows that lead here, when all loads have taken what they need."""


class Shown:
    """Rows in one shape, with the loads that they lead to."""

    def __init__(self, run: Run, shape: Shape, rows: Sequence[Row]) -> None:
        self._run, self._shape, self._rows = run, shape, rows
        self.loads = [branch.load(run, rows) for branch in shape.branches] if rows else []

    def values(self) -> Column:
        """Return the JSON of each row."""
        if not self._rows:
            return []
        return self._shape.assemble(self._rows, self._run, *(load.values() for load in self.loads))


class Entities(Load):
    """Entities of one type by their ids, null where there are none or the viewer may not know of them."""

    def __init__(self, run: Run, shape: Shape, ids: Sequence[Any], seen: Callable[[Row], bool] | None = None) -> None:
        self._run, self._shape, self._seen = run, shape, seen
        self._keys = keys_of(ids)
        self._wanted = dict(zip(self._keys, ids, strict=True))
        self._wanted.pop(None, None)

    def ask(self, wave: Wave) -> None:
        """Ask for what was not read yet, and for what follows from the ids alone."""
        wave.entities(self._shape.document.__name__, self._wanted)
        for branch in self._shape.branches:
            if branch.early:
                branch.load(self._run, [{"_id": id_} for id_ in self._wanted.values()]).ask(wave)

    def take(self) -> Sequence[Load]:
        """Take each entity once, however many rows lead to it."""
        held, seen = self._run.entities[self._shape.document.__name__], self._seen
        found = {key: row for key in self._wanted if (row := held[key]) is not None and (seen is None or seen(row))}
        self._found, self._shown = found.keys(), Shown(self._run, self._shape, [*found.values()])
        return self._shown.loads

    def values(self) -> Column:
        """Return each row's entity."""
        made = dict(zip(self._found, self._shown.values(), strict=True))
        return [*map(made.get, self._keys)]


class Many(Load):
    """Values of several loads, as one list."""

    def __init__(self, loads: Sequence[Load]) -> None:
        self._loads = loads

    def ask(self, wave: Wave) -> None:
        """Have each ask."""
        for load in self._loads:
            load.ask(wave)

    def take(self) -> Sequence[Load]:
        """Have each take."""
        return [*chain.from_iterable(load.take() for load in self._loads)]

    def values(self) -> Column:
        """Return the list."""
        return [[load.values()[0] for load in self._loads]]


class Nothing(Load):
    """Null, for each of so many rows."""

    def __init__(self, count: int = 1) -> None:
        self._count = count

    def ask(self, wave: Wave) -> None:
        """Ask for nothing."""

    def take(self) -> Sequence[Load]:
        """Lead to nothing."""
        return ()

    def values(self) -> Column:
        """Return the nulls."""
        return [None] * self._count


@dataclass
class PageRows:
    """One page as it was read; `cursors` returns what makes its rows' cursors, where they are asked for."""

    rows: Sequence[Row] = ()
    has_next: bool = False
    has_previous: bool = False
    cursors: Callable[[], Callable[[Row], str]] = lambda: str

    @cached_property
    def cursor(self) -> Callable[[Row], str]:
        """Return what makes a row's cursor."""
        return self.cursors()


class Pages(Load):
    """Pages of lists; the empty page where there is none that the viewer may see."""

    def __init__(self, run: Run, shape: PageShape, wanted: Sequence[tuple[str, PageKey] | None]) -> None:
        self._run, self._shape, self._wanted = run, shape, wanted

    def ask(self, wave: Wave) -> None:
        """Ask for what was not read yet."""
        for wanted in self._wanted:
            if wanted is not None:
                wave.page(*wanted)
                if self._counted(wanted[1]):
                    wave.count(wanted[0], wanted[1].equality)

    def take(self) -> Sequence[Load]:
        """Take the pages, and show all their rows at once."""
        return self._show([PageRows() if wanted is None else self._page(*wanted) for wanted in self._wanted])

    def values(self) -> Column:
        """Return each page as a connection."""
        return self._shape.assemble(self._pages, self._counts(), *(shown.values() for shown in self._shown))

    def _show(self, pages: Sequence[PageRows | CanvasRows]) -> Sequence[Load]:
        self._pages = pages
        rows = [*chain.from_iterable(page.rows for page in pages)]
        self._shown = [Shown(self._run, shape, rows) for shape in self._shape.nodes]
        return [*chain.from_iterable(shown.loads for shown in self._shown)]

    def _page(self, collection: str, key: PageKey) -> PageRows:
        rows, lists = self._run.pages[collection, key], Lists.named(collection)
        lists.depend(self._run.dependencies, key, rows)
        return PageRows(rows[: key.first], len(rows) > key.first, key.after is not None, partial(lists.cursors, key))

    def _counted(self, key: PageKey) -> bool:
        return self._shape.counted and not key.extra

    def _counts(self) -> Column:
        return [self._count(*wanted) if wanted and self._counted(wanted[1]) else None for wanted in self._wanted]

    def _count(self, collection: str, key: PageKey) -> int:
        Lists.named(collection).depend_on_whole(self._run.dependencies, key.equality)
        count: int = self._run.counts[collection, key.equality]
        return count


class Search(Pages):
    """The page of a search near a point."""

    def __init__(self, run: Run, shape: PageShape, search: Nearby) -> None:
        super().__init__(run, shape, (None,))
        self._search = search

    def ask(self, wave: Wave) -> None:
        """Ask for the search."""
        wave.search(self._search)

    def take(self) -> Sequence[Load]:
        """Take the page."""
        rows, search = self._run.searches[self._search], self._search
        shown, more = rows[: search.first], len(rows) > search.first
        return self._show([PageRows(shown, more, search.after is not None, search.cursors)])


class OnlyRow(Pages):
    """The only row of a list's page, null where there is none; it has the first of the shapes."""

    def values(self) -> Column:
        """Return it."""
        return [*self._shown[0].values()] or [None]


class Canvases(Pages):
    """The canvases of designs."""

    def __init__(self, run: Run, shape: PageShape, designs: Sequence[Any]) -> None:
        super().__init__(run, shape, ())
        self._designs = designs

    def ask(self, wave: Wave) -> None:
        """Ask for what was not read yet."""
        for design in self._designs:
            wave.canvas(design)

    def take(self) -> Sequence[Load]:
        """Take the canvases, and show all their elements at once."""
        return self._show([self._run.canvases[design] for design in self._designs])


class Likes(Load):
    """Whether the viewer likes each of these designs."""

    def __init__(self, run: Run, designs: Sequence[Any]) -> None:
        self._run, self._designs = run, designs

    def ask(self, wave: Wave) -> None:
        """Ask for what was not read yet."""
        for design in self._designs:
            wave.like(design)

    def take(self) -> Sequence[Load]:
        """Lead to nothing."""
        return ()

    def values(self) -> Column:
        """Return the answers."""
        return [self._run.likes[design] for design in self._designs]

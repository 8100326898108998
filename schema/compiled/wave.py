"""A wave: everything that can be read next, for all branches of an answer, in one command."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from models.register import KINDS
from schema.lists import Equality, Lists, PageKey
from schema.loaders import liked_by, read_canvases
from schema.nearby import Nearby
from schema.reader import Find, Read

if TYPE_CHECKING:
    from schema.compiled.run import Run

_Reads = list[tuple[Read, Callable[[list[Any]], None]]]


class Wave:
    """Collects what loads ask for, each thing once, leaving out what the run has read already."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._entities: defaultdict[str, dict[Any, None]] = defaultdict(dict)
        self._pages: defaultdict[str, dict[PageKey, None]] = defaultdict(dict)
        self._counts: defaultdict[tuple[str, tuple[str, ...]], dict[Equality, None]] = defaultdict(dict)
        self._canvases: dict[Any, None] = {}
        self._likes: dict[Any, None] = {}
        self._searches: dict[Nearby, None] = {}
        self._long = False

    def entities(self, kind: str, keys: Sequence[Any]) -> None:
        """Ask for entities by their ids."""
        held = self._run.entities[kind]
        wanted = dict.fromkeys(keys)
        wanted.pop(None, None)
        if held:
            wanted = {key: None for key in wanted if key not in held}
        if wanted:
            self._entities[kind] |= wanted

    def page(self, collection: str, key: PageKey) -> None:
        """Ask for a page of a list."""
        if (collection, key) not in self._run.pages:
            self._pages[collection][key] = None
            self._long = self._long or bool(key.extra)

    def count(self, collection: str, key: Equality) -> None:
        """Ask how many rows a list has."""
        if (collection, key) not in self._run.counts:
            self._counts[collection, tuple(name for name, _ in key)][key] = None
            self._long = True

    def canvas(self, design: Any) -> None:
        """Ask for a design's canvas."""
        if design not in self._run.canvases:
            self._canvases[design] = None

    def like(self, design: Any) -> None:
        """Ask whether the viewer likes a design."""
        if design not in self._run.likes:
            self._likes[design] = None

    def search(self, search: Nearby) -> None:
        """Ask for what is near a point."""
        if search not in self._run.searches:
            self._searches[search] = None

    async def read(self) -> None:
        """Read all of it into the run: in one command, but for canvases, each of one moment, and searches.

        Other requests' reads may be in that command too, unless some read here may take long.
        """
        reads = self._reads()
        work = [self._together(reads)] if reads else []
        work += [self._read_canvases()] if self._canvases else []
        work += [self._search(search) for search in self._searches]
        if len(work) == 1:
            await work[0]
        elif work:
            await asyncio.gather(*work)

    async def _together(self, reads: _Reads) -> None:
        run, wanted = self._run, [read for read, _ in reads]
        if run.combined is not None and not self._long:
            answers = await run.combined.read(wanted, run.reader.as_of)
        else:
            answers = await run.reader.read_together(wanted)
        for (_, take), rows in zip(reads, answers, strict=True):
            take(rows)

    def _reads(self) -> _Reads:
        """Return each read with what takes its rows."""
        run = self._run
        reads: _Reads = []
        for kind, found in self._entities.items():
            keys = [*found]
            run.dependencies.entities(kind, keys)
            query = {"_id": keys[0] if len(keys) == 1 else {"$in": keys}}
            find = Find(KINDS[kind], query, projection=run.projection(kind))
            reads.append((find, partial(self._take_entities, kind, found)))
        for collection, pages in self._pages.items():
            lists = Lists.named(collection)
            for group in lists.groups(pages):
                read = lists.read(group, run.projection(lists.document.__name__))
                reads.append((read, partial(self._take_pages, collection, lists, group)))
        for (collection, names), counts in self._counts.items():
            reads.append(self._counting(collection, names, [*counts]))
        if self._likes:
            reads.append((liked_by(run.viewer.user, [*self._likes]), self._take_likes))
        return reads

    def _counting(
        self, collection: str, names: tuple[str, ...], keys: list[Equality]
    ) -> tuple[Read, Callable[[list[Any]], None]]:
        lists = Lists.named(collection)
        for key in keys:
            lists.depend_on_whole(self._run.dependencies, key)

        def take(rows: list[Any]) -> None:
            counted = lists.counts(names, rows)
            self._run.counts.update({(collection, key): counted.get(key, 0) for key in keys})

        return lists.count(keys, names), take

    async def _read_canvases(self) -> None:
        run = self._run
        found = await read_canvases(run.reader, run.dependencies, [*self._canvases], run.projection("Element"))
        run.canvases.update(found)

    async def _search(self, search: Nearby) -> None:
        run = self._run
        run.searches[search] = await search.rows(run.reader, run.projection("Project"))

    def _take_entities(self, kind: str, keys: dict[Any, None], rows: list[Any]) -> None:
        held = self._run.entities[kind]
        held.update(keys)  # none of them is there, until its row says so
        for row in rows:
            held[row["_id"]] = row

    def _take_pages(self, collection: str, lists: Lists, group: list[PageKey], rows: list[Any]) -> None:
        for key, page in lists.answers(group, rows).items():
            lists.depend(self._run.dependencies, key, page)
            self._run.pages[collection, key] = page

    def _take_likes(self, rows: list[Any]) -> None:
        self._run.likes.update(dict.fromkeys(self._likes, False))
        self._run.likes.update({row["design"]: True for row in rows})

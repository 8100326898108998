"""A wave: everything that can be read next, for all branches of an answer, in one command."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from models.register import KINDS
from schema.lists import MOST_COUNTED, Equality, Lists, PageKey
from schema.loaders import depend_on_canvases, liked_by
from schema.nearby import Nearby
from schema.questions import Canvases, Entities, Pages, Plain, Readable, ask, ask_apart

if TYPE_CHECKING:
    from schema.compiled.run import Run

_Questions = list[tuple[Readable, Callable[[Any], None]]]


class Wave:
    """Collects what loads ask for, each thing once, leaving out what the run has read already."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._entities: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
        self._pages: defaultdict[str, dict[PageKey, None]] = defaultdict(dict)
        self._counts: defaultdict[str, dict[PageKey, None]] = defaultdict(dict)
        self._long_counts: defaultdict[tuple[str, tuple[str, ...]], list[Equality]] = defaultdict(list)
        self._canvases: dict[Any, None] = {}
        self._likes: dict[Any, None] = {}
        self._searches: dict[Nearby, None] = {}
        self._long = False

    def entities(self, kind: str, wanted: Mapping[Any, Any]) -> None:
        """Ask for entities by their ids, each under its key (see `keys_of`)."""
        held = self._run.entities[kind]
        missing = {key: id_ for key, id_ in wanted.items() if key not in held} if held else wanted
        if missing:
            self._entities[kind].update(missing)

    def page(self, collection: str, key: PageKey) -> None:
        """Ask for a page of a list."""
        if (collection, key) not in self._run.pages:
            self._pages[collection][key] = None
            self._long = self._long or bool(key.extra)

    def count(self, collection: str, key: Equality) -> None:
        """Ask how many rows a list has."""
        if (collection, key) not in self._run.counts:
            self._counts[collection][PageKey(key, MOST_COUNTED)] = None

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

        Other requests' reads may be in that command too, unless some read here may take long. Lists that turn out to be
        long are counted by themselves then.
        """
        questions = self._questions()
        work = [self._ask(questions)] if questions else []
        work += [self._read_canvases()] if self._canvases else []
        work += [self._search(search) for search in self._searches]
        if len(work) == 1:
            await work[0]
        elif work:
            await asyncio.gather(*work)
        for (collection, names), keys in self._long_counts.items():
            await self._count(collection, names, keys)

    async def _ask(self, questions: _Questions) -> None:
        run, asked = self._run, [question for question, _ in questions]
        if run.combined is not None and not self._long:
            answers = await run.combined.ask(asked, run.reader.as_of)
        else:
            answers = await ask(run.reader, asked)
        for (_, take), answer in zip(questions, answers, strict=True):
            take(answer)

    def _questions(self) -> _Questions:
        """Return each question with what takes its answer."""
        run = self._run
        questions: _Questions = []
        for kind, wanted in self._entities.items():
            run.dependencies.entities(kind, wanted.values())
            entities = Entities(KINDS[kind], wanted, run.projection(kind))
            questions.append((entities, run.entities[kind].update))
        for collection, keys in self._pages.items():
            lists = Lists.named(collection)
            for group in lists.groups(keys):
                pages = Pages(lists, group, run.projection(lists.document.__name__))
                questions.append((pages, partial(self._take_pages, collection)))
        for collection, keys in self._counts.items():
            lists = Lists.named(collection)
            for group in lists.groups(keys):
                questions.append((Pages(lists, group, None, counted=True), partial(self._take_counts, collection)))
        if self._likes:
            questions.append((Plain(liked_by(run.viewer.user, [*self._likes])), self._take_likes))
        return questions

    async def _count(self, collection: str, names: tuple[str, ...], keys: list[Equality]) -> None:
        """Count lists that are long, and selected by the same fields."""
        lists = Lists.named(collection)
        counted = lists.counts(names, await self._run.reader.read(lists.count(keys, names)))
        self._run.counts.update({(collection, key): counted.get(key, 0) for key in keys})

    async def _read_canvases(self) -> None:
        run = self._run
        depend_on_canvases(run.dependencies, self._canvases)
        asked = [Canvases([*self._canvases], run.projection("Element"))]
        if run.combined is not None:
            answers = await run.combined.ask_apart(asked, run.reader.as_of)
        else:
            answers = await ask_apart(run.reader, asked)
        run.canvases.update(answers[0])

    async def _search(self, search: Nearby) -> None:
        run = self._run
        run.searches[search] = await search.rows(run.reader, run.projection("Project"))

    def _take_pages(self, collection: str, pages: Mapping[PageKey, Any]) -> None:
        self._run.pages.update({(collection, key): rows for key, rows in pages.items()})

    def _take_counts(self, collection: str, counts: Mapping[PageKey, int]) -> None:
        for key, count in counts.items():
            if count > MOST_COUNTED:
                names = tuple([name for name, _ in key.equality])
                self._long_counts[collection, names].append(key.equality)
            else:
                self._run.counts[collection, key.equality] = count

    def _take_likes(self, rows: list[Any]) -> None:
        self._run.likes.update(dict.fromkeys(self._likes, False))
        self._run.likes.update({row["design"]: True for row in rows})

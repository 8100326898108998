"""People who write and read all the time, whatever happens, and hold each answer against what it must show.

Two projects' titles are written, one through the API and one with the driver, and a design is drawn on; each write says
a larger number. Who has written reads at once with the token of that write, and must see it. Others read pages and a
list without a token: what they see may be behind by as long as an edge may. A third project is written only where a
test wants it: were that write missed, no later one would make good for it.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from bson import ObjectId
from pymongo.errors import PyMongoError

from schema import ids
from tests.faults.ledger import Ledger, Numbers
from tests.faults.world import World

NO_CONNECTION = 0
PATIENCE = 4.0  # seconds in which every request must have an answer
_WAIT = 20.0  # for what a test waits for
_SETTLED = 30  # answers from memory that show, or fail to, what was written once
_WRITE_EVERY = 0.15
_READ_EVERY = 0.004
_SET = {"setElement": {"key": "sofa", "rotation": 0}}
_EDIT = """mutation ($i: ID!, $batch: ID!, $edits: [DesignEditInput!]!) { r: applyDesignEdits(
    designId: $i, batchId: $batch, baseSeq: 0, edits: $edits) { ... on EditsApplied { seq } } }"""
_TITLE = "mutation ($i: UpdateProjectInput!) { r: updateProject(input: $i) { ... on Project { title } } }"


@dataclass
class Traffic:
    """The writers and readers of one world, who can be told what to expect."""

    world: World
    ledger: Ledger = field(default_factory=Ledger)
    excused: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by_api, self.by_driver, self.seldom = self.world.projects
        self.design = self.world.designs[self.by_api]
        self.texts: dict[ObjectId, Numbers] = {id_: Numbers() for id_ in (*self.world.projects, self.design)}
        self._turn = itertools.cycle((*self.world.projects, self.design))
        self._judged = asyncio.Condition()
        self._mark: dict[ObjectId, int] = {}

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[Traffic]:
        """Write and read until the end; fail if anything was stale, or was lost that could have been answered."""
        self.ledger = Ledger()
        loops = [*map(self._write, (self._by_api, self._by_driver, self._draw))]
        loops += map(self._read, (self._any_page, self._any_page, self._list))
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            await self.memory_answers()
            yield self
            await self.memory_answers()
            await self._until(lambda: self.ledger.settled >= _SETTLED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        assert self.ledger.stale == []
        assert self.ledger.lost == []

    async def memory_answers(self, count: int = 100) -> None:
        """Wait until so many more answers came from the edge's memory."""
        target = self.ledger.judged["memory"] + count
        await self._until(lambda: self.ledger.judged["memory"] >= target)

    async def it_would_show(self, count: int = 100) -> None:
        """Wait for so many answers that would be stale if they showed nothing that is written from now on.

        Meanwhile those who write are answered, too: three times each.
        """
        self._mark = {id_: numbers.newest for id_, numbers in self.texts.items()}
        self.ledger.telling = 0
        writers = [self.texts[id_] for id_ in (self.by_api, self.by_driver, self.design)]
        targets = [len(numbers.at) + 3 for numbers in writers]

        def enough() -> bool:
            written = all(len(numbers.at) >= target for numbers, target in zip(writers, targets, strict=True))
            return self.ledger.telling >= count and written

        await self._until(enough)

    async def write_once(self) -> str:
        """Write what nothing else writes, with the driver: the title."""
        numbers = self.texts[self.seldom]
        number = numbers.next()
        title = f"Ático {number}"
        await self.world.update("projects", self.seldom, {"title": title})
        numbers.wrote(number, time.monotonic())
        self.ledger.settled = 0
        return title

    @contextmanager
    def without(self, *statuses: int) -> Iterator[None]:
        """Expect that some requests cannot be answered; `NO_CONNECTION` where there is nobody to ask."""
        self.excused = set(statuses)
        try:
            yield
        finally:
            self.excused = set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(_WAIT), self._judged:
                await self._judged.wait_for(condition)
        except TimeoutError as error:
            raise AssertionError(f"Too little was answered within {_WAIT:.0f} s: {self.ledger}") from error

    async def _write(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._request(write)
            await asyncio.sleep(_WRITE_EVERY)

    async def _read(self, read: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._request(read)
            async with self._judged:
                self._judged.notify_all()
            await asyncio.sleep(_READ_EVERY)

    async def _request(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask, or write and ask; what goes unanswered is lost unless it is excused."""
        excused = self.excused  # as it was when the request was sent, or as it is when it failed
        try:
            async with asyncio.timeout(PATIENCE):
                await ask()
        except (aiohttp.ClientError, PyMongoError, TimeoutError, _RefusedError) as error:
            status = error.status if isinstance(error, _RefusedError) else NO_CONNECTION
            if status in excused | self.excused and not isinstance(error, TimeoutError):
                self.ledger.excused[str(status)] += 1
            else:
                self.ledger.lost.append(f"{ask.__name__}: {type(error).__name__} {error}")

    async def _by_api(self) -> None:
        numbers = self.texts[self.by_api]
        number = numbers.next()
        variables = {"i": {"id": ids.encode("Project", self.by_api), "title": f"Casa {number}"}}
        token, _ = await self._mutate(_TITLE, variables)
        numbers.wrote(number, time.monotonic())
        await self._page(self.by_api, number, token)

    async def _by_driver(self) -> None:
        numbers = self.texts[self.by_driver]
        number = numbers.next()
        await self.world.update("projects", self.by_driver, {"title": f"Piso {number}"})
        token = self.world.own_write()
        numbers.wrote(number, time.monotonic())
        await self._page(self.by_driver, number, token)

    async def _draw(self) -> None:
        numbers = self.texts[self.design]
        edits = [{"addElement": _SOFA} if numbers.newest == 0 else _SET]
        variables = {"i": ids.encode("Design", self.design), "batch": f"b{numbers.next()}", "edits": edits}
        token, answer = await self._mutate(_EDIT, variables)
        numbers.wrote(answer["seq"], time.monotonic())
        await self._canvas(answer["seq"], token)

    async def _any_page(self) -> None:
        id_ = next(self._turn)
        await (self._canvas() if id_ == self.design else self._page(id_))

    async def _page(self, project: ObjectId, due: int | None = None, token: str = "") -> None:
        numbers, asked = self.texts[project], time.monotonic()
        said, data = await self._ask("ProjectPage", {"slug": self.world.projects[project]}, token)
        self._judge(project, said, _number(data["publicProject"]["title"]), numbers.due(asked), due)

    async def _canvas(self, due: int | None = None, token: str = "") -> None:
        numbers, asked = self.texts[self.design], time.monotonic()
        said, data = await self._ask("DesignPage", {"id": ids.encode("Design", self.design)}, token)
        self._judge(self.design, said, data["publicDesign"]["canvas"]["seq"], numbers.due(asked), due)

    async def _list(self) -> None:
        asked = time.monotonic()
        said, data = await self._ask("Gallery", {"first": 10})
        shown = {ids.key(edge["node"]["id"], "Project"): edge["node"]["title"] for edge in data["gallery"]["edges"]}
        dues = {project: self.texts[project].due(asked) for project in shown if project in self.texts}
        for project, due in dues.items():
            self._judge(project, said, _number(shown[project]), due, None)

    def _judge(self, id_: ObjectId, said: str, shown: int, due: int, own: int | None) -> None:
        self.ledger.judge(said, shown, due if own is None else own, self.texts[id_], kind="" if own is None else "own")
        self.ledger.telling += due > self._mark.get(id_, due)
        self.ledger.settled += id_ == self.seldom and due == self.texts[id_].newest and said.startswith("edge; hit")

    async def _ask(self, operation: str, variables: Mapping[str, Any], token: str = "") -> tuple[str, Any]:
        headers = {"Edge_As_Of": token} if token else {}
        said, status, body = await self.world.ask(self.world.edge, operation, dict(variables), **headers)
        if status != 200:
            raise _RefusedError(status, body)
        return said, orjson.loads(body)["data"]

    async def _mutate(self, query: str, variables: Mapping[str, Any]) -> tuple[str, Any]:
        """Run a mutation through the edge: (the token of the write, its field `r`)."""
        headers = {"Authorization": f"Bearer {self.world.keys.access_token(self.world.keys.claims(self.world.token))}"}
        body = {"query": query, "variables": variables}
        async with self.world.session.post(f"{self.world.edge}/graphql", json=body, headers=headers) as response:
            text = await response.read()
            if response.status != 200 or b'"errors"' in text:
                raise _RefusedError(response.status, text)
            return response.headers["Edge-As-Of"], orjson.loads(text)["data"]["r"]


_SOFA = {"key": "sofa", "kind": "FURNITURE", "x": 0, "y": 0, "width": 200, "height": 90}


class _RefusedError(Exception):
    """A request was answered with something else than data."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body[:300].decode()}")
        self.status = status


def _number(title: str) -> int:
    """Return the number that a title says; the first titles say none."""
    return int(title.rpartition(" ")[2]) if " " in title else 0

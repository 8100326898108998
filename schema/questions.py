"""Questions to the database. Those of one kind are answered by one read, whoever asks them: no row is read twice."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId

from auth.viewer import Viewer, present, standing
from models.entity import Entity, now
from models.user import Session
from schema.lists import Lists, PageKey
from schema.loaders import CanvasRows, read_canvases
from schema.reader import Aggregation, Find, Projection, Read, Reader

Row = Mapping[str, Any]

Answering = Callable[[list[Any]], list[Any]]
"""Makes of the rows of a read the answer to each question."""


def keys_of(ids: Iterable[Any]) -> list[Any]:
    """Return what ids are looked up by: the bytes of the driver's, which are slow to compare, others as they are."""
    return [id_.binary if isinstance(id_, ObjectId) else id_ for id_ in ids]


class Question(ABC):
    """What one request wants to know."""

    @property
    @abstractmethod
    def kind(self) -> Hashable:
        """What it has in common with questions that are answered together with it."""


MOST_LOOKED_UP = 4
"""Up to how many entities are looked up, beside which the command is what costs."""


class Readable(Question):
    """A question that a read answers; bounded, by ids or by a limit."""

    @property
    def lookup(self) -> bool:
        """Whether it reads a few rows, each by a unique index."""
        return False

    @abstractmethod
    def together(self, asked: Sequence[Any]) -> tuple[Read, Answering]:
        """Return the read that answers all these questions, which are of its kind, and what answers each by it."""


class Entities(Readable):
    """Entities of one document class by their ids, each under its key (see `keys_of`).

    The answer has a row for each key, None where there is none.
    """

    def __init__(self, document: type[Entity], wanted: Mapping[Any, Any], projection: Projection) -> None:
        self.document, self.wanted, self.projection = document, wanted, projection

    @property
    def kind(self) -> Hashable:
        """Return the class, and what is read of it."""
        return Entities, self.document, *self.projection

    @property
    def lookup(self) -> bool:
        """Whether they are few."""
        return len(self.wanted) <= MOST_LOOKED_UP

    def together(self, asked: Sequence[Entities]) -> tuple[Read, Answering]:
        """Read by all the ids."""
        ids = [*{key: id_ for one in asked for key, id_ in one.wanted.items()}.values()]
        query = {"_id": ids[0] if len(ids) == 1 else {"$in": ids}}

        def answering(rows: list[Any]) -> list[dict[Any, Row | None]]:
            found = dict(zip(keys_of([row["_id"] for row in rows]), rows, strict=True))
            return [{key: found.get(key) for key in one.wanted} for one in asked]

        return Find(self.document, query, projection=self.projection), answering


class Pages(Readable):
    """Pages of one collection's lists, all of one group (see `Lists.groups`); with `counted` only how many rows.

    The answer has the rows of each page, one more than it shows where there are more; or how many they are.

    Raises:
        InvalidInputError: a cursor is malformed, or not one of its list.

    """

    def __init__(
        self, lists: Lists, keys: Sequence[PageKey], projection: Projection | None, *, counted: bool = False
    ) -> None:
        self.lists, self.keys, self.projection, self.counted = lists, keys, projection, counted
        for key in keys:
            lists.behind(key)

    @property
    def kind(self) -> Hashable:
        """Return the collection and what its pages have in common; a cursor belongs to one list only."""
        same = self.lists.same(self.keys[0]) if self.keys[0].after is None else (*self.keys,)
        return Pages, self.lists.name, same, self.counted, *(self.projection or ())

    @property
    def lookup(self) -> bool:
        """Whether each has one row at most."""
        return self.lists.collection.single and not self.counted and len(self.keys) <= MOST_LOOKED_UP

    def together(self, asked: Sequence[Pages]) -> tuple[Read, Answering]:
        """Read each page once."""
        lists = self.lists
        keys = self.keys if len(asked) == 1 else [*dict.fromkeys(key for one in asked for key in one.keys)]

        def answering(rows: list[Any]) -> list[dict[PageKey, Any]]:
            found: Mapping[PageKey, Any] = lists.answers(keys, rows, counted=self.counted)
            if self.counted:
                found = {key: counts[0]["n"] if counts else 0 for key, counts in found.items()}
            return [{key: found[key] for key in one.keys} for one in asked]

        return lists.read(keys, self.projection, counted=self.counted), answering


class SignedIn(Readable):
    """Whether a user's device is signed in, and their roles; the answer is the viewer, None where it is not."""

    kind = "signed in"
    lookup = True

    def __init__(self, user: PydanticObjectId, session: PydanticObjectId) -> None:
        self.user, self.session = user, session

    def together(self, asked: Sequence[SignedIn]) -> tuple[Read, Answering]:
        """Read of all devices and users at once."""
        users, sessions = {one.user: None for one in asked}, {one.session: None for one in asked}

        def answering(rows: list[Any]) -> list[Viewer | None]:
            found: defaultdict[Any, list[Row]] = defaultdict(list)
            for row in rows:
                found[row["user"]].append(row)
            return [present(one.user, one.session, found[one.user]) for one in asked]

        return Aggregation(Session, standing([*users], [*sessions], now())), answering


class Plain(Readable):
    """A read that is like no other; the answer is its rows."""

    def __init__(self, read: Read) -> None:
        self.read = read

    @property
    def kind(self) -> Hashable:
        """Return what no other has."""
        return id(self)

    def together(self, asked: Sequence[Plain]) -> tuple[Read, Answering]:
        """Read it."""
        del asked
        return self.read, lambda rows: [rows]


class Canvases(Question):
    """Designs' canvases; the answer has each as `CanvasRows`. They may be long, so they are not asked with others."""

    def __init__(self, designs: Sequence[Any], projection: Projection) -> None:
        self.designs, self.projection = designs, projection

    @property
    def kind(self) -> Hashable:
        """Return all of it."""
        return Canvases, *self.designs, *self.projection

    async def answer(self, reader: Reader) -> dict[Any, CanvasRows]:
        """Read them."""
        return await read_canvases(reader, self.designs, self.projection)


async def ask_apart(reader: Reader, questions: Sequence[Canvases]) -> list[Any]:
    """Return the answer to each question, every kind by its own commands, side by side."""
    groups = _groups(questions)
    answers = await asyncio.gather(*(questions[numbers[0]].answer(reader) for numbers in groups))
    found = {number: answer for numbers, answer in zip(groups, answers, strict=True) for number in numbers}
    return [found[number] for number in range(len(questions))]


async def ask(reader: Reader, questions: Sequence[Readable]) -> list[Any]:
    """Return the answer to each question, all by one command."""
    groups = _groups(questions)
    reads = [questions[numbers[0]].together([questions[n] for n in numbers]) for numbers in groups]
    found = await reader.read_together([read for read, _ in reads])
    answers: dict[int, Any] = {}
    for numbers, (_, answering), rows in zip(groups, reads, found, strict=True):
        answers.update(zip(numbers, answering(rows), strict=True))
    return [answers[number] for number in range(len(questions))]


def _groups(questions: Sequence[Question]) -> list[list[int]]:
    """Return the numbers of the questions of each kind."""
    groups: dict[Hashable, list[int]] = {}
    for number, question in enumerate(questions):
        groups.setdefault(question.kind, []).append(number)
    return [*groups.values()]

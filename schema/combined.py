"""Questions of requests that are answered at the same time, in one command.

What a command costs the driver is more than what most reads cost beside it, and requests at one time often want the
same rows. So questions that come in one turn of the event loop are asked together, and those that come while a command
is under way wait for its answer, for a millisecond at most, and are asked together soon after (as TCP does with small
segments: Nagle's algorithm, RFC 896). Look-ups, of which the command is the whole cost, wait for each other alone, and
longer. Where requests come one at a time nothing waits for anything. Nothing is remembered: each read begins after its
request came, and sees at least the moment that it must.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from bson import Timestamp
from pymongo.errors import OperationFailure

from models.database import Database
from schema.questions import Canvases, Question, Readable, ask, ask_apart
from schema.reader import Reader

MOST_QUESTIONS = 32
"""The most questions in one command. MongoDB answers them one after another."""

LONGEST_WAIT = 0.001
"""How long questions wait for a command that is under way (s)."""

LONGEST_WAIT_OF_LOOKUPS = 0.004
"""How long look-ups do, which wait for each other alone: one that is under way takes about a millisecond."""


class _Waiting(NamedTuple):
    questions: Sequence[Question]
    as_of: Timestamp | None
    answers: asyncio.Future[list[Any]]


class Combined:
    """What the requests of one process ask together; times are without a zone (see `Reader.naive`)."""

    def __init__(self, database: Database) -> None:
        self._lookups = _Lane(database, ask, LONGEST_WAIT_OF_LOOKUPS)
        self._together, self._apart = _Lane(database, ask), _Lane(database, ask_apart)

    async def ask(self, questions: Sequence[Readable], as_of: Timestamp | None) -> list[Any]:
        """Return the answer to each question, as of a moment or later; see `schema.questions.ask`."""
        lane = self._lookups if all(question.lookup for question in questions) else self._together
        return await lane.ask(questions, as_of)

    async def ask_apart(self, questions: Sequence[Canvases], as_of: Timestamp | None) -> list[Any]:
        """Return the answer to each question, as of a moment or later; see `schema.questions.ask_apart`."""
        return await self._apart.ask(questions, as_of)


class _Lane:
    """Questions that wait for each other, and how they are asked."""

    def __init__(
        self,
        database: Database,
        ask: Callable[[Reader, Sequence[Any]], Awaitable[list[Any]]],
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._database, self._ask, self._longest_wait = database, ask, longest_wait
        self._waiting: list[_Waiting] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._flush_at: asyncio.Handle | None = None

    async def ask(self, questions: Sequence[Question], as_of: Timestamp | None) -> list[Any]:
        """Return the answer to each question, as of a moment or later."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(questions, as_of, loop.create_future())
        self._waiting.append(waiting)
        if self._flush_at is None:
            self._flush_at = (
                loop.call_later(self._longest_wait, self._flush) if self._sending else loop.call_soon(self._flush)
            )
        return await waiting.answers

    def _flush(self) -> None:
        """Send what waits."""
        self._flush_at = None
        group: list[_Waiting] = []
        size = 0
        for waiting in self._waiting:
            if size + len(waiting.questions) > MOST_QUESTIONS and group:
                self._send(group)
                group, size = [], 0
            group.append(waiting)
            size += len(waiting.questions)
        self._send(group)
        self._waiting = []

    def _send(self, group: list[_Waiting]) -> None:
        task = asyncio.ensure_future(self._answer(group))
        self._sending.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if self._waiting and not self._sending:
            self._next_turn(self._last_call)

    def _last_call(self) -> None:
        """Send what waits in the next turn: who was answered just now may ask again in this one."""
        self._next_turn(self._flush)

    def _next_turn(self, action: Callable[[], None]) -> None:
        """Do something in the next turn of the loop, instead of what was planned."""
        if self._flush_at is not None:
            self._flush_at.cancel()
        self._flush_at = asyncio.get_running_loop().call_soon(action)

    async def _answer(self, group: list[_Waiting]) -> None:
        as_of = max((waiting.as_of for waiting in group if waiting.as_of is not None), default=None)
        reader = Reader(self._database, as_of, naive=True)
        try:
            answers = await self._ask(reader, [question for waiting in group for question in waiting.questions])
        except OperationFailure as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for waiting in group:  # one of them is to blame, and the others are not
                await self._answer([waiting])
            return
        except asyncio.CancelledError:
            for waiting in group:
                waiting.answers.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            _fail(group, error)
            return
        for waiting in group:
            if not waiting.answers.done():
                waiting.answers.set_result(answers[: len(waiting.questions)])
            answers = answers[len(waiting.questions) :]


def _fail(group: list[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.answers.done():
            waiting.answers.set_exception(error)

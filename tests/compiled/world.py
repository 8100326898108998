"""The world of the difference: its data in a database of its own, who asks, and both executors over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import orjson
from bson import Timestamp
from graphql import GraphQLSchema
from pymongo import AsyncMongoClient, IndexModel
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.services import image_links
from auth.viewer import ANONYMOUS, Viewer
from models.database import Database
from models.organization import Role
from models.recorded import recorded_only
from models.register import DOCUMENTS
from resolvers.api import Api, build
from schema.compiled.declined import DeclinedError
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from schema.context import Context, PictureLinks
from schema.dependencies import Dependencies
from schema.errors import masked
from schema.loaders import Loaders
from schema.prepared import Operation, Prepared, Preparer
from schema.reader import Reader
from tests.compiled.rows import GONE, ROLES, Row, documents, oid
from tests.platform import Platform

_COUNTED: ContextVar[list[str] | None] = ContextVar("the commands of one execution", default=None)


class Commands(CommandListener):
    """Notes the reads of each execution, by the context that it runs in: what one leaves behind is not another's."""

    def started(self, event: CommandStartedEvent) -> None:
        """Note a command that reads."""
        counted = _COUNTED.get()
        if counted is not None and event.command_name in {"find", "aggregate", "getMore"}:
            counted.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note nothing more."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Note nothing more."""


@contextmanager
def counted() -> Iterator[list[str]]:
    """Give the reads that are sent in this block."""
    found: list[str] = []
    token = _COUNTED.set(found)
    yield found
    _COUNTED.reset(token)


class Asked(NamedTuple):
    """One request: a document, which of its operations, its variables, who asks, and whether as of a moment."""

    text: str
    operation: str | None
    variables: dict[str, Any]
    viewer: str
    as_of: bool = False


class Answered(NamedTuple):
    """What an executor answered: the body, what it depends on, and how many commands it sent.

    `declined` is why a plan answered nothing; it is `expected` where the request itself is the reason.
    """

    body: bytes
    tags: frozenset[str] = frozenset()
    ranges: Counter[tuple[str, ...]] = Counter()
    commands: int = 0
    declined: str | None = None
    expected: bool = True

    @property
    def failed(self) -> bool:
        """Whether the answer has errors."""
        return b'"errors"' in self.body[:10]


class Compared(NamedTuple):
    """Both answers to a request, and how they differ, if they do."""

    plan: Answered
    core: Answered
    difference: str | None


def viewers() -> dict[str, Viewer]:
    """Return who asks, by name."""
    a, b, c = (oid("organization", name) for name in "abc")
    known: dict[str, dict[Any, Role]] = {name: {a: Role(role)} for name, role in ROLES.items()}
    known |= {"several": {a: Role.OWNER, b: Role.VIEWER, GONE: Role.EDITOR}, "outsider": {}}
    known |= {"stranger": {c: Role.OWNER}, "ghost": {a: Role.ADMIN}}
    user: Any = partial(oid, "user")
    signed_in = {name: Viewer(user(name), None, {**roles}) for name, roles in known.items()}
    return {"nobody": ANONYMOUS, **signed_in}


@dataclass
class World:
    """Both executors, over the same data."""

    database: Database
    links: PictureLinks
    moment: Timestamp
    api: Api
    preparer: Preparer
    executor: Executor
    viewers: dict[str, Viewer] = field(default_factory=viewers)

    @property
    def schema(self) -> GraphQLSchema:
        """Return graphql-core's schema."""
        return self.preparer.schema

    def context(self, asked: Asked, operation: Operation) -> Context:
        """Make a request's context, as for one that comes over HTTP."""
        reader = Reader(self.database, self.moment if asked.as_of and operation.public else None)
        dependencies = Dependencies()
        viewer = ANONYMOUS if operation.public else self.viewers[asked.viewer]
        loaders = Loaders(reader, dependencies)
        return Context(
            viewer=viewer, loaders=loaders, dependencies=dependencies, links=self.links, request_id=asked.viewer
        )

    async def by_plan(self, asked: Asked, executor: Executor | None = None) -> Answered:
        """Have a plan answer, of the world's executor or another's; it is made now, if there is none."""
        answered = await self._by_plan(asked, executor or self.executor)
        if answered.declined is not None and "being made" in answered.declined:
            await self.executor.plans.settled()
            answered = await self._by_plan(asked, executor or self.executor)
        return answered

    async def _by_plan(self, asked: Asked, executor: Executor) -> Answered:
        prepared, operation = self._chosen(asked)
        context = self.context(asked, operation)
        try:
            with counted() as commands:
                body = await executor.attempt(prepared, operation, asked.variables, context, registered=True)
        except DeclinedError as declined:
            untouched, found = Dependencies(), context.dependencies
            assert (found.tags, found.ranges) == (untouched.tags, untouched.ranges), "it leaves nothing behind"
            return Answered(b"", commands=len(commands), declined=str(declined), expected=declined.expected)
        return _answered(body, context, commands)

    async def by_core(self, asked: Asked) -> Answered:
        """Have graphql-core answer."""
        _, operation = self._chosen(asked)
        context = self.context(asked, operation)
        with recorded_only() if operation.public and operation.max_age > 0 else nullcontext(), counted() as commands:
            result = await self.api.execute(
                asked.text, variable_values=asked.variables, context_value=context, operation_name=operation.name
            )
        errors = [masked(error, suggestions=True).formatted for error in result.errors or ()]
        body = {"errors": errors, "data": result.data} if errors else {"data": result.data}
        return _answered(orjson.dumps(body), context, commands)

    async def compare(self, asked: Asked) -> Compared:
        """Have both answer a request, one after the other."""
        plan, core = await self.by_plan(asked), await self.by_core(asked)
        names = self.preparer.prepare(asked.text).directive_variables
        if plan.declined is not None and any(asked.variables.get(name, True) is None for name in names):
            return Compared(plan, core, None)  # graphql-core finds this error only where it comes to the directive
        return Compared(plan, core, difference(plan, core))

    def _chosen(self, asked: Asked) -> tuple[Prepared, Operation]:
        prepared = self.preparer.prepare(asked.text)
        return prepared, prepared.choose(asked.operation)


def _answered(body: bytes, context: Context, commands: list[str]) -> Answered:
    found = context.dependencies
    return Answered(body, frozenset(found.tags), Counter(found.ranges), len(commands))


def difference(plan: Answered, core: Answered) -> str | None:
    """Say how two executors' answers to one request differ, if they do.

    A plan declines what has an error, and before it reads what has arguments that are refused, come to or not.
    """
    if plan.declined is not None:
        allowed = plan.expected and (core.failed or plan.commands == 0)
        return None if allowed else f"the plan declines: {plan.declined}"
    if plan.body != core.body:
        return "the answers differ"
    if plan.tags != core.tags:
        return f"tags: {sorted(plan.tags ^ core.tags)}"
    if plan.ranges != core.ranges:
        return f"ranges: {plan.ranges - core.ranges} more, {core.ranges - plan.ranges} fewer"
    return None if plan.commands <= core.commands else f"{plan.commands} commands, not {core.commands}"


@asynccontextmanager
async def build_world(platform: Platform) -> AsyncIterator[World]:
    """Write the data to a database of its own, and give both executors over it, on a client that is heard."""
    url: Any = platform.settings.mongodb_url
    client: AsyncMongoClient[Row] = AsyncMongoClient(url, tz_aware=True, event_listeners=[Commands()])
    async with client:
        database = Database(client, "difference")
        await client.drop_database("difference")
        for document in DOCUMENTS:
            indexes = [index for collection in document.collections for index in collection.indexes()]
            if indexes:
                await database.handle[document.stored_in()].create_indexes(indexes)
        await database.handle["projects"].create_indexes([IndexModel([("location", "2dsphere")])])
        for name, rows in documents().items():
            await database.handle[name].insert_many(rows)
        moment = await database.pulse("difference")
        api, preparer = build()
        executor = Executor(Plans(api))
        yield World(database, image_links(platform.settings), moment, api, preparer, executor)
        await client.drop_database("difference")

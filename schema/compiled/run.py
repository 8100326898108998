"""One request by a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError
from pymongo.errors import ConnectionFailure

from auth.viewer import Viewer
from models.errors import DomainError
from schema.combined import Combined
from schema.compiled import views
from schema.compiled.compiler import Compiler
from schema.compiled.declined import DeclinedError
from schema.compiled.loads import Entities, Load, Many, Nothing, OnlyRow, Pages, Search
from schema.compiled.shapes import Plan, Root
from schema.compiled.variables import Variables
from schema.compiled.wave import Wave
from schema.context import Context
from schema.dependencies import Dependencies
from schema.entries import ById, Caller, Only, Rows, Several
from schema.lists import check_first
from schema.nearby import Nearby
from schema.node import TYPES
from schema.reader import Projection, Reader


class Info(NamedTuple):
    """What a computed field's function may know of the request."""

    context: Context


_NOTHING: Projection = {"_id": 1}


class Run:
    """What one request has read so far."""

    def __init__(
        self,
        plan: Plan,
        arguments: Sequence[Mapping[str, Any]],
        context: Context,
        reader: Reader,
        combined: Combined | None,
    ) -> None:
        self.plan, self.arguments, self.reader, self.combined = plan, arguments, reader, combined
        self.viewer: Viewer = context.viewer
        self.info = Info(context)
        self.dependencies = Dependencies()
        self.entities: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
        self.pages: dict[Any, Any] = {}
        self.counts: dict[Any, int] = {}
        self.canvases: dict[Any, Any] = {}
        self.likes: dict[Any, bool] = {}
        self.searches: dict[Any, list[Any]] = {}

    def projection(self, kind: str) -> Projection:
        """Return what is read of a document type."""
        return self.plan.projections.get(kind, _NOTHING)

    def begin(self, root: Root) -> Load:
        """Return what reads an entry field; raises DomainError where its arguments are refused."""
        wanted = root.wants(None, **self.arguments[root.arguments])
        match wanted:
            case Rows() if root.page is not None:
                return Pages(self, root.page, ((wanted.collection, wanted.key),))
            case Only() if root.page is not None:
                return OnlyRow(self, root.page, ((wanted.collection, wanted.key),))
            case Nearby() if root.page is not None:
                return Search(self, root.page, wanted)
            case ById():
                return self._entity(root, wanted)
            case Several():
                return Many([self._entity(root, entity) for entity in wanted.entities])
            case Caller():
                return Entities(self, root.shapes["User"], (self.viewer.user,)) if self.viewer.user else Nothing()
        raise DeclinedError(f"{type(wanted).__name__} is nothing that plans know", expected=False)

    def _entity(self, root: Root, wanted: ById) -> Load:
        shape = root.shapes[wanted.kind]
        node: Any = TYPES[shape.document]
        if wanted.public:
            show = views.maker(node, frozenset(root.decides))
            return Entities(self, shape, (wanted.key,), lambda row: show(row).document.public)
        show = views.maker(node, frozenset(node.judged_by))
        return Entities(self, shape, (wanted.key,), lambda row: show(row).visible(self.viewer))


async def execute(
    compiler: Compiler, plan: Plan, variables: Variables, context: Context, combined: Combined | None = None
) -> bytes:
    """Answer a request: return `{"data": …}`, and add what it depends on to the context's dependencies.

    With `combined`, reads go together with those of other requests.

    Raises:
        DeclinedError: graphql-core must answer it.
        ConnectionFailure: the database does not answer.

    """
    try:
        arguments = [compiler.arguments(argument, variables) for argument in plan.arguments]
        for number in plan.firsts:
            check_first(arguments[number]["first"])
        run = Run(plan, arguments, context, context.loaders.recording.naive(), combined)
        data = await _data(run)
        body = orjson.dumps({"data": data}, option=orjson.OPT_NAIVE_UTC)
    except (DomainError, GraphQLError) as error:
        raise DeclinedError(f"it has an error: {error}") from error
    except (DeclinedError, ConnectionFailure):
        raise
    except Exception as error:
        raise DeclinedError(f"{type(error).__name__}: {error}", expected=False) from error
    context.dependencies.tags.update(run.dependencies.tags)
    context.dependencies.ranges.update(run.dependencies.ranges)
    return body


async def _data(run: Run) -> dict[str, Any]:
    roots = {root.key: run.begin(root) for root in run.plan.roots}
    loads: list[Load] = [*roots.values()]
    while loads:
        wave = Wave(run)
        for load in loads:
            load.ask(wave)
        await wave.read()
        loads = [further for load in loads for further in load.take()]
    data: dict[str, Any] = dict.fromkeys(run.plan.keys)
    data |= run.plan.constants
    data |= {key: load.values()[0] for key, load in roots.items()}
    return data

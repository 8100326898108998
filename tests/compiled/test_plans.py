"""The plans that are kept: when a query gets one, how many are made at once, and why there is none."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from graphql import parse

from app.http.registry import load
from resolvers.api import Api, build
from schema.compiled.compiler import Compiler
from schema.compiled.plans import HOT, Plans
from schema.compiled.selection import MOST_FIELDS
from schema.compiled.shapes import Plan
from schema.compiled.source import Source
from schema.prepared import Operation, Prepared, Preparer
from tests.compiled.planned import BY_HAND

MAKING = "its plan is being made"
SELDOM = "it is not asked often"
VIEWER = "query Q { viewer { name } }"


@pytest.fixture(scope="module")
def built() -> tuple[Api, Preparer]:
    """Give a schema, and what prepares documents for it."""
    return build()


@pytest.fixture
def preparer(built: tuple[Api, Preparer]) -> Preparer:
    """Give what prepares documents."""
    return built[1]


@pytest.fixture
def plans(built: tuple[Api, Preparer]) -> Plans:
    """Give plans that are empty."""
    return Plans(built[0])


class Gate:
    """A compiler that waits until it may go on, and notes who is in it."""

    def __init__(self) -> None:
        self.opened, self.entered = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []
        self.inside = self.most = 0

    def guard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand before the compiler."""
        compile_ = Compiler.compile

        def waiting(compiler: Compiler, *arguments: Any) -> Plan:
            self.threads.append(threading.current_thread())
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.entered.set()
            assert self.opened.wait(20)
            self.inside -= 1
            return compile_(compiler, *arguments)

        monkeypatch.setattr(Compiler, "compile", waiting)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Give a gate, which is open at the end."""
    gate = Gate()
    gate.guard(monkeypatch)
    yield gate
    gate.opened.set()


def ask(
    plans: Plans, prepared: Prepared, variables: dict[str, object] | None = None, *, registered: bool = False
) -> Plan | str:
    """Ask for the plan of a document's only operation."""
    return plans.get(prepared, prepared.choose(None), variables or {}, registered=registered)


async def made(plans: Plans, prepared: Prepared, variables: dict[str, object] | None = None) -> Plan | str:
    """Have a registered document's plan made, and return it."""
    assert ask(plans, prepared, variables, registered=True) == MAKING
    await plans.settled()
    return ask(plans, prepared, variables, registered=True)


async def test_any_query_gets_its_plan_when_it_is_hot(plans: Plans, preparer: Preparer) -> None:
    """Given a query that nobody registered, then it gets a plan once it was asked a few times."""
    prepared = preparer.prepare(VIEWER)
    assert [ask(plans, prepared) for _ in range(HOT)] == [SELDOM] * (HOT - 1) + [MAKING]
    await plans.settled()
    plan = ask(plans, prepared)
    assert isinstance(plan, Plan)
    assert ask(plans, prepared) is plan


async def test_a_registered_one_gets_it_at_first(plans: Plans, preparer: Preparer) -> None:
    """Given a query that is registered, then its plan is made when it is first asked."""
    assert isinstance(await made(plans, preparer.prepare(VIEWER)), Plan)


async def test_plans_are_made_beside_the_loop(plans: Plans, preparer: Preparer, gate: Gate) -> None:
    """Given a plan that takes long, then the loop goes on, and others' plans wait: one is made at a time."""
    first, second = preparer.prepare(VIEWER), preparer.prepare("{ viewer { id } }")
    assert ask(plans, first, registered=True) == MAKING
    assert await asyncio.to_thread(gate.entered.wait, 20)
    for prepared in (first, second, second):
        assert ask(plans, prepared, registered=True) == MAKING
    gate.opened.set()
    await plans.settled()
    assert isinstance(ask(plans, first, registered=True), Plan)
    assert ask(plans, second, registered=True) == MAKING, "now it is made"
    await plans.settled()
    assert isinstance(ask(plans, second, registered=True), Plan)
    assert len(gate.threads) == 2
    assert gate.most == 1
    assert threading.main_thread() not in gate.threads


async def test_the_release_has_plans_from_the_start(plans: Plans, preparer: Preparer) -> None:
    """Given the registered documents, then every query of declared fields has a plan at once, and keeps it."""
    for text in load().values():
        prepared = preparer.prepare(text)
        plans.add(prepared)
        for operation in prepared.operations.values():
            found = plans.get(prepared, operation, {}, registered=True)
            query = operation.kind.value == "query" and operation.name not in BY_HAND
            assert isinstance(found, Plan) == query, found


async def test_a_boolean_s_values_have_plans_of_their_own(plans: Plans, preparer: Preparer) -> None:
    """Given a variable in a directive, then each of its values has a plan; other variables share one."""
    prepared = preparer.prepare("query ($b: Boolean!, $n: ID!) { viewer { id } node(id: $n) @include(if: $b) { id } }")
    with_, without = await made(plans, prepared, {"b": True}), await made(plans, prepared, {"b": False})
    assert isinstance(with_, Plan)
    assert isinstance(without, Plan)
    assert (with_.keys, without.keys) == (("viewer", "node"), ("viewer",))
    assert ask(plans, prepared, {"b": True, "n": "x"}) is with_
    assert ask(plans, prepared, {"b": False, "n": "y"}) is without


REASONS = {
    'mutation { signOut(refreshToken: "x") { ok } }': "it is a mutation",
    'subscription { designEvents(designId: "x") { __typename } }': "it is a subscription",
    "{ __schema { queryType { name } } }": "Query.__schema is resolved by hand",
    '{ __type(name: "User") { name } viewer { id } }': "Query.__type is resolved by hand",
}


@pytest.mark.parametrize("text", REASONS)
async def test_what_has_no_plan_has_a_reason(plans: Plans, preparer: Preparer, text: str) -> None:
    """Given what is no query, or asks for the schema, then words say why there is no plan."""
    prepared = preparer.prepare(text)
    first = ask(plans, prepared, registered=True)
    await plans.settled()
    found = ask(plans, prepared, registered=True)
    assert found == REASONS[text]
    assert first in {MAKING, found}


def large(fields: int) -> str:
    """Return a query that selects so many fields of documents."""
    names = "id title slug description kind status visibility style areaM2 rooms"
    times = fields // 10
    selected = " ".join(f'a{number}: project(id: "x") {{ ...F }}' for number in range(times))
    return f"{{ {selected} }} fragment F on Project {{ {names} }}"


async def test_a_query_that_is_too_large_has_no_plan(plans: Plans, preparer: Preparer) -> None:
    """Given as many fields of documents as a plan may have, then it is made; with more, the reason says so."""
    assert isinstance(await made(plans, preparer.prepare(large(MOST_FIELDS))), Plan)
    found = await made(plans, _unchecked(preparer, large(MOST_FIELDS + 10)))
    assert found == f"it selects more than {MOST_FIELDS} fields of documents"


def _unchecked(preparer: Preparer, text: str) -> Prepared:
    """Prepare a valid document that is beyond the limits."""
    document = parse(text)
    node: Any = document.definitions[0]
    operation: Operation = replace(preparer.prepare(VIEWER).choose(None), node=node, name=None)
    return Prepared(text, document, {None: operation})


async def test_registered_queries_are_small(plans: Plans, preparer: Preparer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given the largest query of the release, then its plan has far fewer lines of code than a plan may have."""
    lines: list[int] = []
    build_ = Source.build

    def counting(source: Source) -> Any:
        lines[-1] += source.text.count("\n")
        return build_(source)

    monkeypatch.setattr(Source, "build", counting)
    for text in load().values():
        lines.append(0)
        plans.add(preparer.prepare(text))
    largest = max(lines)
    lines.append(0)
    plans.add(preparer.prepare(large(MOST_FIELDS)))
    assert 20 < largest < lines[-1] / 3


async def test_a_fault_of_the_compiler_is_no_answer_s_fault(
    plans: Plans, preparer: Preparer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a compiler that fails, then it is logged once, and graphql-core goes on answering."""

    def failing(*_: Any) -> Plan:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Compiler, "compile", failing)
    prepared = preparer.prepare(VIEWER)
    assert [await made(plans, prepared), ask(plans, prepared)] == ["its plan could not be made"] * 2
    assert [record.message for record in caplog.records if record.exc_info] == [
        f"No plan could be made of Q ({prepared.id})."
    ]


async def test_ten_thousand_queries_take_bounded_memory(built: tuple[Api, Preparer]) -> None:
    """Given many different queries, some of them hot, then what is kept of them stays within its bounds."""
    api, preparer = built
    plans = Plans(api, capacity=512 * 1024)
    prepared = preparer.prepare("{ viewer { id name } }")
    kept, counts = plans._plans, plans._asked  # noqa: SLF001 - what is bounded has no other use
    sizes = []
    for number in range(10_000):
        other = replace(prepared, text=f"{prepared.text} # {number}")  # another text, and so another query
        hot = number % 10 == 0
        found = [ask(plans, other) for _ in range(HOT if hot else 1)]
        assert found[-1] == (MAKING if hot else SELDOM)
        await plans.settled()
        assert kept.used <= kept.capacity
        assert counts.used <= counts.capacity
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert 10 < len(kept) < 1000
    assert len(counts) < 10_000
    assert sizes[-1] - sizes[2000] < 64 * 1024, "kilobytes"

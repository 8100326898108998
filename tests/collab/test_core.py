"""The client core does what the server's does, and its types are those of the schema."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.plans import OPERATIONS
from models.canvas import Canvas, Outcome, apply
from models.edits import AddElement, Edit, MoveElement, RemoveElement, SetElement, undoing
from models.rebalancing import apply_and_rebalance
from tests.app.processes import ROOT
from tests.collab.conftest import npm_run
from tests.models.test_canvas import add, living
from tests.web.node import NodeClients

Json = dict[str, Any]
Case = list[list[Edit] | int]

GENERATED = ROOT / "web" / "collab" / "src" / "generated.ts"
KEYS = st.sampled_from("abcdef")
NUMBERS = st.integers(-9, 9).map(float) | st.floats(-1e6, 1e6)
EXTENTS = st.floats(0, 1e6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.sampled_from("pq"), values, max_size=2),
    max_leaves=4,
)
PROPS = st.dictionaries(st.sampled_from(["p", "q", "__proto__", "constructor", "0"]), VALUES, max_size=3)
ORDERS = (
    st.none() | st.from_regex(r"[0-9A-Za-z]{1,8}", fullmatch=True) | st.sampled_from(["V", "V00", "zzzzzz", "z" * 64])
)
EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(add, KEYS, x=NUMBERS, parent=st.none() | KEYS, order=ORDERS, props=PROPS),
    st.builds(
        SetElement,
        key=KEYS,
        x=st.none() | NUMBERS,
        width=st.none() | EXTENTS,
        rotation=st.none() | st.floats(-360, 360),
        props=st.none() | PROPS,
    ),
    st.builds(RemoveElement, key=KEYS),
    st.builds(MoveElement, key=KEYS, parent=st.none() | KEYS, order=ORDERS),
)
BATCHES = st.lists(EDITS, min_size=1, max_size=5) | st.integers(0, 6)  # a number undoes the batch of that place


@pytest.fixture(scope="module")
def beside(client_core: NodeClients) -> Iterator[subprocess.Popen[bytes]]:
    """Start the client's core, ready to be told cases."""
    command = [client_core.node, str(client_core.folder / "dist" / "harness" / "apply.js")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


@settings(max_examples=200, deadline=None)
@given(case=st.lists(BATCHES, min_size=1, max_size=7))
def test_both_cores_do_the_same(beside: subprocess.Popen[bytes], case: Case) -> None:
    """Given any batches, undoing among them, then canvas, effective edits, drops and inverse are the same in both."""
    canvas = Canvas({})
    outcomes: list[Outcome] = []
    for batch in case:
        outcomes.append(apply(canvas, edits_of(batch, outcomes)))
    theirs = told(beside, [batch if isinstance(batch, int) else [*map(plain, batch)] for batch in case])
    assert theirs["outcomes"] == [outcome_of(outcome) for outcome in outcomes]
    assert theirs["top"] == canvas.top
    assert theirs["elements"] == living(canvas) == theirs["followed"]


@settings(max_examples=100, deadline=None)
@given(case=st.lists(BATCHES, min_size=1, max_size=7))
def test_the_client_follows_what_the_server_makes_room_by(beside: subprocess.Popen[bytes], case: Case) -> None:
    """Given any batches, in which the server gives crowded siblings new keys, then who repeats them has its canvas."""
    canvas = Canvas({})
    outcomes: list[Outcome] = []
    for number, batch in enumerate(case):
        outcomes.append(apply_and_rebalance(canvas, edits_of(batch, outcomes), str(number)))
    theirs = told(beside, {"log": [outcome.effective for outcome in outcomes]})
    assert theirs == {"top": canvas.top, "elements": living(canvas)}


def edits_of(batch: list[Edit] | int, outcomes: list[Outcome]) -> list[Edit]:
    """Return a batch, or what undoes the one of that place, if there is one already."""
    if isinstance(batch, list):
        return batch
    return undoing(outcomes[batch].inverse) if batch < len(outcomes) else []


def told(beside: subprocess.Popen[bytes], case: list[list[Json] | int] | Json) -> Json:
    """Tell the client's core a case, and return what it makes of it."""
    assert beside.stdin is not None
    assert beside.stdout is not None
    beside.stdin.write(orjson.dumps(case) + b"\n")
    beside.stdin.flush()
    answer: Json = orjson.loads(beside.stdout.readline())
    return answer


def plain(edit: Edit) -> Json:
    """Return an edit as the client has it: what is not given is not there."""
    if isinstance(edit, AddElement):
        return {"edit": "add", "key": edit.key, **edit.shape.model_dump(mode="json")}
    fields = edit.model_dump(exclude={"props"}, exclude_none=isinstance(edit, SetElement))
    props = getattr(edit, "props", None)
    return fields if props is None else {**fields, "props": props}


def outcome_of(outcome: Outcome) -> Json:
    """Return an outcome as the client tells it."""
    dropped = [{"index": each.index, "reason": each.reason} for each in outcome.dropped]
    return {"effective": outcome.effective, "dropped": dropped, "inverse": outcome.inverse}


def test_the_cores_own_tests(client_core: NodeClients) -> None:
    """Given the core, then its own tests hold."""
    npm_run(client_core, "unit")


def test_what_is_sent_is_registered() -> None:
    """Given production, which answers registered documents only, then the core's are among them, to the letter."""
    registered = {
        operation["body"] for operation in orjson.loads((OPERATIONS / "manifest.json").read_bytes())["operations"]
    }
    sent = re.findall(r"new TypedDocumentString\(`(.*?)`\)", GENERATED.read_text(), re.DOTALL)
    assert len(sent) == 4
    assert {text.strip() for text in sent} <= registered


def test_the_operations_types_are_those_of_the_schema(client_core: NodeClients) -> None:
    """Given the schema, when the types are generated again, then they are those that are committed."""
    npm_run(client_core, "generate")
    generated = (client_core.folder / "src" / "generated.ts").read_text()
    assert generated == GENERATED.read_text(), "Run `npm run generate` in web/collab and commit the result."

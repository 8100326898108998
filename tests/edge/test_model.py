"""The model of coherence: its rules hold, none of them can be left out, and the code decides as the model does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.coherence import Coherence
from edge.dependencies import Dependencies
from edge.model import system
from edge.model.explore import SMALL, explore
from edge.model.system import RULES, Setting, State, System
from edge.stream import Change, Entry, EntryId
from edge.tags import EVERYTHING, number, short


@pytest.mark.parametrize("name", SMALL)
def test_nothing_is_stale_in_any_interleaving(name: str) -> None:
    """Given a small system, when every interleaving is looked at, then no answer is stale."""
    found = explore(SMALL[name])
    assert found.trace is None
    assert found.states > 100


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_can_be_left_out(rule: str) -> None:
    """Given the same systems without one rule, then one of them gives a stale answer."""
    traces = [explore(setting, frozenset({rule})).trace for setting in SMALL.values()]
    assert any(trace is not None for trace in traces)


@given(
    st.lists(st.frozensets(st.integers(0, 2), min_size=1), min_size=1, max_size=6),
    st.frozensets(st.integers(0, 2), min_size=1),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 6),
)
def test_the_code_decides_as_the_model_does(
    writes: list[frozenset[int]], reads: frozenset[int], applied: int, as_of: int, lost: int
) -> None:
    """Given any writes, how many of them an edge has applied, and where its history was lost, if anywhere.

    Then the code says of an answer that nothing altered it exactly where the model does.
    """
    applied, as_of = min(applied, len(writes)), min(as_of, len(writes))
    everything = lost if 0 < lost <= applied else 0
    remembered = sum(map(len, writes[max(0, applied - system.WINDOW) : applied]))
    coherence = Coherence(window=max(1, remembered))
    coherence.begin(EntryId(0, 0))
    position = 0
    for id_ in range(1, applied + 1):
        if id_ < everything:
            continue  # never published
        changes = [Change(EVERYTHING)] if id_ == everything else [Change(f"object?{one}") for one in writes[id_ - 1]]
        coherence.apply(Entry(EntryId(id_, 0), EntryId(position, 0), "", tuple(changes)), 0.0)
        position = id_
    model = System(Setting(writes=tuple(writes), reads=(reads,)))
    state = State(committed=len(writes), published=applied, edge=applied, begun=everything)
    shown = Dependencies.of((number(short(f"object?{one}")) for one in reads), "", {})
    assert coherence.unmoved(shown, EntryId(as_of, 0)) or not model.unmoved(state, 0, as_of)
    if coherence.unmoved(shown, EntryId(as_of, 0)):
        assert not system.altered(model.setting, 0, as_of, applied)

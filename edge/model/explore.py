"""Exploring every interleaving of a small system, breadth-first, so that a trace that is found is a shortest one."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from edge.model.system import Setting, State, System, start

_A, _B = frozenset({0}), frozenset({1})

SMALL = {
    "writes to two objects": Setting(writes=(_A, _B), reads=(_A,), fetches=1),
    "an answer that reads two objects": Setting(writes=(_A, _B, _A), reads=(_A | _B,)),
    "two fetches at once": Setting(writes=(_A,), reads=(_A, _A | _B), fetches=2),
    "a silent relay": Setting(writes=(_A,), reads=(_A,), ticks=4),
    "a history that is lost": Setting(writes=(_A, _B, _B), reads=(_A,), losses=1),
    "a restart with a second layer": Setting(writes=(_A, _B, _B), reads=(_A,), restarts=1),
}
"""What continuous integration explores, in seconds."""

LARGE = {
    "three writes, two fetches": Setting(writes=(_A, _B, _A), reads=(_A, _A | _B), fetches=2),
    "all of it at once": Setting(writes=(_A, _B), reads=(_A, _B), fetches=1, ticks=3, losses=1, restarts=1),
}


class Found(NamedTuple):
    """How many states were seen, and the steps to the first stale answer, None if there is none."""

    states: int
    trace: list[str] | None


def explore(setting: Setting, broken: frozenset[str] = frozenset()) -> Found:
    """Look at every state that can be reached."""
    system, first = System(setting, broken), start(setting)
    before: dict[State, tuple[State, str] | None] = {first: None}
    ahead = deque([first])
    while ahead:
        state = ahead.popleft()
        for name, after, wrong in system.steps(state):
            if wrong is not None:
                return Found(len(before), [*_path(before, state), f"{name}: {wrong}"])
            if after not in before:
                before[after] = (state, name)
                ahead.append(after)
    return Found(len(before), None)


def _path(before: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    names: list[str] = []
    link = before[state]
    while link is not None:
        names.append(link[1])
        link = before[link[0]]
    return names[::-1]

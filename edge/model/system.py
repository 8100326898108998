"""A small platform as a state machine: what can happen next, and whether an answer that is given is stale.

Writes are committed in order, each to some objects; the id of a write is its position. A relay publishes them in order.
An answer reads one or more objects. An API process and an edge follow the stream, each with its own lag; a fetch takes
its `as_of` first, no older than what the edge had applied, reads the database later, which may know of no more than
that (a new primary does not), and its answer arrives later still. Beside that, what the real system must
survive: a history that is lost, so that the relay begins anew with an entry for everything; an edge that restarts with
what a second layer kept; a relay that falls silent.

Checked for every answer: it shows each object no older than what the edge had applied when the request arrived (fresh)
and than the client's own write (own); and one from memory no older than `PERMITTED` ticks (bounded).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

WINDOW = 1
"""How many ids back an edge remembers what was altered."""

PERMITTED = 2
"""Ticks after which an unheard pulse stops an edge from answering by itself."""

RULES = ("store", "drop", "join", "window", "own", "pulse", "gap", "layer", "position")
"""The rules that can be left out, each of which must then be missed."""

Answer = tuple[int, int]
"""An answer as (as_of, number of writes that its reads saw)."""


@dataclass(frozen=True)
class Setting:
    """What is explored: the objects that each write alters, the objects that each operation reads, how much of all."""

    writes: tuple[frozenset[int], ...]
    reads: tuple[frozenset[int], ...]
    fetches: int = 1
    ticks: int = 0
    losses: int = 0
    restarts: int = 0


class Fetch(NamedTuple):
    """One fetch: the operation, the (arrival, own write) of who began it and who joined, its progress (-1: not yet)."""

    operation: int
    asked: tuple[tuple[int, int], ...]
    as_of: int = -1
    seen: int = -1


class State(NamedTuple):
    """All of it at one moment.

    `begun` is the id up to which the edge knows no history, `late` how many ticks ago the oldest write was made that it
    has not applied, `everything` the id of the newest entry that drops all.
    """

    committed: int = 0
    published: int = 0
    api: int = 0
    edge: int = 0
    begun: int = 0
    silent: int = 0
    late: int = 0
    cached: tuple[Answer | None, ...] = ()
    layer: tuple[Answer | None, ...] = ()
    fetches: tuple[Fetch, ...] = ()
    ticks: int = 0
    losses: int = 0
    restarts: int = 0
    everything: int = 0


Step = tuple[str, State, str | None]
"""What happened, the state after it, and what was wrong with an answer that was given, if anything."""


def start(setting: Setting) -> State:
    """Return the first state: nothing written, nothing cached."""
    empty = (None,) * len(setting.reads)
    return State(cached=empty, layer=empty)


def altered(setting: Setting, operation: int, after: int, upto: int) -> bool:
    """Whether a write with an id in (after, upto] alters what an operation reads."""
    return any(setting.writes[id_ - 1] & setting.reads[operation] for id_ in range(after + 1, upto + 1))


class System:
    """The rules, but for those in `broken`."""

    def __init__(self, setting: Setting, broken: frozenset[str] = frozenset()) -> None:
        self.setting = setting
        self.broken = broken

    def steps(self, s: State) -> Iterator[Step]:
        """Yield everything that can happen next."""
        yield from self._world(s)
        yield from self._stream(s)
        yield from self._requests(s)
        for fetch in s.fetches:
            yield from self._fetch(s, fetch)

    def unmoved(self, s: State, operation: int, as_of: int) -> bool:
        """Whether the edge is certain that nothing altered an answer after its `as_of`, as far as it has applied."""
        horizon = max(s.begun, s.edge - WINDOW)
        if as_of < horizon and "window" not in self.broken:
            return False
        return not altered(self.setting, operation, max(as_of, horizon), s.edge)

    def vouches(self, s: State) -> bool:
        """Whether the edge has heard a pulse lately."""
        return s.silent < PERMITTED or "pulse" in self.broken

    def _world(self, s: State) -> Iterator[Step]:
        if s.committed < len(self.setting.writes):
            yield "a write is committed", s._replace(committed=s.committed + 1), None
        if s.ticks < self.setting.ticks:
            late = s.late + 1 if s.edge < s.committed else 0
            yield "time passes", s._replace(ticks=s.ticks + 1, silent=min(s.silent + 1, PERMITTED), late=late), None

    def _stream(self, s: State) -> Iterator[Step]:
        if s.published < s.committed:
            yield "the relay publishes", s._replace(published=s.published + 1), None
        elif s.edge == s.published and s.silent:
            yield "a pulse is heard", s._replace(silent=0), None
        if s.api < s.published:
            yield "the API hears", s._replace(api=s.api + 1), None
        if s.edge < s.published:
            yield "the edge applies", self._applied(s), None
        if s.losses < self.setting.losses and s.published < s.committed:
            anew = s._replace(published=s.committed, everything=s.committed, losses=s.losses + 1)
            yield "the history is lost, and the relay begins anew", anew, None
        if s.restarts < self.setting.restarts:
            empty = (None,) * len(s.cached)
            restarted = s._replace(
                edge=s.published, begun=max(s.everything, s.published - WINDOW), cached=empty, fetches=()
            )
            yield "the edge restarts", restarted._replace(restarts=s.restarts + 1, late=0, silent=PERMITTED), None

    def _applied(self, s: State) -> State:
        if s.edge < s.everything:  # an entry that does not follow the edge's position
            if "gap" in self.broken:
                return s._replace(edge=s.everything, late=0)
            empty = (None,) * len(s.cached)
            return s._replace(edge=s.everything, begun=s.everything, cached=empty, late=0)
        id_ = s.edge + 1
        if "drop" in self.broken:
            kept = s.cached
        else:
            kept = tuple(
                None if held and held[0] < id_ and altered(self.setting, operation, id_ - 1, id_) else held
                for operation, held in enumerate(s.cached)
            )
        return s._replace(edge=id_, cached=kept, late=0)

    def _requests(self, s: State) -> Iterator[Step]:
        for operation in range(len(self.setting.reads)):
            for own in {0, s.committed}:
                yield from self._request(s, operation, own)

    def _request(self, s: State, operation: int, own: int) -> Iterator[Step]:
        covered = s.edge >= own or "own" in self.broken
        if not covered or not self.vouches(s):
            return  # passed on: the origin's own answer is fresh
        held = s.cached[operation]
        if held is not None:
            wrong = self._wrong(operation, held[1], s.edge, own) or self._late(s, operation, held[1])
            yield f"operation {operation} is answered from memory", s, wrong
            return
        shared = s.layer[operation]
        if shared is not None and ("layer" in self.broken or self.unmoved(s, operation, shared[0])):
            wrong = self._wrong(operation, shared[1], s.edge, own)
            yield f"operation {operation} is taken from the second layer", self._kept(s, operation, shared), wrong
        running = next((fetch for fetch in s.fetches if fetch.operation == operation), None)
        if running is not None and len(running.asked) == 1:
            joined = running._replace(asked=(*running.asked, (s.edge, own)))
            yield f"operation {operation} joins a fetch", self._with(s, running, joined), None
        elif running is None and len(s.fetches) < self.setting.fetches:
            yield f"operation {operation} misses", self._with(s, None, Fetch(operation, ((s.edge, own),))), None

    def _fetch(self, s: State, fetch: Fetch) -> Iterator[Step]:
        if fetch.as_of < 0:
            told = 0 if "position" in self.broken else fetch.asked[0][0]
            yield "the API starts", self._with(s, fetch, fetch._replace(as_of=max(s.api, told))), None
        elif fetch.seen < 0:
            for seen in range(fetch.as_of, s.committed + 1):
                yield f"the API reads {seen} writes", self._with(s, fetch, fetch._replace(seen=seen)), None
        else:
            yield self._arrived(s, fetch)

    def _arrived(self, s: State, fetch: Fetch) -> Step:
        arrival, own = fetch.asked[0]
        wrong = self._wrong(fetch.operation, fetch.seen, arrival, own)
        after = self._with(s, fetch, None)
        for arrival, own in fetch.asked[1:]:
            if "join" in self.broken or self.unmoved(s, fetch.operation, fetch.as_of):
                wrong = wrong or self._wrong(fetch.operation, fetch.seen, arrival, own)
            else:
                after = self._with(after, None, Fetch(fetch.operation, ((arrival, own),)))
        if "store" in self.broken or self.unmoved(s, fetch.operation, fetch.as_of):
            after = self._kept(after, fetch.operation, (fetch.as_of, fetch.seen))
            layer = list(after.layer)
            layer[fetch.operation] = (fetch.as_of, fetch.seen)
            after = after._replace(layer=tuple(layer))
        return "an answer arrives", after, wrong

    @staticmethod
    def _kept(s: State, operation: int, answer: Answer) -> State:
        held = s.cached[operation]
        if held is not None and held[0] > answer[0]:
            return s
        cached = list(s.cached)
        cached[operation] = answer
        return s._replace(cached=tuple(cached))

    @staticmethod
    def _with(s: State, old: Fetch | None, new: Fetch | None) -> State:
        rest = [fetch for fetch in s.fetches if fetch is not old]
        return s._replace(fetches=tuple(sorted([*rest, new] if new is not None else rest)))

    def _wrong(self, operation: int, seen: int, arrival: int, own: int) -> str | None:
        """Return what is wrong with an answer whose reads saw so many writes; None if nothing is."""
        if altered(self.setting, operation, seen, max(arrival, seen)):
            return f"stale: {arrival} writes were applied when it was asked, {seen} are shown"
        if altered(self.setting, operation, seen, max(own, seen)):
            return f"own write lost: {own} was written, {seen} writes are shown"
        return None

    def _late(self, s: State, operation: int, seen: int) -> str | None:
        """Return what is wrong with an answer from memory of an edge that is too far behind."""
        if s.late > PERMITTED and altered(self.setting, operation, seen, s.committed):
            return f"too late: a write {s.late} ticks ago is not shown"
        return None

"""Judging purges for `bench.mix`: what the edge dropped, by which change, and whether the body had changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import aiohttp
import orjson

from app.edge_fetches import mark
from auth.signatures import Keys
from bench.changes import Writers
from bench.traffic import Row
from edge.dependencies import Touch, touch
from edge.proxy import FETCH
from edge.server import Edge
from edge.store import Stored
from edge.stream import Entry, EntryId

_LISTS = frozenset({"Gallery", "Listings", "PartnerListings"})


@dataclass
class Purges:
    """What was dropped, by the name of the answers and by cause; and what other ways of tagging would have dropped."""

    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    needless: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    others: Counter[tuple[str, str]] = field(default_factory=Counter)
    needed: Counter[str] = field(default_factory=Counter)

    def share(self, names: set[str]) -> float:
        """Return which share of the purges of these answers was needless."""
        dropped = sum(n for (name, _, _), n in self.dropped.items() if name in names)
        return sum(n for (name, _, _), n in self.needless.items() if name in names) / max(1, dropped)

    def share_otherwise(self, way: str, names: set[str]) -> float:
        """Return which share would have been needless with another way of tagging."""
        dropped = sum(self.others[way, name] for name in names)
        return 1 - sum(self.needed[name] for name in names) / max(1, dropped)


@dataclass
class Judge:
    """Watches the edge drop answers, and asks for them again."""

    edge: Edge
    session: aiohttp.ClientSession
    keys: Keys
    purges: Purges = field(default_factory=Purges)
    touches: list[Touch] = field(default_factory=list)
    position: EntryId | None = None
    _dropped: list[tuple[str, Stored, Touch | None]] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to note what is dropped."""
        self.edge.store.on_drop = lambda key, entry, touched: self._dropped.append((key, entry, touched))

    def note(self, entries: list[Entry], _: float) -> None:
        """Note what has changed."""
        self.touches += [touch(change) for entry in entries for change in entry.changes]
        self.position = entries[-1].id

    async def judge(self, writers: Writers) -> None:
        """Have one thing written, in several steps it may be, and judge what each drops."""
        async for what, moment in writers.one():
            await self._applied(moment)
            await self._judge(what, moment)

    async def _applied(self, moment: EntryId) -> None:
        async with asyncio.timeout(10):
            while not self._has_applied(moment):  # noqa: ASYNC110 - the edge has no event for this, and needs none
                await asyncio.sleep(0.001)

    def _has_applied(self, moment: EntryId) -> bool:
        return self.edge.coherence.covers(moment) and self.position is not None and self.position >= moment

    async def _judge(self, what: str, moment: EntryId) -> None:
        changed: set[str] = set()
        for key, entry, touched in self._dropped:
            name, why = name_of(entry), cause(entry, touched)
            self.purges.dropped[name, what, why] += 1
            if await self._again(entry, moment) == entry.bodies["identity"]:
                self.purges.needless[name, what, why] += 1
            else:
                changed.add(key)
                self.purges.needed[name] += 1
        held = {key: entry for key, entry, _ in self._dropped} | dict(self.edge.store.items())
        for key, entry in held.items():
            if key in changed or any(touched.tag in entry.dependencies for touched in self.touches):
                self.purges.others["tags", name_of(entry)] += 1
            if key in changed or any(whole(entry, touched) for touched in self.touches):
                self.purges.others["lists", name_of(entry)] += 1
        self._dropped.clear()
        self.touches.clear()

    async def _again(self, entry: Stored, moment: EntryId) -> bytes:
        """Ask the API for an answer as of a moment."""
        return await ask(
            self.session,
            self.edge.config.api,
            entry.plan.id,
            entry.variables.decode(),
            {
                "Edge-As-Of": self.keys.sign("own-write", str(moment)),
                FETCH: mark(self.keys, entry.plan.id),
            },
        )


def name_of(entry: Stored) -> str:
    """Return how the tables call an answer."""
    return title(entry.plan.name, orjson.loads(entry.variables))


def title(operation: str, variables: Row) -> str:
    """Return how the tables call what is asked for."""
    if operation not in _LISTS:
        return operation
    return f"{operation}, further pages" if "after" in variables else f"{operation}, first pages"


def cause(entry: Stored, touched: Touch | None) -> str:
    """Say by what an answer was dropped."""
    if touched is None:
        return "everything"
    if touched.kind is not None:
        read = entry.dependencies.reads.get(touched.kind, frozenset())
        fields = "came or went" if touched.fields is None else ", ".join(sorted(read & set(touched.fields)))
        return f"{touched.kind}: {fields}"
    if "?" not in touched.name:
        return f"all of {touched.name}"
    return f"list {touched.name.partition('?')[0]}: {touched.name.partition('#')[2] or 'place'}"


def whole(entry: Stored, touched: Touch) -> bool:
    """Whether an answer would be dropped if lists had one tag each, whatever selects or orders them."""
    name, _, selected = touched.name.partition("?")
    return name in entry.plan.collections if selected else touched.tag in entry.dependencies


async def ask(session: aiohttp.ClientSession, base: str, operation: str, variables: str, headers: Row) -> bytes:
    """Ask a registered operation."""
    url = f"{base}/graphql/{operation}"
    async with session.get(url, params={"variables": variables}, headers=headers, raise_for_status=True) as response:
        return await response.read()

"""Holding what the edge says against the same operation at the origin, and against the source documents.

Writes rest meanwhile, but for those of the relay, which follow from earlier ones (the copy of a project's visibility,
the counts of likes). So where two answers differ, the journal says whether a write came between them: only if none did,
one of them is wrong, and otherwise both are asked again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import orjson

from schema import ids
from tests.coherence.journal import Journal
from tests.coherence.reads import Read, Spelling, variables_of
from tests.coherence.world import PLANS, Answer, Row, World, key, spelled

_SECONDS = 20  # a busy machine may hear no pulse for a moment
_HALF_AN_HOUR = 1800  # how often the addresses of pictures change for who is signed in
Again = Literal["GET", "HEAD", "If-None-Match"]


class Asked(NamedTuple):
    """A read, spelled in one way; and how it is asked again, spelled in another."""

    read: Read
    spelling: Spelling = Spelling()
    again: Again = "GET"
    otherwise: Spelling = Spelling("documentId", backwards=True, defaults=True, nulls=True)


class _DifferentError(Exception):
    """Two answers are not the same; that is wrong unless a write came between them."""


@dataclass
class Checks:
    """Asks and compares; remembers which answers were asked for since the last write."""

    world: World
    journal: Journal
    _asked: set[tuple[str, str]] = field(default_factory=set)

    def written(self) -> None:
        """Note that writes begin: what the edge serves of earlier answers from now on has survived them."""
        self._asked.clear()

    async def meanwhile(self, asked: Asked, *, own: bool) -> None:
        """Ask while writes are under way: who gives a token must see no title that was overwritten before."""
        began, token = time.monotonic(), self.world.own_write()
        variables = variables_of(self.world, asked.read)
        self._asked.add((asked.read.operation, spelled(variables)))
        headers = {"Edge_As_Of": token} if own else {}
        answer = await self._through_edge(asked.read, variables, asked.spelling, **headers)
        if own and answer.status == 200:
            for row in _entities(orjson.loads(answer.body)):
                outdated = "title" in row and self.world.titles.outdated(key(row["id"]), row["title"], began)
                assert not outdated, f"own write: {answer.said} {asked} shows {row['title']!r}"

    async def quiet(self, asked: Sequence[Asked], before: Answer | None = None) -> None:
        """Ask when writes rest: the token sees its write at once; when the edge has applied it, everybody does.

        `before` is what may be served from memory where the origin fails: see `misfit`.
        """
        named = [variables_of(self.world, one.read) for one in asked]
        pairs = list(zip(asked, named, strict=True))
        firsts = await asyncio.gather(*(self._own(one, variables) for one, variables in pairs))
        await self._applied()
        await asyncio.gather(
            *(
                self._settled(one, variables, first, before)
                for (one, variables), first in zip(pairs, firsts, strict=True)
            )
        )

    async def misfit(self, asked: Asked, write: Callable[[], Awaitable[object]]) -> None:
        """Ask after a write that leaves a document which the origin cannot read, so that all that show it fail there.

        An answer that shows nothing of what was written is still true, and may be served: as it was before.
        """
        await self.journal.upto_now()
        seen = self.journal.seen
        before = await self._at_origin(asked.read, variables_of(self.world, asked.read))
        self.written()
        await write()
        await self.journal.upto_now()
        if self.journal.seen <= seen + 1:  # else the relay wrote too, and `before` may be from before that
            await self.quiet([asked], before)

    async def _settled(self, asked: Asked, variables: Row, first: Answer, before: Answer | None) -> None:
        while True:
            since, hour = self.world.moment, time.time() // _HALF_AN_HOUR
            try:
                return await self._compare(asked, variables, first, before)
            except _DifferentError as error:
                newest = await self.journal.upto_now()
                if newest <= since and hour == time.time() // _HALF_AN_HOUR:
                    raise AssertionError(f"{asked}\n{variables}\n{error}") from error
            self.world.counted["disturbed"] += 1
            if before is not None:
                return None
            self.world.moment = max(self.world.moment, newest)
            await self._applied()
            first = await self._own(asked, variables)

    async def _compare(self, asked: Asked, variables: Row, first: Answer, before: Answer | None) -> None:
        world, operation = self.world, asked.read.operation
        conditions = {"Accept_Encoding": "identity"} if asked.again != "GET" else {}
        if asked.again == "If-None-Match":
            conditions["If_None_Match"] = world.etags.get((operation, spelled(variables)), '"none"')
        method = "HEAD" if asked.again == "HEAD" else "GET"
        second = await self._through_edge(asked.read, variables, asked.otherwise, method, **conditions)
        wanted = await self._at_origin(asked.read, variables)
        for found in (first, second):
            failed = before is not None and "; hit" in found.said and b'"INTERNAL"' in wanted.body
            _compare(found, before if before is not None and failed else wanted, seen=found is first or method == "GET")
        self._kept_where_it_may_be(operation, first, second)
        if asked.again == "If-None-Match" and second.etag and "bypass" not in second.said:
            world.etags[operation, spelled(variables)] = second.etag
        await self._visible(asked.read, wanted)
        world.counted["compared"] += 1

    def _kept_where_it_may_be(self, operation: str, first: Answer, second: Answer) -> None:
        """Check that one answer serves every spelling, and that only what may be shared is kept."""
        if not PLANS[operation].cacheable:
            assert "fwd=bypass" in first.said, first.said
            assert "fwd=bypass" in second.said, second.said
            assert "no-store" in first.control, first.control
            return
        kept = "; hit" in first.said or first.said.endswith("; stored")
        if kept and "; hit" not in second.said and "bypass" not in second.said:
            raise _DifferentError(f"not from memory in another spelling: {first.said}, then {second.said}")

    async def _own(self, asked: Asked, variables: Row) -> Answer:
        where = (asked.read.operation, spelled(variables))
        answer = await self._through_edge(asked.read, variables, asked.spelling, Edge_As_Of=self.world.own_write())
        if "; hit" in answer.said and where not in self._asked:
            self.world.counted["survivors"] += 1
        self._asked.add(where)
        return answer

    async def _through_edge(
        self, read: Read, variables: Row, spelling: Spelling, method: str = "GET", **headers: str
    ) -> Answer:
        """Ask the edge; that is a step."""
        world = self.world
        path, query = spelling.request(read.operation, variables)
        if said := world.credentials(read.operation, read.who):
            headers["Authorization"] = said
        answer = await world.get(world.edge, path, query, method, **headers)
        world.counted["reads"] += 1
        world.asked[read.operation] += 1
        if PLANS[read.operation].cacheable:
            world.counted["cacheable"] += 1
            world.counted["hits"] += "; hit" in answer.said
        else:
            assert "; hit" not in answer.said, answer.said
        if method == "GET" and answer.status == 200:
            self._note_cursor(read, variables, answer)
        return answer

    def _note_cursor(self, read: Read, variables: Row, answer: Answer) -> None:
        data = orjson.loads(answer.body).get("data") or {}
        page = next(iter(data.values()), None)
        cursor = page["pageInfo"]["endCursor"] if isinstance(page, dict) and "pageInfo" in page else None
        if cursor is not None and "after" not in variables:
            self.world.cursors[read.operation, spelled(variables)] = cursor

    async def _at_origin(self, read: Read, variables: Row) -> Answer:
        world = self.world
        headers = {"Edge_As_Of": world.own_write()}
        needed = PLANS[read.operation].scope != "PUBLIC" or PLANS[read.operation].audience
        if needed and (said := world.credentials(read.operation, read.who)):
            headers["Authorization"] = said
        path, query = Spelling().request(read.operation, variables)
        return await world.get(world.api, path, query, **headers)

    async def _applied(self) -> None:
        """Wait until the edge answers by itself a request that comes with the newest write."""
        async with asyncio.timeout(_SECONDS):
            while True:
                own = self.world.own_write()
                said, _, _ = await self.world.ask(self.world.edge, "Listings", {"first": 1}, Edge_As_Of=own)
                if "bypass" not in said:
                    return

    async def _visible(self, read: Read, wanted: Answer) -> None:
        """Recompute from the source documents that what is shown may be: copies of the visibility may be wrong."""
        body = orjson.loads(wanted.body)
        data = body.get("data") or {}
        if read.operation in {"ViewerHome", "Devices"}:
            mine = ids.encode("User", self.world.viewers[read.who or 0].claims.user)
            assert data["viewer"]["id"] == mine, data
        if PLANS[read.operation].scope != "PUBLIC" or "errors" in body:
            return
        shown: dict[str, set[Any]] = {"Project": set(), "Design": set()}
        for row in _entities(data):
            shown[ids.decode(row["id"])[0]].add(key(row["id"]))
        rows = self.world.rows
        designs = [row async for row in rows.designs.find({"_id": {"$in": [*shown["Design"]]}})]
        wanted_projects = shown["Project"] | {design["project"] for design in designs}
        projects = {row["_id"]: row async for row in rows.projects.find({"_id": {"$in": [*wanted_projects]}})}
        seen = {id_ for id_, project in projects.items() if public(project)}
        seen |= {d["_id"] for d in designs if d.get("published_at") and d["project"] in seen}
        if not shown["Project"] | shown["Design"] <= seen:
            raise _DifferentError(f"shown, but not public: {shown['Project'] | shown['Design'] - seen}")


def _compare(found: Answer, wanted: Answer, *, seen: bool) -> None:
    """Compare an answer with the origin's; where no body is seen, by the edge's entity tag, a digest of the body."""
    if seen and found.status != 304:
        same = (found.status, found.body) == (wanted.status, wanted.body)
    elif "bypass" in found.said or "stored=?0" in found.said:  # the origin's own tags are of another kind
        same = (found.status, found.body) == (wanted.status, b"")
    else:
        digest = blake2b(wanted.body, digest_size=12).hexdigest()
        same = not found.body and digest in found.etag
    if not same:
        raise _DifferentError(f"{found}\norigin: {wanted}")


def public(project: Row) -> bool:
    """Whether everybody may see a stored project."""
    return bool(project["visibility"] == "PUBLIC" and project["status"] == "ACTIVE")


def _entities(value: Any) -> Iterator[Row]:
    """Yield every project and design in an answer."""
    if isinstance(value, list):
        for part in value:
            yield from _entities(part)
    elif isinstance(value, dict):
        if isinstance(value.get("id"), str) and ids.decode(value["id"])[0] in {"Project", "Design"}:
            yield value
        for part in value.values():
            yield from _entities(part)

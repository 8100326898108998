"""The gate of an edge: keys, origins and budgets, checked without asking the API for each request, in all its ways."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import pytest
from aiohttp import web

from auth import api_keys
from edge.api_keys import NO_RECORD, Record, decode
from edge.plans import ORGANIZATION, PARTNERS, Plan
from edge.stream import Change, Entry, EntryId
from edge.tolls import Callers
from edge.usage import BATCHES, rows_of
from tests.edge.stand import PRIVATE, PUBLIC, Stand, standing, until

PARTNER, OURS = "12" * 32, "34" * 32
PLANS = {
    PUBLIC: Plan(PUBLIC, "Shelf", "web", "PUBLIC", 300, 1, ("first",), {}, "digest"),
    PRIVATE: Plan(PRIVATE, "Home", "web", "VIEWER", 300, 1, ("first",), {}, "digest"),
    PARTNER: Plan(PARTNER, "Feed", "partner", "PUBLIC", 300, 10, (), {}, "feed", audience=PARTNERS),
    OURS: Plan(OURS, "Ours", "", "PUBLIC", 300, 10, (), {}, "ours", audience=ORGANIZATION),
}
A, B = "a" * 24, "b" * 24


def record(**changes: Any) -> Record:
    """Return a key of organization A, that may ask A's operation and partners'."""
    allowed = frozenset({PARTNER, OURS})
    made = Record(uuid4().hex[:24], A, 1000, frozenset({"READ_PUBLIC"}), allowed, frozenset(), frozenset(), math.inf)
    return replace(made, **changes)


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> str:
        """How it came to be."""
        return self.headers["Cache-Status"]


@dataclass
class Partners:
    """A stand whose API knows keys: records by hash, and how often it was asked for one."""

    stand: Stand
    records: dict[str, Record] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    as_of: EntryId | None = None
    down: bool = False

    async def origin(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer for the API."""
        origin = self.stand.origin
        if request.path == "/internal/api-key":
            hash_ = request.headers["Edge-Key"].rpartition("-")[0]
            self.asked.append(hash_)
            if self.down:
                return web.Response(status=503)
            known = self.records.get(hash_)
            headers = {"Edge-As-Of-Read": str(self.as_of or origin.as_of)}
            return web.Response(body=NO_RECORD if known is None else known.encode(), headers=headers)
        origin.other = None
        try:
            return await origin.handle(request)
        finally:
            origin.other = self.origin

    def key(self, **changes: Any) -> tuple[str, Record]:
        """Make a key."""
        secret, made = api_keys.make(live=True), record(**changes)
        self.records[api_keys.hashed(secret)] = made
        return secret, made

    async def get(self, id_: str, secret: str | None = None, query: str = "", **headers: str) -> Got:
        """Ask."""
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        async with self.stand.session.get(f"{self.stand.url}/graphql/{id_}{query}", headers=headers) as response:
            return Got(response.status, response.headers, await response.read())

    async def warm(self, id_: str, secret: str) -> None:
        """Ask until the edge answers by the bytes of the head."""
        for _ in range(4):
            assert (await self.get(id_, secret)).status == 200
        before = self.stand.handled()
        assert "hit" in (await self.get(id_, secret)).said
        assert self.stand.handled() == before, "aiohttp has handled it"


@asynccontextmanager
async def paying(url: str, *, flush: bool = True) -> AsyncIterator[Stand]:
    """Start an edge that knows the shape of keys, and where addresses have a budget that is not spent here."""
    callers = Callers(lambda peer, _: peer, lambda _: False, lambda address: (f"address:{address}", 10**6))
    credential = api_keys.presented
    async with standing(url, plans=PLANS, credential=credential, callers=callers, flush=flush) as stand:
        yield stand


@pytest.fixture
async def partners(redis_url: str) -> AsyncIterator[Partners]:
    """Give an edge that vouches for what it holds and knows the shape of keys."""
    async with paying(redis_url.replace("/0", "/5")) as stand:
        partners = Partners(stand)
        stand.origin.other = partners.origin
        await stand.fresh()
        yield partners


def code(body: bytes) -> str:
    """Return the code of a refusal."""
    return str(orjson.loads(body)["errors"][0]["extensions"]["code"])


async def refused(partners: Partners, id_: str, secret: str | None = None, **headers: str) -> tuple[int, str]:
    """Ask for what is refused: (status, code)."""
    response = await partners.get(id_, secret, **headers)
    return response.status, code(response.body)


async def test_a_hit_with_a_key_asks_nobody(partners: Partners) -> None:
    """Given a key that was seen once, then neither it nor the answer is asked for again; its head tells the budget."""
    secret, made = partners.key()
    await partners.warm(PARTNER, secret)
    before = len(partners.stand.origin.requests)
    for _ in range(20):
        response = await partners.get(PARTNER, secret)
        assert response.status == 200
    assert len(partners.stand.origin.requests) == before
    assert partners.asked == [api_keys.hashed(secret)]
    assert response.headers["RateLimit-Policy"] == f'"minute";q={made.a_minute};w=60'
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in response.headers["Vary"]


async def test_attack_a_bad_checksum_is_refused_without_a_read(partners: Partners) -> None:
    """Given inventions, then the edge refuses them itself: nothing is asked, and nothing is remembered."""
    secret = api_keys.make(live=True)
    await partners.get(PUBLIC)
    before = len(partners.stand.origin.requests)
    for bad in (secret[:-1] + ("0" if secret[-1] != "0" else "1"), "dp_live_", secret[:20]):
        for id_ in (PARTNER, OURS, PUBLIC):
            assert await refused(partners, id_, bad) == (401, "INVALID_API_KEY")
    assert len(partners.stand.origin.requests) == before
    assert len(partners.stand.edge.gate.keys.unknown) == 0


async def test_attack_made_up_keys_push_out_no_real_one(partners: Partners) -> None:
    """Given thousands of inventions with a good checksum, then each is asked for once, and real keys stay known."""
    secret, _ = partners.key()
    await partners.warm(PARTNER, secret)
    fake = api_keys.make(live=True)
    for _ in range(3):
        assert await refused(partners, PARTNER, fake) == (401, "INVALID_API_KEY")
    assert partners.asked.count(api_keys.hashed(fake)) == 1
    keys = partners.stand.edge.gate.keys
    for number in range(30_000):
        keys.unknown.put(f"{number:064x}", True, 300)
    assert len(keys.unknown) < 10_000
    assert partners.asked.count(api_keys.hashed(secret)) == 1
    await partners.warm(PARTNER, secret)
    assert partners.asked.count(api_keys.hashed(secret)) == 1


@pytest.mark.parametrize("tag", ["ApiKey:{hash}", "ApiKey", "*", "Organization:{a}", "Organization", "gap"])
async def test_attack_a_revoked_key_is_refused_on_the_fast_way_too(partners: Partners, tag: str) -> None:
    """Given a key whose head is known byte for byte, when the stream tells of its revocation, then it is refused."""
    secret, _ = partners.key()
    await partners.warm(PARTNER, secret)
    hash_ = api_keys.hashed(secret)
    del partners.records[hash_]
    stand = partners.stand
    if tag == "gap":
        await stand.publish(gap=True)
        await stand.fresh()
    else:
        stand.origin.as_of = await stand.publish(tag.format(hash=hash_, a=A))
    assert await refused(partners, PARTNER, secret) == (401, "INVALID_API_KEY")
    other, _ = partners.key()
    assert (await partners.get(PARTNER, other)).status == 200


async def test_attack_a_record_that_was_read_before_the_revocation_is_not_kept(partners: Partners) -> None:
    """Given a record read before a revocation that the edge has applied, then it admits nobody: the API decides."""
    secret, _ = partners.key()
    partners.as_of = partners.stand.origin.as_of
    partners.stand.origin.as_of = await partners.stand.publish(f"ApiKey:{api_keys.hashed(secret)}")
    response = await partners.get(PARTNER, secret)
    assert response.said == "edge; fwd=bypass"
    assert partners.stand.origin.requests[-1].headers["Authorization"] == f"Bearer {secret}"
    assert len(partners.stand.edge.gate.keys.found) == 0


async def test_keys_are_not_judged_by_stale_memory(partners: Partners) -> None:
    """Given no pulse, then a request with a known key goes to the API with all it brought."""
    secret, _ = partners.key()
    await partners.warm(PARTNER, secret)
    partners.stand.edge.coherence.lost()
    response = await partners.get(PARTNER, secret)
    assert response.said == "edge; fwd=bypass; detail=no-pulse"
    assert partners.stand.origin.requests[-1].headers["Authorization"] == f"Bearer {secret}"


async def test_attack_an_expired_key_is_refused_on_the_fast_way_too(partners: Partners) -> None:
    """Given a key that ends, when its time has come, then it is refused, though nothing tells of it."""
    gate = partners.stand.edge.gate
    now = gate.wall_clock()
    secret, _ = partners.key(expires_at=now + 1000)
    await partners.warm(PARTNER, secret)
    gate.wall_clock = lambda: now + 1001
    assert await refused(partners, PARTNER, secret) == (401, "INVALID_API_KEY")


async def test_attack_a_key_of_another_organization(partners: Partners) -> None:
    """Given A's operation in memory, then B's key gets the answer for an unknown id, and A's goes on.

    Without a key the API decides, since members come with other credentials.
    """
    ours, _ = partners.key()
    theirs, _ = partners.key(organization=B, operations=frozenset({PARTNER}))
    await partners.warm(OURS, ours)
    assert await refused(partners, OURS, theirs) == (404, "PERSISTED_QUERY_NOT_FOUND")
    response = await partners.get(OURS)
    assert response.said == "edge; fwd=bypass"
    assert (await partners.get(OURS, "not-ours")).said == "edge; fwd=bypass"
    await partners.warm(OURS, ours)


async def test_attack_a_head_that_differs_in_its_key_alone(partners: Partners) -> None:
    """Given a head that is known with A's key, when it comes with another key or none, then it is another."""
    ours, _ = partners.key()
    await partners.warm(PARTNER, ours)
    assert await refused(partners, PARTNER, api_keys.make(live=True)) == (401, "INVALID_API_KEY")
    assert await refused(partners, PARTNER) == (401, "API_KEY_REQUIRED")


async def test_attack_a_narrowed_key_and_one_for_an_open_operation(partners: Partners) -> None:
    """Given a key that is not for an operation, then it says so; also for what everybody may ask without a key."""
    narrow, _ = partners.key(operations=frozenset({PARTNER}), withheld=frozenset({OURS}))
    assert await refused(partners, OURS, narrow) == (403, "OPERATION_NOT_ALLOWED")
    assert await refused(partners, PUBLIC, narrow) == (403, "OPERATION_NOT_ALLOWED")
    assert (await partners.get(PUBLIC)).status == 200


async def test_attack_a_foreign_origin(partners: Partners) -> None:
    """Given a key for one origin, then a page of another gets nothing, also after the right one was served."""
    secret, _ = partners.key(origins=frozenset({"https://a.example"}))
    for _ in range(4):
        assert (await partners.get(PARTNER, secret, Origin="https://a.example")).status == 200
    for origin in ("https://evil.example", "https://a.example.evil", "null", "http://a.example"):
        assert await refused(partners, PARTNER, secret, Origin=origin) == (403, "ORIGIN_NOT_ALLOWED")
    assert await refused(partners, PARTNER, secret) == (403, "ORIGIN_NOT_ALLOWED")
    anywhere, _ = partners.key()
    assert (await partners.get(PARTNER, anywhere, Origin="https://evil.example")).status == 200


async def test_attack_a_key_in_the_address_counts_for_nothing(partners: Partners) -> None:
    """Given a key in the query of a URL, which ends in logs, then it is as if there were none."""
    secret, _ = partners.key()
    await partners.warm(PARTNER, secret)
    for query in (f"?api_key={secret}", f"?Authorization=Bearer%20{secret}", f"?access_token={secret}"):
        response = await partners.get(PARTNER, query=query)
        assert (response.status, code(response.body)) == (401, "API_KEY_REQUIRED")


async def test_attack_a_key_never_stands_in_logs(partners: Partners, caplog: pytest.LogCaptureFixture) -> None:
    """Given good, bad, unknown keys and an API that is down, then no line of any log has a key or its hash in it."""
    caplog.set_level(0)
    secret, _ = partners.key()
    unknown = api_keys.make(live=True)
    await partners.warm(PARTNER, secret)
    for key in (secret, unknown, secret[:-1] + "-"):
        await partners.get(PARTNER, key)
    partners.down = True
    await partners.get(PARTNER, another := api_keys.make(live=True))
    for text in (secret[12:-6], unknown[12:-6], another[12:-6], api_keys.hashed(secret), api_keys.hashed(unknown)):
        assert text not in caplog.text


async def test_the_budget_holds_on_the_fast_way(partners: Partners) -> None:
    """Given a budget of 5 requests, then the sixth is refused and told when to come again; others go on."""
    secret, _ = partners.key(a_minute=10)  # the fetch costs 1 of the 10 it was charged, hits of 1.6 KB 2 each
    statuses = [(await partners.get(PARTNER, secret)).status for _ in range(12)]
    assert statuses == [200] * 5 + [429] * 7
    response = await partners.get(PARTNER, secret)
    assert code(response.body) == "RATE_LIMITED"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert ";r=0;" in response.headers["RateLimit"]
    other, _ = partners.key()
    assert (await partners.get(PARTNER, other)).status == 200
    assert (await partners.get(PUBLIC)).status == 200


async def test_an_answer_that_did_not_come_costs_nothing_here(partners: Partners) -> None:
    """Given an API that fails, then what was paid is given back: 200 failures leave the whole budget."""
    secret, _ = partners.key(a_minute=100)
    partners.stand.origin.status = 503
    for _ in range(30):
        assert (await partners.get(PARTNER, secret)).status == 503
    partners.stand.origin.status = 200
    assert [(await partners.get(PARTNER, secret)).status for _ in range(10)] == [200] * 10


async def test_three_edges_at_once_stay_within_one_budget(redis_url: str) -> None:
    """Given three edges on one Redis, when 200 requests with a key come at once, then no more is answered than paid."""
    url = redis_url.replace("/0", "/5")
    async with (
        paying(url) as first,
        paying(url, flush=False) as second,
        paying(url, flush=False) as third,
    ):
        warm, secret = api_keys.make(live=True), api_keys.make(live=True)
        records = {api_keys.hashed(warm): record(), api_keys.hashed(secret): record(a_minute=200)}
        three = [Partners(stand, records) for stand in (first, second, third)]
        for each in three:
            each.stand.origin.other = each.origin
        coherences = [each.stand.edge.coherence for each in three]
        while not all(coherence.vouches(first.edge.clock()) for coherence in coherences):
            tail = await first.publish()
            await until(lambda: {coherence.position for coherence in coherences} == {first.tail})
            for each in three:
                each.stand.origin.as_of = tail
        for each in three:
            await each.warm(PARTNER, warm)
        found = await asyncio.gather(*(three[n % 3].get(PARTNER, secret) for n in range(200)))
        statuses = [got.status for got in found]
        assert set(statuses) == {200, 429}
        assert 200 - 3 * 15 <= 2 * statuses.count(200) <= 200


async def test_what_was_answered_is_counted_and_handed_on(partners: Partners) -> None:
    """Given hits, misses, 304s and refusals, then the answered ones are counted by key, and handed on together."""
    secret, made = partners.key(a_minute=10_000)
    first = await partners.get(PARTNER, secret)
    for _ in range(9):
        await partners.get(PARTNER, secret)
    assert (await partners.get(PARTNER, secret, **{"If-None-Match": first.headers["ETag"]})).status == 304
    await partners.get(PUBLIC, secret)
    await partners.get(PUBLIC)
    assert await partners.stand.redis.xlen(BATCHES) == 0
    await partners.stand.edge.usage.flush()
    await partners.stand.edge.usage.flush()
    found: Any = await partners.stand.redis.xrange(BATCHES)
    (row,) = [row for _, fields in found for row in rows_of(fields[b"rows"])]
    size = len(first.body)
    assert (row.key, row.requests, row.cost, row.size) == (made.id, 11, 1 + 9 * 2 + 1, 10 * size)


async def test_an_entry_of_the_stream_that_is_older_forgets_all_the_same(partners: Partners) -> None:
    """Given changes of other keys and of the day of use, then a key stays known; of its operations, it does not."""
    secret, _ = partners.key()
    await partners.warm(PARTNER, secret)
    stand = partners.stand
    await stand.publish(f"ApiKey:{'0' * 64}", "Project:1")
    changes = (Change(f"Organization:{A}", ("name",)), Change(f"Organization:{B}"))
    entry = Entry(EntryId(stand.tail.time + 1, 0), stand.tail, "", changes)
    stand.edge._apply([entry], stand.edge.clock())  # noqa: SLF001 - as the stream does
    stand.edge.coherence.position = stand.tail
    await stand.fresh()
    assert (await partners.get(PARTNER, secret)).status == 200
    assert len(partners.asked) == 1
    stand.origin.as_of = await stand.publish(f"operations_by_organization?organization={A}")
    assert (await partners.get(PARTNER, secret)).status == 200
    assert len(partners.asked) == 2


def test_a_record_is_read_as_it_was_written() -> None:
    """Given a record, then it is the same on the other side; what is none is refused."""
    for made in (record(), record(expires_at=1.5, origins=frozenset({"https://a.example"}))):
        found = decode(made.encode())
        assert found is not None
        assert found.encode() == made.encode()
        assert found.expires_at == made.expires_at
    assert decode(NO_RECORD) is None
    for bad in (b"{}", b"[]", b"1", b"", b'{"id":"x"}'):
        with pytest.raises(ValueError, match=r"."):
            decode(bad)

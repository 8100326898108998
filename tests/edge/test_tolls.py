"""What addresses pay at the edge, by the ordinary way and by the fast one, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from edge.guards import Guards
from edge.leases import Verdict, rate_headers, redis_key
from edge.tolls import Callers, answer_price, hit_price, with_budget
from tests.edge.stand import Stand, standing
from tests.edge.test_fast import Line, head

AMOUNT = 10_000
CALLERS = Callers(
    address=lambda peer, forwarded: forwarded.rpartition(", ")[2] or peer,
    proxy=lambda peer: peer == "127.0.0.1",
    payer=lambda address: (f"address:{address}", AMOUNT),
)
STRANGER = CALLERS._replace(address=lambda peer, _: peer, proxy=lambda _: False)


@pytest.fixture
async def stand(redis_url: str) -> AsyncIterator[Stand]:
    """Give an edge behind a proxy on this machine, which vouches and holds one answer."""
    async with standing(redis_url.replace("/0", "/6"), callers=CALLERS) as stand:
        await stand.fresh()
        await stand.get(X_Forwarded_For="nobody")
        yield stand


@asynccontextmanager
async def line(stand: Stand) -> AsyncIterator[Line]:
    """Open a connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rpartition(":")[2]))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


def of(address: str, *lines: str) -> bytes:
    """Make a request head that a proxy passes on for an address."""
    return head(f"X-Forwarded-For: {address}", *lines)


def left(headers: dict[str, str]) -> int:
    """Return what an answer says is left."""
    name, remaining, resets = headers["ratelimit"].split(";")
    assert (name, resets[:2]) == ('"minute"', "t=")
    assert headers["ratelimit-policy"] == f'"minute";q={AMOUNT};w=60'
    return int(remaining.removeprefix("r="))


async def leave(stand: Stand, address: str, rest: int) -> None:
    """Have so little left of an address's budget."""
    await stand.redis.set(redis_key(f"address:{address}", AMOUNT), AMOUNT - rest, ex=60)


async def test_a_hit_costs_its_size_whichever_way_it_is_answered(stand: Stand) -> None:
    """Given the handlers, a head that is read, and one known by its bytes, then each pays, and is told its own rest."""
    size = len(next(kept for _, kept in stand.edge.store.items()).bodies["identity"])
    async with line(stand) as one:
        answers = [await one.ask(of("a")) for _ in range(5)]
        before = stand.handled()
        answers += [await one.ask(of("a", f"X-Trace: {number // 2}")) for number in range(4)]
        assert stand.handled() == before
    assert [left(headers) for _, headers, _ in answers] == [AMOUNT - n * hit_price(size) for n in range(1, 10)]
    assert {first for first, _, _ in answers} == {"HTTP/1.1 200 OK"}
    etag = answers[0][1]["etag"]
    async with line(stand) as other:
        held = [left((await other.ask(of("b", f"If-None-Match: {etag}")))[1]) for _ in range(4)]
    assert held[1:] == [held[0] - n for n in range(1, 4)]  # who has the body pays for the question alone


async def test_a_miss_costs_what_the_answer_has(stand: Stand) -> None:
    """Given what must be fetched, then who asks pays its fields; and nothing where there is no answer."""
    stand.edge.store.clear()
    async with line(stand) as one:
        _, headers, body = await one.ask(of("c"))
        assert headers["cache-status"] == "edge; fwd=uri-miss; stored"
        assert left(headers) == AMOUNT - answer_price(body) == AMOUNT - 1
        stand.edge.store.clear()
        stand.origin.status = 503
        first, headers, _ = await one.ask(of("c"))
        assert first.startswith("HTTP/1.1 503 ")
        assert "ratelimit" not in headers
        stand.origin.status = 200
        assert left((await one.ask(of("c")))[1]) == AMOUNT - 2


async def test_what_is_passed_on_is_not_charged_here(stand: Stand) -> None:
    """The API does that; the client's address goes with it, and nothing else that says where it comes from."""
    async with line(stand) as one:
        await leave(stand, "d", 0)
        first, headers, _ = await one.ask(
            b"POST /graphql HTTP/1.1\r\nHost: edge\r\nContent-Length: 0\r\nX-Forwarded-For: made.up, d\r\n\r\n"
        )
    assert first == "HTTP/1.1 200 OK"
    assert "ratelimit" not in headers
    assert stand.origin.requests[-1].headers.getall("X-Forwarded-For") == ["d"]


async def test_who_has_spent_their_budget_is_refused_at_once(stand: Stand) -> None:
    """Given little left, then it is used up, and the rest is 429: by handlers, the fast way, before any fetch."""
    guards = Guards().shared
    await leave(stand, "e", 9)
    counted = REGISTRY.get_sample_value("edge_limited_total") or 0
    async with line(stand) as one:
        answers = [await one.ask(of("e")) for _ in range(6)]
        codes = [first.split()[1] for first, _, _ in answers]
        assert codes == sorted(codes)
        assert "200" in codes
        refused = answers[-1]
        assert refused[0] == "HTTP/1.1 429 Too Many Requests"
        assert 0 < int(refused[1]["retry-after"]) <= 60
        assert refused[1]["cache-control"] == "no-store"
        assert left(refused[1]) == 0
        assert b'"code": "RATE_LIMITED"' in refused[2]
        assert {name: refused[1][name.lower()] for name in guards} == guards
        before = stand.handled()
        for _ in range(3):
            assert (await one.ask(of("e")))[0].split()[1] == "429"
        assert stand.handled() == before
        asked = stand.shelf_asked()
        stand.edge.store.clear()
        assert (await one.ask(of("e")))[0].split()[1] == "429"
        assert stand.shelf_asked() == asked
        assert (await one.ask(of("f")))[0].split()[1] == "200"
    assert (REGISTRY.get_sample_value("edge_limited_total") or 0) == counted + codes.count("429") + 4


async def test_a_head_that_is_known_by_its_bytes_pays_for_who_is_in_it(stand: Stand) -> None:
    """Given equal heads but for the address, on one connection of a proxy, then each has a budget of its own."""
    async with line(stand) as one:
        await leave(stand, "g", 0)
        for _ in range(4):
            assert (await one.ask(of("h")))[0].split()[1] == "200"
            assert (await one.ask(of("g")))[0].split()[1] == "429"
            assert (await one.ask(of("made.up, g")))[0].split()[1] == "429"
            assert (await one.ask(of("made.up", "X-Forwarded-For: g")))[0].split()[1] == "429"


async def test_a_stranger_pays_whatever_its_heads_say(redis_url: str) -> None:
    """Given a client that is no proxy, then naming others gives it no other budget, on the fast way either."""
    async with standing(redis_url.replace("/0", "/6"), callers=STRANGER) as stand:
        await stand.fresh()
        async with line(stand) as one:
            answers = [await one.ask(of(str(number // 2))) for number in range(8)]
        rest = [left(headers) for _, headers, _ in answers]
        assert rest == sorted(rest, reverse=True)
        assert len(set(rest)) == 8


async def test_without_redis_memory_answers(stand: Stand) -> None:
    """Given a count that cannot be reached, then nobody is refused."""
    await stand.redis.set(redis_key("address:i", AMOUNT), "not a number")
    async with line(stand) as one:
        for _ in range(3):
            assert (await one.ask(of("i")))[0].split()[1] == "200"


@given(st.binary(max_size=5000))
def test_prices_are_at_least_one(body: bytes) -> None:
    """Whatever is answered costs something."""
    assert answer_price(body) >= 1
    assert hit_price(len(body)) >= 1


def test_a_budget_is_told_within_the_head() -> None:
    """The lines stand before the end, and nothing else changes."""
    verdict = Verdict(allowed=True, limit=100, remaining=50, reset=29.2)
    told = with_budget(b"HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n", verdict)
    assert told == (
        b'HTTP/1.1 200 OK\r\nAge: 1\r\nRateLimit-Policy: "minute";q=100;w=60\r\nRateLimit: "minute";r=50;t=30\r\n\r\n'
    )
    lines = dict(line.split(": ", 1) for line in told.decode().split("\r\n")[2:4])
    assert lines == rate_headers(verdict)

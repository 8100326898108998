"""The gateway over real sockets: hits, revalidation, joined fetches, writes, and origins that fail."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge.http_cache.stand import Front, Response, always, fronting, plain
from tests.edge.stand import until

FRESH = "Cache-Control: max-age=60"


async def test_a_response_is_fetched_once() -> None:
    """Given a response that may be kept, when it is asked for twice, then the second answer is from memory."""
    async with fronting(always(plain(FRESH, "ETag: x", "X-Mine: 1"))) as front:
        first, second = await front.get(), await front.get()
    assert (first.source, second.source) == ("edge; fwd=uri-miss; fwd-status=200; stored", "edge; hit; ttl=60")
    assert second.body == first.body == b"0123456789"
    assert second.headers["x-mine"] == "1"
    assert second.headers["age"] == "0"
    assert len(front.origin.heads) == 1


async def test_a_known_head_is_answered_without_a_handler() -> None:
    """Given a hit, when the same bytes come again, then the fast way answers the same, and ages it."""
    head = b"GET /a HTTP/1.1\r\nHost: site\r\nRange: bytes=2-3\r\n\r\n"
    async with fronting(always(plain(FRESH))) as front:
        await front.get()
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)

        async def ask() -> Response:
            writer.write(head)
            async with asyncio.timeout(5):
                said = await reader.readuntil(b"\r\n\r\n")
                return Response.of(said + await reader.readexactly(2))

        ordinary = await ask()
        before = front.handled()
        fast = await ask()
        front.clock.later = 7
        later = await ask()
        assert front.handled() == before
        front.gateway.cache.invalidate("site/a")
        writer.write(head)
        await reader.readuntil(b"\r\n\r\n")
        assert front.handled() == before + 1
        writer.close()
    assert (ordinary.status, ordinary.body) == (fast.status, fast.body) == (206, b"23")
    assert ordinary.headers == fast.headers
    assert (later.headers["age"], later.source) == ("7", "edge; hit; ttl=53")


async def test_new_heads_are_told_apart_by_what_the_answer_varies_by() -> None:
    """Given heads that were never seen, then each is answered as its own headers say, without a handler."""

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        name = "Bar" if b"/bar" in head else "Foo"
        chosen = b"1" if f"{name}: 1\r\n".encode() in head else b"0"
        writer.write(plain(FRESH, f"Vary: {name}", body=chosen))

    async with fronting(script) as front:
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)

        async def ask(*lines: str, target: str = "/a") -> bytes:
            writer.write("\r\n".join([f"GET {target} HTTP/1.1", "Host: site", *lines, "", ""]).encode())
            async with asyncio.timeout(5):
                await reader.readuntil(b"\r\n\r\n")
                return await reader.readexactly(1)

        assert [await ask("Foo: 1"), await ask("Foo: 0")] == [b"1", b"0"]
        before = front.handled()
        assert [await ask("Foo: 1", f"X: {number}") for number in range(3)] == [b"1"] * 3
        assert [await ask(f"X: {number}", "Foo: 0") for number in range(3)] == [b"0"] * 3
        assert await ask("Foo: 1", "Cache-Control: max-age=100") == b"1"
        assert front.handled() == before
        assert await ask("Foo: 1", "Cache-Control: no-cache") == b"1"
        assert front.handled() == before + 1
        front.gateway.cache.invalidate("site/a")
        assert [await ask("Foo: 1"), await ask("Bar: 1", target="/bar"), await ask(target="/bar")] == [b"1", b"1", b"0"]
        assert await ask("Bar: 1", "Foo: 0", target="/bar") == b"1"
        writer.close()


async def test_a_stale_response_is_revalidated() -> None:
    """Given a stale response, when the origin says that it is still good, then it is fresh again."""

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        known = b"If-None-Match: x\r\n" in head
        writer.write(
            plain(FRESH, "ETag: x", body=b"" if known else b"body", status="304 Not Modified" if known else "200 OK")
        )

    async with fronting(script) as front:
        await front.get()
        front.clock.later = 100
        renewed, again = await front.get("If-None-Match: other"), await front.get()
    assert (renewed.status, renewed.body) == (200, b"body")
    assert renewed.source == "edge; fwd=stale; fwd-status=304; stored"
    assert again.source.startswith("edge; hit")


async def test_what_is_being_revalidated_is_served() -> None:
    """Given `stale-while-revalidate`, when a response has aged, then it is served, and asked for once meanwhile."""
    gate = asyncio.Event()
    gate.set()

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(plain("Cache-Control: max-age=10, stale-while-revalidate=60"))

    async with fronting(script) as front:
        await front.get()
        front.clock.later = 20
        gate.clear()
        aged = await asyncio.gather(*(front.get() for _ in range(5)))
        await until(lambda: len(front.origin.heads) == 2)
        gate.set()
        await until(lambda: front.gateway.cache.running("site/a") is None)
        fresh = await front.get()
    assert {answer.source for answer in aged} == {"edge; hit; ttl=-10"}
    assert fresh.source == "edge; hit; ttl=10"
    assert len(front.origin.heads) == 2


async def test_many_who_ask_at_once_are_one_fetch() -> None:
    """Given a slow origin, when many ask for the same, then it is asked once; who varies is fetched for alone."""
    gate = asyncio.Event()

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(plain(FRESH, "Vary: Foo"))

    async with fronting(script) as front:
        asking = [asyncio.create_task(front.get("Foo: 1")) for _ in range(20)]
        await until(lambda: len(front.origin.heads) == 1)
        asking.append(asyncio.create_task(front.get("Foo: 2")))
        gate.set()
        answers = await asyncio.gather(*asking)
    assert {answer.status for answer in answers} == {200}
    assert len(front.origin.heads) == 2


async def test_what_is_private_is_not_waited_for() -> None:
    """Given an address whose responses are private, when many ask at once, then nobody waits for another's."""
    gate = asyncio.Event()
    gate.set()

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(plain("Cache-Control: private"))

    async with fronting(script) as front:
        await front.get()
        gate.clear()
        asking = [asyncio.create_task(front.get()) for _ in range(5)]
        await until(lambda: len(front.origin.heads) == 6)
        gate.set()
        assert {answer.source for answer in await asyncio.gather(*asking)} == {"edge; fwd=uri-miss; stored=?0"}


async def test_a_write_forgets_what_is_on_its_way_too() -> None:
    """Given a fetch under way, when its address is written to meanwhile, then what it brings is not kept."""
    gate = asyncio.Event()

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"GET"):
            await gate.wait()
        writer.write(plain(FRESH))

    async with fronting(script) as front:
        reading = asyncio.create_task(front.get())
        await until(lambda: len(front.origin.heads) == 1)
        await front.get(method="DELETE")
        gate.set()
        assert (await reading).source == "edge; fwd=uri-miss; fwd-status=200; stored=?0"
        assert (await front.get()).source.startswith("edge; fwd=uri-miss")


async def test_a_head_brings_nothing_back_that_was_forgotten_meanwhile() -> None:
    """Given a HEAD under way, when its address is written to meanwhile, then what it describes is not kept again."""
    gate = asyncio.Event()

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"HEAD"):
            await gate.wait()
        whole = plain(FRESH, "ETag: x")
        writer.write(whole[:-10] if head.startswith(b"HEAD") else whole)

    async with fronting(script) as front:
        await front.get()
        front.clock.later = 100
        asking = asyncio.create_task(front.get(method="HEAD"))
        await until(lambda: len(front.origin.heads) == 2)
        await front.get(method="DELETE")
        gate.set()
        assert (await asking).status == 200
        assert (await front.get()).source.startswith("edge; fwd=uri-miss")


async def test_a_write_has_forgotten_before_its_answer_has_ended() -> None:
    """Given a write whose answer takes long, when the client has its head, then nobody gets what was before."""
    gate = asyncio.Event()

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"POST"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
            await gate.wait()
            writer.write(b"done")
        else:
            writer.write(plain(FRESH))

    async with fronting(script) as front:
        await front.get()
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
        writer.write(b"POST /a HTTP/1.1\r\nHost: site\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            assert (await front.get()).source.startswith("edge; fwd=uri-miss")
            gate.set()
            assert await reader.read() == b"done"
        writer.close()


@pytest.mark.parametrize(
    ("target", "forgotten"),
    [("/b", True), ("b", True), ("http://site/b", True), ("http://other/b", False), ("//[", False), ("/c", False)],
)
async def test_a_write_forgets_what_it_names(target: str, forgotten: bool) -> None:  # noqa: FBT001
    """Given a write whose answer names another address of this site, then that is forgotten too."""

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(f"Location: {target}") if head.startswith(b"POST") else plain(FRESH))

    async with fronting(script) as front:
        await front.get(target="/b")
        await front.get(method="POST")
        assert ("hit" not in (await front.get(target="/b")).source) is forgotten


async def test_a_failed_write_forgets_nothing() -> None:
    """Given a write that the origin refuses, then what is kept stays."""

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(status="403 Forbidden") if head.startswith(b"PUT") else plain(FRESH))

    async with fronting(script) as front:
        await front.get()
        await front.get(method="PUT")
        assert "hit" in (await front.get()).source


async def test_a_cookie_is_for_one_client() -> None:
    """Given a response with a cookie, then who asked first gets it, and nobody after."""
    async with fronting(always(plain(FRESH, "Set-Cookie: session=1"))) as front:
        first, second = await front.get(), await front.get()
    assert first.headers["set-cookie"] == "session=1"
    assert "hit" in second.source
    assert "set-cookie" not in second.headers


@pytest.mark.parametrize("control", [FRESH, "Cache-Control: no-store"])
async def test_tags_do_not_reach_clients(control: str) -> None:
    """Given an origin that sends surrogate keys, then clients see none, whether the response is kept or not."""
    async with fronting(always(plain(control, "Surrogate-Key: a b", "Cache-Tag: a"))) as front:
        for method in ("GET", "GET", "POST", "HEAD"):
            assert {"surrogate-key", "cache-tag"}.isdisjoint((await front.get(method=method)).headers)


async def test_head_is_answered_from_memory_or_renews_it() -> None:
    """Given a kept response, then HEAD is answered from it; once stale, a HEAD that describes it makes it fresh."""
    async with fronting(always(plain(FRESH, "ETag: x"))) as front:
        await front.get()
        head = await front.get(method="HEAD")
    assert (head.headers["content-length"], head.body) == ("10", b"")
    assert "hit" in head.source

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        whole = plain(FRESH, "ETag: x")
        writer.write(whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if head.startswith(b"HEAD") else whole)

    async with fronting(script) as front:
        await front.get()
        front.clock.later = 100
        assert (await front.get(method="HEAD")).source == "edge; fwd=method; stored=?0"
        assert "hit" in (await front.get()).source


@pytest.mark.parametrize(
    ("poison", "value"),
    [
        ("X-Forwarded-Host", "evil"),
        ("X-Original-URL", "/admin"),
        ("X-Rewrite-URL", "/admin"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Forwarded", "host=evil"),
    ],
)
async def test_who_asks_cannot_change_what_is_asked(poison: str, value: str) -> None:
    """Given a header that could change the answer under the same address, then the origin does not see it."""
    async with fronting(always(plain(FRESH))) as front:
        await front.get(f"{poison}: {value}")
        assert value.encode() not in front.origin.heads[0]
        assert b"X-Forwarded-Host: site\r\n" in front.origin.heads[0]


@pytest.mark.parametrize(
    ("target", "host"), [("/a#b", "site"), ("http://evil/a", "site"), ("/a", "evil site/b"), ("/a", "")]
)
async def test_a_request_for_no_address_is_refused(target: str, host: str) -> None:
    """Given a target or a host that is none, then 400, and the origin is not asked."""
    async with fronting(always(plain(FRESH))) as front:
        assert (await front.get(target=target, host=host)).status == 400
        assert front.origin.heads == []


async def test_hosts_are_apart() -> None:
    """Given the same path on two hosts, then one is not answered with the other's."""
    async with fronting(always(plain(FRESH))) as front:
        await front.get(host="one")
        assert "uri-miss" in (await front.get(host="two")).source
        assert "hit" in (await front.get(host="ONE")).source


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        (["Cache-Control: no-cache"], "edge; fwd=request; fwd-status=200; stored"),
        (["Cache-Control: no-store"], "edge; fwd=request"),
        (["Cache-Control: max-age=0"], "edge; fwd=request; fwd-status=200; stored"),
        (["If-Match: x"], "edge; fwd=bypass"),
        (["Upgrade: h2c", "Connection: upgrade"], "edge; fwd=bypass"),
        (["Cache-Control: only-if-cached"], "edge; hit; ttl=60"),
    ],
)
async def test_what_a_client_wants_of_caches(lines: list[str], source: str) -> None:
    """Given a kept response and a client's own wishes, then they are respected."""
    async with fronting(always(plain(FRESH))) as front:
        await front.get()
        assert (await front.get(*lines)).source == source


async def test_only_if_cached_asks_nobody() -> None:
    """Given nothing kept, when only what is kept is wanted, then 504, and the origin is not asked."""
    async with fronting(always(plain(FRESH))) as front:
        assert (await front.get("Cache-Control: only-if-cached")).status == 504
        assert front.origin.heads == []


async def test_eviction_frees_what_known_heads_stand_for(front_small: Front) -> None:
    """Given a known head whose response was evicted, then the ordinary way asks the origin again."""
    head = b"GET /0 HTTP/1.1\r\nHost: site\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", front_small.port)

    async def ask() -> str:
        writer.write(head)
        said = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(10)
        return Response.of(said).source

    assert "uri-miss" in await ask()
    assert "hit" in await ask()
    for number in range(1, 200):
        await front_small.get(target=f"/{number}")
        await front_small.get(target=f"/{number}")
        await front_small.get(target=f"/{number}")
    assert front_small.gateway.cache.used <= 100_000
    assert "uri-miss" in await ask()
    writer.close()


@pytest.fixture
async def front_small() -> object:
    """Give a gateway with room for few responses."""
    async with fronting(always(plain(FRESH)), capacity=100_000) as front:
        yield front

"""Origins that fail, break off, lie about lengths, say nothing, or answer with too much."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge.http_cache.stand import always, fronting, plain

FRESH = "Cache-Control: max-age=60"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012", 502),
        (b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\n012", 502),
        (b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012", 502),
        (b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n01", 502),
        (b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nX" + b"x" * 100_000 + b": 1\r\n\r\n", 502),
        (b"nonsense\r\n\r\n", 502),
    ],
)
async def test_an_origin_that_answers_wrongly(answer: bytes, status: int) -> None:
    """Given an origin that breaks off, lies about lengths or speaks no HTTP, then an error, and nothing is kept."""

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with fronting(script) as front:
        if b"max-age" in answer or b"Content-Length" not in answer:
            assert (await front.get()).status == status
        else:  # passed on as it comes: the client sees that the end is missing
            assert (await front.get()).body == b"012"
        assert len(front.gateway.cache) == 0


async def test_a_silent_origin_is_given_up() -> None:
    """Given an origin that never answers, then the client is told in time; nobody is left waiting."""

    async def script(_: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with fronting(script, silence=0.2) as front:
        answers = await asyncio.gather(front.get(), front.get())
    assert [answer.status for answer in answers] == [504, 504]


@pytest.mark.parametrize(("control", "status"), [("max-age=10", 200), ("max-age=10, must-revalidate", 503)])
async def test_a_failing_origin_is_covered_for(control: str, status: int) -> None:
    """Given a stale response and an origin that fails, then the response is served, unless that is forbidden."""
    failing = False

    async def script(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(status="503 Unavailable") if failing else plain(f"Cache-Control: {control}"))

    async with fronting(script) as front:
        await front.get()
        failing, front.clock.later = True, 20
        answer = await front.get()
        assert answer.status == status
        if status == 200:
            assert answer.source == "edge; fwd=stale; fwd-status=503"


async def test_what_is_too_large_is_passed_on() -> None:
    """Given bodies larger than a tenth of the memory, with and without a length, then they arrive whole, unkept."""
    body = b"x" * 300_000
    chunked = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n"
    for answer in (plain(FRESH, body=body), chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)):
        async with fronting(always(answer)) as front:
            said = await front.get()
            assert said.body.count(b"x") == len(body)
            assert said.source == "edge; fwd=uri-miss; stored=?0"
            assert len(front.gateway.cache) == 0

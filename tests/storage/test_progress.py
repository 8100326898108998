"""How far uploads have come: told through Redis, and never waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from redis.asyncio import Redis

from app.embedded.ports import free_port
from storage.progress import UploadProgress
from tests.storage.contents import MEBIBYTE, chunks


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """Give the address of a Redis that takes connections, and says nothing."""
    opened: list[asyncio.StreamWriter] = []

    async def keep(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in opened:
            writer.close()
            await writer.wait_closed()


async def test_another_process_knows_how_far_it_is(redis_url: str) -> None:
    """While bytes come, their number is known elsewhere, and goes by itself; at the end nothing is known."""
    upload = uuid4().hex
    async with Redis.from_url(redis_url) as here, Redis.from_url(redis_url) as there:
        receiving, asking = UploadProgress(here), UploadProgress(there)
        assert await asking.received(upload) is None
        passed = []
        async for chunk in receiving.told(upload, chunks(MEBIBYTE, b"rest")):
            passed.append(chunk)
            async with asyncio.timeout(5):
                while (known := await asking.received(upload)) is None:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
            assert known == len(MEBIBYTE)  # the rest came at once, and is not told of so soon
        assert 0 < await there.ttl(f"upload:{upload}") <= 60
        await receiving.ended(upload)
        assert passed == [MEBIBYTE, b"rest"]
        assert await asking.received(upload) is None


async def test_uploads_do_not_know_of_each_other(redis_url: str) -> None:
    """The end of one is not the end of another."""
    one, other = uuid4().hex, uuid4().hex
    async with Redis.from_url(redis_url) as redis:
        progress = UploadProgress(redis)
        for upload, data in ((one, b"x"), (other, b"xyz")):
            assert [chunk async for chunk in progress.told(upload, chunks(data))] == [data]
        await progress.ended(one)
        assert (await progress.received(one), await progress.received(other)) == (None, 3)
        await progress.ended(other)


async def test_without_redis_bytes_pass_all_the_same() -> None:
    """Given no Redis, or one that says nothing, then nothing is known, nothing fails, and nobody waits for long."""
    async with silent() as deaf:
        for url in (f"redis://127.0.0.1:{free_port()}", deaf):
            async with Redis.from_url(url) as redis:
                progress, began = UploadProgress(redis), time.monotonic()
                passed = [len(chunk) async for chunk in progress.told("x", chunks(*[MEBIBYTE] * 40))]
                assert passed == [len(MEBIBYTE)] * 40
                assert time.monotonic() - began < 0.2, "no chunk waits"
                assert await progress.received("x") is None
                await progress.ended("x")
                assert time.monotonic() - began < 2

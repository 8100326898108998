"""A hand-made S3 that remembers what it was asked, and fails or stands still where a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from storage.s3 import Bucket, S3AssetStore
from tests.s3 import KEYS, REGION

UPLOAD = "an-upload"
_TEST_SECONDS = 30
_TURNS = 10
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Asked:
    """What a request asked for, and its body."""

    step: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HandMade:
    """Keeps nothing. `answers` replaces the answer to a step; one named `slow` says so and waits for `gate`."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    slow: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def steps(self) -> list[str]:
        """What was asked, in order."""
        return [asked.step for asked in self.asked]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        step = _step(request)
        body = b"".join([chunk async for chunk in request.content.iter_any()])
        self.asked.append(Asked(step, dict(request.headers), body))
        if step == self.slow:
            self.reached.set()
            await self.gate.wait()
        if answer := self.answers.get(step):
            return await answer(request)
        xml = f"<Result><UploadId>{UPLOAD}</UploadId></Result>" if request.method == "POST" else ""
        return web.Response(text=xml, headers={"ETag": '"tag"'}, content_type="application/xml")


def _step(request: web.BaseRequest) -> str:
    """Name a request as S3's API does, in short."""
    query = request.query
    if request.method == "POST":
        return "create" if "uploads" in query else "complete"
    if "uploadId" in query:
        return f"part {query['partNumber']}" if request.method == "PUT" else "abort"
    return request.method


def refusing(code: str, status: int, *, times: int = 10**6) -> Answer:
    """Return an answer with an error of S3, which so many requests get; the next are answered well."""
    left = iter(range(times))

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        if next(left, None) is None:
            return web.Response()
        xml = f"<Error><Code>{code}</Code><Message>About {KEYS[0]}, which nobody shall read</Message></Error>"
        return web.Response(status=status, text=xml, content_type="application/xml")

    return answer


async def cut_off(request: web.BaseRequest) -> web.StreamResponse:
    """Promise ten bytes and close the connection after three."""
    response = web.StreamResponse(status=HTTPStatus.OK, headers={"Content-Length": "10"})
    await response.prepare(request)
    await response.write(b"abc")
    assert request.transport is not None
    request.transport.close()
    return response


@asynccontextmanager
async def opened(bucket: Bucket, *, seconds: float = 20) -> AsyncIterator[S3AssetStore]:
    """Open a store, and close it at the end."""
    store = await S3AssetStore.open(bucket, seconds=seconds)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def hand_made(*, seconds: float = 20) -> AsyncIterator[tuple[S3AssetStore, HandMade]]:
    """Start one; yield a store in it, which is patient for so long, and the S3. A test has half a minute."""
    made = HandMade()
    async with asyncio.timeout(_TEST_SECONDS), RawTestServer(made.handle) as server:
        bucket = Bucket(
            name="pictures",
            endpoint=str(server.make_url("")).rstrip("/"),
            region=REGION,
            access_key=KEYS[0],
            secret_key=KEYS[1],
        )
        try:
            async with opened(bucket, seconds=seconds) as store:
                yield store, made
        finally:
            made.gate.set()
            for _ in range(_TURNS):  # a connection that the store gave up as it was made is closed once it is accepted
                await asyncio.sleep(0)

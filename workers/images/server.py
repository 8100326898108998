"""The image worker's HTTP: every GET and HEAD but those of `/health/` is a signed URL of a picture."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from storage.assets import AssetMissingError, AssetStore, AssetStoreError
from storage.vips import trim_memory
from workers.images import responses
from workers.images.errors import (
    ExpiredError,
    ImageError,
    MethodError,
    MissingError,
    StoreTroubleError,
    TooLargeError,
)
from workers.images.metrics import QUEUE_LENGTH, REQUESTS, STAGE_SECONDS
from workers.images.negotiate import Accepted, accepted
from workers.images.queue import SharedQueue
from workers.images.render import DEADLINE_SECONDS, Variant, render
from workers.images.url import Target, read

LARGEST_BYTES = 50 << 20
_TRIM_EVERY = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one worker takes on.

    `threads` pictures are rendered at once and `waiting` more may wait; an original has at most `largest_bytes`
    bytes; a picture is given up after `deadline` seconds of rendering.
    """

    threads: int = 2
    waiting: int = 32
    largest_bytes: int = LARGEST_BYTES
    deadline: float = DEADLINE_SECONDS


def create_images_app(
    store: AssetStore,
    keys: Sequence[tuple[bytes, bytes]],
    *,
    now: Callable[[], float] = time.time,
    limits: Limits | None = None,
) -> web.Application:
    """Assemble the worker.

    Args:
        store: where the originals are.
        keys: pairs of key and salt; URLs signed with any of them are answered, for rotation.
        now: the seconds of Unix time, which URLs expire by.
        limits: what it takes on; by default two threads, 32 waiting, 50 MiB, 15 seconds.

    Raises:
        ValueError: there is no pair of keys, or an empty key, which anyone could sign with.

    """
    if not keys or not all(key for key, _ in keys):
        raise ValueError("The image worker needs a key that signs its URLs; set IMGPROXY_KEY and IMGPROXY_SALT.")
    worker = _Worker(store, keys, now, limits or Limits())
    app = web.Application()
    app.router.add_route("*", "/{path:(?!health/).*}", worker.answer)
    app.cleanup_ctx.append(worker.lifetime)
    return app


class _Worker:
    """Answers requests; holds the queue and the threads."""

    def __init__(
        self, store: AssetStore, keys: Sequence[tuple[bytes, bytes]], now: Callable[[], float], limits: Limits
    ) -> None:
        self._store, self._keys, self._now, self._limits = store, keys, now, limits
        self._queue: SharedQueue[Variant] = SharedQueue(at_once=limits.threads, waiting=limits.waiting)
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="render")
        self._made = 0

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """End the queue and the threads with the application; a rendering that runs is waited for."""
        QUEUE_LENGTH.set_function(self._queue.__len__)
        yield
        await self._queue.close()
        await asyncio.to_thread(self._threads.shutdown)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request, whatever happens, and count it."""
        target = None
        try:
            _check_method(request.method)
            target = read(request.raw_path, self._keys)
            response = await self._picture(request, target)
        except ImageError as error:
            response = responses.problem(error, target)
        except Exception:  # noqa: BLE001 - whatever one picture does, the process stays up and says so
            _log.exception("an image request failed unexpectedly")
            response = responses.problem(ImageError("The image worker failed; its log says why."), target)
        REQUESTS.labels(response.status).inc()
        return response

    async def _picture(self, request: web.Request, target: Target) -> web.Response:
        moment = self._now()
        if target.options.expires and target.options.expires <= moment:
            raise ExpiredError("The URL's time is over; ask the API for a new one.")
        await self._check_original(target.source)
        client = accepted(request.headers.get("Accept", ""))
        tag = responses.entity_tag(target, client)
        headers = responses.success_headers(target, tag, moment)
        if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        variant = await self._variant(target, client, tag)
        headers |= responses.disposition(target, variant)
        return web.Response(body=variant.body, content_type=variant.media_type, headers=headers)

    async def _check_original(self, key: str) -> None:
        with _store_errors():
            size = await self._store.size(key)
        if size > self._limits.largest_bytes:
            raise TooLargeError(f"The original has over {self._limits.largest_bytes} bytes.")

    async def _variant(self, target: Target, client: Accepted, tag: str) -> Variant:
        """Make the variant, or share it with whoever is having it made."""
        asked = time.perf_counter()

        async def make() -> Variant:
            STAGE_SECONDS.labels("wait").observe(time.perf_counter() - asked)
            with STAGE_SECONDS.labels("read").time(), _store_errors():
                data = await self._store.read(target.source)
            with STAGE_SECONDS.labels("render").time():
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._render, data, target, client
                )

        return await self._queue.run(tag, make)

    def _render(self, data: bytes, target: Target, client: Accepted) -> Variant:
        try:
            return render(data, target.options, client, deadline=self._limits.deadline)
        finally:
            self._made += 1
            if self._made % _TRIM_EVERY == 0:
                trim_memory()


def _check_method(method: str) -> None:
    if method not in {"GET", "HEAD"}:
        raise MethodError("Pictures are read with GET or HEAD.")


@contextmanager
def _store_errors() -> Iterator[None]:
    """Turn the asset store's errors into answers."""
    try:
        yield
    except AssetMissingError as error:
        raise MissingError("There is no such original.") from error
    except AssetStoreError as error:
        raise StoreTroubleError(str(error)) from error

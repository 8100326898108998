"""The image worker's HTTP: every GET and HEAD but those of `/health/` is a signed URL of a picture."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # published without types
from aiohttp import web

from storage.vips import trim_memory
from workers.images import responses
from workers.images.errors import ExpiredError, ImageError, MethodError, OptionError
from workers.images.grammar import Presets
from workers.images.metrics import MEMORY_BYTES, QUEUE_LENGTH, REQUESTS, STAGE_SECONDS, VARIANTS
from workers.images.negotiate import Accepted, accepted
from workers.images.queue import SharedQueue
from workers.images.render import DEADLINE_SECONDS, Variant
from workers.images.renderers import Renderers
from workers.images.sources import PREVIEW, Sources
from workers.images.url import Target, read
from workers.images.variants import VariantFolder
from workers.images.warming import Prepare

CAPACITY_BYTES = 2 << 30
PREPARE: web.AppKey[Prepare] = web.AppKey("prepare")
"""Under which the application has what makes a variant before anyone asks for it."""

_IDLE_SECONDS = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ImagesConfig:
    """What one worker answers, and what it takes on.

    `keys` are pairs of key and salt: URLs signed with any of them are answered, for rotation. `watermark` is the path
    of the picture that `watermark` lays over others. `processes` pictures are rendered at once and `waiting` more may
    wait; a picture is given up after `deadline` seconds of rendering. Variants that were made are kept in the folder
    `variants`, if there is one, up to `capacity` bytes. `now` gives the Unix time in seconds, which URLs expire by.
    """

    keys: Sequence[tuple[bytes, bytes]]
    presets: Presets = field(default_factory=dict)
    watermark: str = ""
    processes: int = 2
    waiting: int = 32
    deadline: float = DEADLINE_SECONDS
    variants: Path | None = None
    capacity: int = CAPACITY_BYTES
    now: Callable[[], float] = time.time


def create_images_app(sources: Sources, config: ImagesConfig) -> web.Application:
    """Assemble the worker.

    Raises:
        ValueError: there is no pair of keys, or an empty key, which anyone could sign with.
        OSError: the watermark cannot be read.

    """
    if not config.keys or not all(key for key, _ in config.keys):
        raise ValueError("The image worker needs a key that signs its URLs; set IMGPROXY_KEY and IMGPROXY_SALT.")
    worker = _Worker(sources, config)
    app = web.Application()
    app[PREPARE] = worker.prepare
    app.router.add_route("*", "/{path:(?!health/).*}", worker.answer)
    app.cleanup_ctx.append(worker.lifetime)
    return app


class _Worker:
    """Answers requests; holds the queue and the rendering processes."""

    def __init__(self, sources: Sources, config: ImagesConfig) -> None:
        self._sources, self._config = sources, config
        self._queue: SharedQueue[Variant] = SharedQueue(at_once=config.processes, waiting=config.waiting)
        self._renderers = Renderers(config.processes, deadline=config.deadline, watermark=config.watermark)
        self._mark = hashlib.sha256(Path(config.watermark).read_bytes()).hexdigest() if config.watermark else ""
        self._busy = False
        self._variants = VariantFolder(config.variants, config.capacity) if config.variants else None

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """Start the processes, and end them and the queue with the application."""
        QUEUE_LENGTH.set_function(self._queue.__len__)
        MEMORY_BYTES.set_function(lambda: _resident(self._renderers.pids))
        async with self._sources, self._renderers:
            giving = asyncio.create_task(self._give_back())
            yield
            giving.cancel()
            await asyncio.gather(giving, self._queue.close(), return_exceptions=True)

    async def _give_back(self) -> None:
        """Give memory back to the system when pictures were made and none is being made."""
        while True:
            await asyncio.sleep(_IDLE_SECONDS)
            if self._busy and not len(self._queue):
                self._busy = False
                await asyncio.to_thread(trim_memory)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request, whatever happens, and count it."""
        target = None
        try:
            _check_method(request.method)
            target = read(request.raw_path, self._config.keys, self._config.presets)
            response = await self._picture(request, target)
        except ImageError as error:
            response = responses.problem(error, target)
        except Exception:  # noqa: BLE001 - whatever one picture does, the process stays up and says so
            _log.exception("an image request failed unexpectedly")
            response = responses.problem(ImageError("The image worker failed; its log says why."), target)
        REQUESTS.labels(response.status).inc()
        return response

    async def _picture(self, request: web.Request, target: Target) -> web.Response:
        moment = self._config.now()
        if target.options.expires and target.options.expires <= moment:
            raise ExpiredError("The URL's time is over; ask the API for a new one.")
        if target.options.watermark and not self._config.watermark:
            raise OptionError("watermark", "has no picture here; set IMAGES_WATERMARK")
        await self._sources.verify(target.source)
        client = accepted(request.headers.get("Accept", ""))
        tag = responses.entity_tag(target, client, self._mark)
        headers = responses.success_headers(target, tag, moment)
        if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        variant = await self._variant(target, client, tag)
        headers |= responses.disposition(target, variant)
        return web.Response(body=variant.body, content_type=variant.media_type, headers=headers)

    async def prepare(self, path: str, accept: str) -> None:
        """Make the variant at a path for clients that accept this, unless it is kept already; raises ImageError."""
        target = read(path, self._config.keys, self._config.presets)
        await self._sources.verify(target.source)
        client = accepted(accept)
        await self._variant(target, client, responses.entity_tag(target, client, self._mark))

    async def _variant(self, target: Target, client: Accepted, tag: str) -> Variant:
        """Return the variant that was kept, or make it, or share it with whoever is having it made."""
        if self._variants is not None and (kept := await self._variants.find(tag)):
            VARIANTS.labels("kept").inc()
            return kept
        asked = time.perf_counter()

        async def make() -> Variant:
            self._busy = True
            STAGE_SECONDS.labels("wait").observe(time.perf_counter() - asked)
            with STAGE_SECONDS.labels("read").time():
                data = await self._sources.read(target.source)
            with STAGE_SECONDS.labels("render").time():
                drawing = target.source.startswith(PREVIEW)
                variant = await self._renderers.render(data, target.options, client, drawing=drawing)
            VARIANTS.labels("made").inc()
            if self._variants is not None:
                await self._variants.keep(tag, variant)
            return variant

        return await self._queue.run(tag, make)


def _check_method(method: str) -> None:
    if method not in {"GET", "HEAD"}:
        raise MethodError("Pictures are read with GET or HEAD.")


def _resident(pids: Sequence[int]) -> int:
    """Return how many bytes of memory this process and others hold (RSS); one that has just ended holds none."""
    total = psutil.Process().memory_info().rss
    for pid in pids:
        try:
            total += psutil.Process(pid).memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return int(total)

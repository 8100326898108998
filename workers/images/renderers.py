"""The processes that render, as the worker sees them: it starts them, gives each one picture at a time, replaces them.

A process that ends amid a picture takes only that picture with it, which is tried once more by a fresh one; a picture
that ends two of them is to blame. One that is over its deadline and does not say so is killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workers.images.errors import DeadlineError, ImageError, TooLargeError, UnusableError
from workers.images.geometry import LARGEST_RESULT_PIXELS
from workers.images.negotiate import MEDIA_TYPES, Accepted
from workers.images.options import Options
from workers.images.render import Variant
from workers.images.renderer import LENGTHS, Job

GRACE_SECONDS = 1.0
"""How long after its deadline a process may take to say that it is over."""

START_SECONDS = 60.0
"""How long a process may take to start."""

_ROOT = Path(__file__).parents[2]
_TRIES = 2
_BUFFER_BYTES = 1 << 20
_LARGEST_ANSWER = (1 << 16, LARGEST_RESULT_PIXELS * 4 + _BUFFER_BYTES)  # of the line and of the picture, in bytes
_FRUGAL = {  # what libraries reserve for themselves counts as used
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
}
_ERRORS = {kind.__name__: kind for kind in (DeadlineError, TooLargeError, UnusableError)}

log = logging.getLogger(__name__)


class EndedError(Exception):
    """The process ended without an answer, or with none that makes sense."""


@dataclass(eq=False)
class _Renderer:
    """One process, with both ends of what is said to it and what it says."""

    process: Process
    jobs: asyncio.StreamWriter
    answers: asyncio.StreamReader
    killed: bool = False

    async def make(self, job: bytes, data: bytes) -> Variant:
        """Have it make one picture; raises EndedError, or the error that it tells."""
        try:
            self.jobs.writelines((LENGTHS.pack(len(job), len(data)), job, data))
            await self.jobs.drain()
            lengths = LENGTHS.unpack(await self.answers.readexactly(LENGTHS.size))
            if any(length > most for length, most in zip(lengths, _LARGEST_ANSWER, strict=True)):
                raise EndedError
            told = json.loads(await self.answers.readexactly(lengths[0]))
            return understood(told, await self.answers.readexactly(lengths[1]))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            raise EndedError from error

    @property
    def ended(self) -> bool:
        """Whether it has ended, or will not take another picture."""
        return self.killed or self.process.returncode is not None or self.answers.at_eof()

    def kill(self) -> None:
        """End it, whatever it is at."""
        self.killed = True
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)  # `process.kill` may reap it before asyncio does


def understood(told: object, body: bytes) -> Variant:
    """Take an answer; a process that a picture has taken over can say anything, but only so much is passed on."""
    match told:
        case {"error": str(kind), "message": str(message)} if kind in _ERRORS:
            raise _ERRORS[kind](message)
        case {"type": str(kind), "width": int(width), "height": int(height)} if kind in MEDIA_TYPES.values():
            return Variant(body, kind, width, height)
    raise EndedError


class Renderers:
    """So many processes, each making one picture at a time; who asks for more at once waits.

    `deadline` is in seconds of rendering; `watermark` the path of a picture.
    """

    def __init__(self, count: int, *, deadline: float, watermark: str = "") -> None:
        self._count, self._deadline, self._watermark = count, deadline, watermark
        self._idle: asyncio.LifoQueue[_Renderer] = asyncio.LifoQueue()  # who has just made one has its memory at hand
        self._all: list[_Renderer] = []

    @property
    def pids(self) -> list[int]:
        """The processes' ids."""
        return [renderer.process.pid for renderer in self._all]

    async def __aenter__(self) -> Self:
        """Start them; raises RuntimeError if one does not start, which has said why on stderr."""
        started = await asyncio.gather(*(self._start() for _ in range(self._count)), return_exceptions=True)
        for renderer in started:
            if isinstance(renderer, BaseException):
                await self.__aexit__()
                raise renderer
            self._idle.put_nowait(renderer)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them, whatever they are at."""
        await asyncio.gather(*map(self._end, list(self._all)))

    async def render(self, data: bytes, options: Options, client: Accepted, *, drawing: bool = False) -> Variant:
        """Make a variant; takes and raises what `workers.images.render.render` does."""
        job = pickle.dumps(Job(options, client, self._deadline, drawing))
        renderer = await self._idle.get()
        try:
            for _ in range(_TRIES):
                if renderer.ended:
                    await self._end(renderer)
                    renderer = await self._start()
                try:
                    return await self._made(renderer, job, data)
                except EndedError:
                    log.warning("A rendering process ended amid a picture.")
        finally:
            self._idle.put_nowait(renderer)
        raise UnusableError("The original cannot be rendered within the limits of memory.")

    async def _made(self, renderer: _Renderer, job: bytes, data: bytes) -> Variant:
        try:
            async with asyncio.timeout(self._deadline + GRACE_SECONDS):
                return await renderer.make(job, data)
        except TimeoutError as error:
            await self._end(renderer)
            raise DeadlineError(f"The picture took longer than {self._deadline:g} seconds.") from error
        except ImageError:  # this was its answer
            raise
        except BaseException:
            await self._end(renderer)  # amid an answer, it is of no more use
            raise

    async def _start(self) -> _Renderer:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workers.images.renderer", *filter(None, [self._watermark])),
            stdin=PIPE,
            stdout=PIPE,
            limit=_BUFFER_BYTES,
            cwd=_ROOT,
            env={**os.environ, **_FRUGAL},
            start_new_session=True,  # Ctrl-C is for the process that started it
        )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("A rendering process has no pipes.")
        renderer = _Renderer(process, process.stdin, process.stdout)
        self._all.append(renderer)
        try:
            async with asyncio.timeout(START_SECONDS):
                code = None if await process.stdout.readline() else await process.wait()
        except BaseException:
            await self._end(renderer)
            raise
        if code is not None:
            self._all.remove(renderer)
            raise RuntimeError(f"A rendering process ended with code {code} before its first picture.")
        return renderer

    async def _end(self, renderer: _Renderer) -> None:
        renderer.kill()
        await renderer.process.wait()
        if renderer in self._all:
            self._all.remove(renderer)

"""Runs one process: its sites, its background work, and an orderly end.

The order of the end is the point of this module: stop accepting and finish what was accepted (10 s at most), then
stop the background work, then close what both used.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop
from aiohttp import web
from aiohttp.typedefs import Handler

from app import logs
from app.embedded.ports import taken
from app.health import Check, add_health, admin_application
from app.settings import Settings, SettingsError

__all__ = ["Check", "Process", "serve"]

_GARBAGE = (20_000, 20, 20)  # an answer is thousands of objects; to look for cycles in each costs a twelfth of it
DRAIN_SECONDS = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Process:
    """What a process serves and needs.

    `port` is on `settings.host`, and `port_setting` the variable that changes it; a process without an
    `application` (the relay) has only its admin site. `background` coroutines run until the end: one that raises
    takes the process down, one that returns is done. `close` is awaited last, in order. `handler_args` go to
    aiohttp's request handler (e.g. `max_line_size`, `keepalive_timeout`), and `runner` serves the application. `admin`
    are further pages of the admin site, by path. An application that is `another_site` gets no pages of ours, and goes
    on without an admin site where that port is taken.
    """

    name: str
    application: web.Application | None = None
    port: int | None = None
    port_setting: str = ""
    checks: Mapping[str, Check] = field(default_factory=dict)
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    close: Sequence[Callable[[], Awaitable[None]]] = ()
    handler_args: Mapping[str, Any] = field(default_factory=dict)
    runner: type[web.AppRunner] = web.AppRunner
    admin: Mapping[str, Handler] = field(default_factory=dict)
    another_site: bool = False


def serve(process_factory: Callable[[], Awaitable[Process]], settings: Settings, *, name: str = "app") -> int:
    """Run a process until SIGINT or SIGTERM and return its exit code; a second signal ends it at once.

    `process_factory` is awaited inside the event loop and may open connections; `name` is the process's name in
    logs until the factory has returned. The codes: 0 after a signal, 1 after a failure (logged), 2 when a port is
    taken (one line on stderr names the setting).

    Raises:
        SettingsError: from the factory, for the command line to print.

    """
    logs.configure(name, production=settings.production)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Serving(settings).run(process_factory))


class _PortTakenError(Exception):
    """A site cannot listen; the message is for the operator."""


class _Serving:
    """One run of a process: remembers how it is to end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.code = 0
        self.stopping = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def run(self, process_factory: Callable[[], Awaitable[Process]]) -> int:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.on_signal)
        opening = asyncio.ensure_future(process_factory())
        try:
            if process := await self.unless_stopped(opening):
                await self.serve(process)
        except SettingsError:
            raise
        except _PortTakenError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        except Exception:  # noqa: BLE001 - logged, and told to whoever supervises by the code
            _log.exception("The process could not start or stop.")
            return 1
        return self.code

    def on_signal(self) -> None:
        if self.stopping.is_set():
            os._exit(1)  # whoever signals twice does not want to wait
        self.stopping.set()

    async def unless_stopped(self, opening: asyncio.Future[Process]) -> Process | None:
        """Return the process, or None when a signal came while it was still connecting."""
        stopped = asyncio.ensure_future(self.stopping.wait())
        either: list[asyncio.Future[Any]] = [opening, stopped]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if opening.done():
            return opening.result()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        return None

    async def serve(self, process: Process) -> None:
        logs.configure(process.name, production=self.settings.production)
        runners: list[web.AppRunner] = []
        try:
            if process.application is not None:
                if not process.another_site:
                    add_health(process.application, process.checks)
                process.application.on_cleanup.insert(0, self.stop_background)
                runners.append(await _set_up(process.application, process.handler_args, process.runner))
            self.start_background(process)
            if process.application is not None and process.port is not None:
                await _listen(runners[0], self.settings.host, process.port, process.port_setting)
            runners.append(await _set_up(admin_application(process.checks, process.admin), {}, web.AppRunner))
            await self.listen_for_operators(runners[-1], required=not process.another_site)
            gc.collect()
            gc.set_threshold(*_GARBAGE)
            gc.freeze()  # what lives as long as the process is not walked by every full collection: 76 ms, in the API
            _log.info("%s is up.", process.name, extra={"port": process.port, "admin_port": self.settings.admin_port})
            await self.stopping.wait()
            _log.info("%s is stopping.", process.name)
        finally:
            for runner in runners:
                await runner.cleanup()
            await self.stop_background()
            for close in process.close:
                await close()

    async def listen_for_operators(self, runner: web.AppRunner, *, required: bool) -> None:
        try:
            await _listen(runner, self.settings.admin_host, self.settings.admin_port, "ADMIN_PORT")
        except _PortTakenError as error:
            if required:
                raise
            _log.warning("There are no metrics: %s", error)

    def start_background(self, process: Process) -> None:
        for work in process.background:
            task = asyncio.create_task(work(), name=getattr(work, "__qualname__", repr(work)))
            task.add_done_callback(self.on_background_done)
            self.tasks.append(task)

    def on_background_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if error := task.exception():
            _log.error("Background work %s failed; the process ends.", task.get_name(), exc_info=error)
            self.code = 1
            self.stopping.set()

    async def stop_background(self, _: web.Application | None = None) -> None:
        pending = set(self.tasks)
        while pending:  # drivers may swallow a cancellation while they connect, on Python 3.11
            for task in pending:
                task.cancel()
            pending = (await asyncio.wait(pending, timeout=1))[1]


async def _set_up(
    application: web.Application, handler_args: Mapping[str, Any], kind: type[web.AppRunner]
) -> web.AppRunner:
    # No access log: the edge counts requests as metrics, and a line for each would cost more than a cache hit.
    # handler_cancellation stays off, so that a client that leaves does not abort a mutation half-way.
    runner = kind(application, access_log=None, shutdown_timeout=DRAIN_SECONDS, **handler_args)
    await runner.setup()
    return runner


async def _listen(runner: web.AppRunner, host: str, port: int, setting: str) -> None:
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _PortTakenError(taken(port, setting)) from error
        raise

"""A process for the tests of `app.process`: `served.py plain|failing|refused|opening`; says what happens on stdout."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from app.process import Process, serve
from app.settings import Settings, SettingsError


def say(what: str) -> None:
    """Write a line the test waits for."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def application() -> web.Application:
    """Serve `/slow`, which answers once the process has begun to stop."""
    stopping = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        say("in flight")
        await stopping.wait()
        say("answered")
        return web.Response(text="slow but whole")

    async def on_shutdown(_: web.Application) -> None:
        stopping.set()

    async def on_cleanup(_: web.Application) -> None:
        say("cleaned up")

    served = web.Application()
    served.router.add_get("/slow", slow)
    served.on_shutdown.append(on_shutdown)
    served.on_cleanup.append(on_cleanup)
    return served


async def steady_work() -> None:
    """Run until cancelled."""
    say("working")
    try:
        await asyncio.Event().wait()
    finally:
        say("work stopped")


async def failing_work() -> None:
    """Fail at once."""
    raise ValueError("the stream is gone")


async def close() -> None:
    """Close what was opened."""
    say("closed")


async def factory() -> Process:
    """Make the process in the mode of the command line."""
    mode = sys.argv[1]
    if mode == "refused":
        raise SettingsError("SECRET_KEY is wrong.")
    if mode == "opening":
        say("opening")
        await asyncio.Event().wait()
    work = failing_work if mode == "failing" else steady_work
    settings = Settings.from_environment()
    return Process("served", application(), settings.api_port, "API_PORT", background=[work], close=[close])


if __name__ == "__main__":
    try:
        sys.exit(serve(factory, Settings.from_environment()))
    except SettingsError as error:
        sys.exit(str(error))

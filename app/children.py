"""A child process of the supervisor: its output, its readiness, its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.text import Text

from app.embedded.leash import leashed

STOP_SECONDS = 12.0  # a process drains for 10 s
_LONGEST_LINE = 2**20
_POLL_SECONDS = 0.05
_COLOURS = {"api": "cyan", "edge": "green", "images": "magenta", "relay": "yellow"}


class ChildError(Exception):
    """A child process did not become ready. The message names it and its log."""


class Child:
    """One process of the platform.

    Every line it writes goes to the console with its name before it, and to `log`. It is killed when this process
    ends without stopping it: all it holds is in the database.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        ready_url: str,
        log: Path,
        console: Console,
    ) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.ready_url = ready_url
        self.log = log
        self.console = console
        self.process: asyncio.subprocess.Process | None = None
        self.output: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, without waiting for it to be ready."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            *leashed(signal.SIGKILL, *self.command),
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C reaches the supervisor, which stops the children in order
        )
        if self.process.stdout is not None:
            self.output = asyncio.create_task(self._copy_output(self.process.stdout))

    async def wait(self) -> int:
        """Return the exit code once it has ended and its output was copied; negative for a signal."""
        if self.process is None:
            raise ChildError(f"{self.name} was not started.")
        code = await self.process.wait()
        if self.output is not None:
            await self.output
        return code

    async def wait_until_ready(self, seconds: float) -> None:
        """Return when its readiness is 200.

        Raises:
            ChildError: it ended, or is not ready after `seconds`; says why and names its log.

        """
        ended = asyncio.create_task(self.wait())
        ready = asyncio.create_task(self._poll_readiness(seconds))
        try:
            await asyncio.wait([ended, ready], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise ChildError(
                    f"{self.name} ended with code {ended.result()} before it was ready. Its log is {self.log}."
                )
            await ready
        finally:
            for task in (ended, ready):
                task.cancel()
            await asyncio.gather(ended, ready, return_exceptions=True)

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End it by SIGTERM, and by SIGKILL when it has not ended after `seconds`; nothing when it does not run."""
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(self.wait()), seconds)
        except TimeoutError:
            message = f"{self.name} has not ended after {seconds:g} s and is killed."
            self.console.print(message, style="red", soft_wrap=True, highlight=False)
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    async def _poll_readiness(self, seconds: float) -> None:
        answer = "nothing listens on its port"
        try:
            async with asyncio.timeout(seconds), aiohttp.ClientSession() as client:
                while True:
                    try:
                        async with client.get(self.ready_url) as response:
                            if response.ok:
                                return
                            answer = await response.text()
                    except aiohttp.ClientError:
                        pass  # it does not listen yet
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise ChildError(
                f"{self.name} is not ready after {seconds:g} s ({answer}). Its log is {self.log}."
            ) from error

    async def _copy_output(self, stream: asyncio.StreamReader) -> None:
        name = Text(f"{self.name:<6} │ ", style=_COLOURS.get(self.name, "blue"))
        with self.log.open("wb") as log:
            while True:
                try:
                    line = await stream.readline()
                except ValueError:  # longer than the limit, and dropped by the reader
                    continue
                if not line:
                    return
                log.write(line)
                log.flush()
                text = line.decode(errors="replace").rstrip("\r\n")
                self.console.print(name + Text.from_ansi(text), soft_wrap=True, highlight=False)

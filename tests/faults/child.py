"""One process of the platform, to be killed, hung and started again, and what it said."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.app.processes import ROOT, SECONDS


class Child:
    """`python -m app <name>`; `lines` is everything it has ever said."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self.name = name
        self.lines: list[str] = []
        self._environ = dict(environ)
        self._heard = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it is up."""
        mark = len(self.lines)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "app", self.name),
            env=self._environ,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        await self.said("is up", mark)

    async def kill(self) -> None:
        """End it by SIGKILL, hung or not."""
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Let it do nothing at all; its sockets stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it may have been killed meanwhile
                self._process.send_signal(signal.SIGCONT)

    async def said(self, words: str, mark: int = 0) -> str:
        """Wait until it has said this after its first `mark` lines, and return the line."""
        async with asyncio.timeout(SECONDS), self._heard:
            while True:
                for line in self.lines[mark:]:
                    if words in line:
                        return line
                mark = len(self.lines)
                await self._heard.wait()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.lines.append(line.decode().rstrip())
            async with self._heard:
                self._heard.notify_all()

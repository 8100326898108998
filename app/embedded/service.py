"""What the embedded services share: one child process with its folder, log, port, and an orderly end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil  # type: ignore[import-untyped]  # published without types

from app.embedded.binaries import Binary
from app.embedded.errors import EmbeddedServiceError, StillRunningError
from app.embedded.leash import leashed
from app.embedded.ports import Listener, require_free

HOST = "127.0.0.1"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LEFTOVER_SECONDS = 20.0
_POLL_SECONDS = 0.02


class EmbeddedService(ABC):
    """One service on 127.0.0.1 with its data below `data_dir`; `async with` starts and stops it.

    It ends with the process that started it, whatever happens to that one, and can be started again after it ended.
    """

    name: ClassVar[str]
    port_setting: ClassVar[str]
    pid_file: ClassVar[str]
    """Below the service's folder; holds the process id while it runs, and after an unclean end."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.directory = self.data_dir / self.name
        self.log = self.data_dir / "log" / f"{self.name}.log"
        self.process: asyncio.subprocess.Process | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address clients connect to."""

    @abstractmethod
    def binary(self) -> Binary:
        """Find the program; raises NoBinaryError."""

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """Return the program's command line."""

    @abstractmethod
    async def wait_until_ready(self) -> None:
        """Return when clients can read and write; called with a time limit, right after the start."""

    @property
    def listener(self) -> Listener:
        """The port it listens on."""
        return Listener(HOST, self.port, self.port_setting)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.process.pid if self.running and self.process else None

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> str:
        """Start the service and return its URL once it serves.

        Raises:
            NoBinaryError: no program for it runs on this machine.
            PortTakenError: names the port's setting.
            StillRunningError: an earlier process works on the same folder and does not end.
            EmbeddedServiceError: it ended or stayed unready; the message names its log.

        """
        binary = await asyncio.to_thread(self.binary)
        await self.wait_for_leftover()
        require_free([self.listener])
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *leashed(signal.SIGTERM, binary.path, *self.arguments()),
                cwd=self.directory,
                env={**os.environ, **binary.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the one who stops it in order, not the service itself
            )
        try:
            await self._ready_or_ended()
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def wait(self) -> int:
        """Return the exit code once the process has ended; negative for a signal.

        Raises:
            EmbeddedServiceError: it was not started.

        """
        if self.process is None:
            raise EmbeddedServiceError(f"{self.name} was not started.")
        return await self.process.wait()

    def kill(self) -> None:
        """End the service at once; what it acknowledged is in its journal."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    async def stop(self) -> None:
        """End the service cleanly, or by SIGKILL when it has not ended after 20 s; nothing when it does not run."""
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        self.process = None

    async def wait_for_leftover(self, seconds: float = _LEFTOVER_SECONDS) -> None:
        """Wait for the process of an earlier run that is still ending in the same folder.

        Raises:
            StillRunningError: it has not ended; names its process id.

        """
        deadline = time.monotonic() + seconds
        while leftover := _process_of(self.directory / self.pid_file):
            if time.monotonic() > deadline:
                raise StillRunningError(
                    f"{self.name} (process {leftover}) still runs on {self.directory}; "
                    f"end it with `kill {leftover}`, or set DATA_DIR to another folder."
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _ready_or_ended(self) -> None:
        assert self.process is not None  # noqa: S101 - `start` has just set it
        ready = asyncio.ensure_future(asyncio.wait_for(self.wait_until_ready(), _START_SECONDS))
        ended = asyncio.ensure_future(self.process.wait())
        try:
            await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise EmbeddedServiceError(
                    f"{self.name} ended with code {ended.result()}. Its log is {self.log}:\n{_last_lines(self.log)}"
                )
            await ready
        except TimeoutError as error:
            raise EmbeddedServiceError(
                f"{self.name} is not ready after {_START_SECONDS:.0f} s. Its log is {self.log}."
            ) from error
        finally:
            for future in (ready, ended):
                future.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)


async def poll(attempt: Callable[[], Awaitable[bool]]) -> None:
    """Call `attempt` until it returns true; the caller sets the time limit."""
    while not await attempt():  # noqa: ASYNC110 - another process changes; there is no event to wait for
        await asyncio.sleep(_POLL_SECONDS)


def _process_of(pid_file: Path) -> int | None:
    """Return the process that wrote `pid_file` if it still works in that folder; process ids are used again."""
    try:
        process = psutil.Process(int(pid_file.read_text()))
        same = Path(process.cwd()) == pid_file.parent and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return None
    return process.pid if same else None


def _last_lines(log: Path, count: int = 3, length: int = 400) -> str:
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(line[:length] for line in lines)

"""A child of the supervisor: its output, its end by force, and the restart of what ends on its own."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import sys
from pathlib import Path

import pytest
from rich.console import Console

from app.children import Child, ChildError
from app.embedded import EmbeddedRedis
from app.embedded.ports import free_port
from app.restarts import Backoff, keep_running
from app.settings import Settings
from app.supervisor import Supervisor
from tests.app.processes import PROGRAMS, SECONDS


class Written(io.StringIO):
    """What a console wrote, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def write(self, text: str) -> int:
        """Keep the text and wake who waits."""
        self.changed.set()
        return super().write(text)

    async def until(self, words: str) -> None:
        """Wait until `words` were written."""
        async with asyncio.timeout(SECONDS):
            while words not in self.getvalue():
                self.changed.clear()
                await self.changed.wait()


def child(written: Written, tmp_path: Path, *command: str) -> Child:
    """Return a child that runs Python with `command`, on a free admin port."""
    port = free_port()
    return Child(
        "odd",
        [sys.executable, *command],
        environment={"ADMIN_PORT": str(port), "PYTHONPATH": "."},
        ready_url=f"http://127.0.0.1:{port}/health/ready",
        log=tmp_path / "odd.log",
        console=Console(file=written, width=40),
    )


async def test_every_line_has_the_name_and_is_in_the_log(tmp_path: Path) -> None:
    """Given lines with markup, odd bytes and more than a megabyte, then those that can be shown are, as they are."""
    written = Written()
    code = (
        r"import os; os.write(1, b'[bold]one\n' + b'x' * 3_000_000 + b'\n\xfflast, longer than the console is wide\n')"
    )
    talker = child(written, tmp_path, "-c", code)
    await talker.start()
    assert await talker.wait() == 0
    assert "odd    │ [bold]one\n" in written.getvalue()
    assert "odd    │ \ufffdlast, longer than the console is wide\n" in written.getvalue()
    assert (tmp_path / "odd.log").read_bytes().startswith(b"[bold]one\n")
    await talker.stop()  # it has ended already


async def test_a_child_that_ignores_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    """Given a child that stops for nothing, when its time is over, then it is killed and that is said."""
    written = Written()
    stubborn = child(written, tmp_path, str(PROGRAMS / "child.py"), "stubborn")
    await stubborn.start()
    await stubborn.wait_until_ready(SECONDS)
    await stubborn.stop(seconds=0.1)
    assert await stubborn.wait() == -9
    assert "odd has not ended after 0.1 s and is killed." in written.getvalue()


async def test_a_child_that_was_not_started_has_no_end(tmp_path: Path) -> None:
    """Given no start, then there is nothing to stop or kill, and waiting is an error."""
    idle = child(Written(), tmp_path, "-V")
    await idle.stop()
    idle.kill()
    with pytest.raises(ChildError, match="odd was not started"):
        await idle.wait()


async def test_a_service_is_restarted_until_it_works(tmp_path: Path) -> None:
    """Given a killed Redis whose port was taken meanwhile, then each attempt is said, and it serves in the end."""
    written = Written()
    supervisor = Supervisor(Settings(data_dir=tmp_path), console=Console(file=written))
    async with EmbeddedRedis(tmp_path, free_port()) as redis:
        keeper = asyncio.create_task(keep_running(redis, supervisor.say, Backoff(0.05, 0.05)))
        first = redis.pid
        with contextlib.ExitStack() as held:
            redis.kill()
            await redis.wait()
            held.enter_context(socket.create_server(("127.0.0.1", redis.port)))
            await written.until(f"Port {redis.port} is taken")
        async with asyncio.timeout(SECONDS):
            await redis.wait_for_leftover()
            while not redis.running:  # noqa: ASYNC110 - the restart is seen by the process it makes
                await asyncio.sleep(0)
        assert redis.pid != first
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    assert "redis ended with code -9." in written.getvalue()
    assert "redis is restarted in 0.05 s." in written.getvalue()

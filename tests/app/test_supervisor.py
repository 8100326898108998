"""The supervisor: real children and services, started, crashed, stopped and orphaned."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from app.embedded import StillRunningError
from app.programs import NAMES, listeners, programs
from app.restarts import Backoff
from app.run_lock import RunLock
from app.settings import Settings
from app.supervisor import Supervisor
from tests.app.processes import PROGRAMS, environment, left_over, running

SUPERVISED = str(PROGRAMS / "supervised.py")
NOWHERE = {"MONGODB_URL": "mongodb://nowhere", "REDIS_URL": "redis://nowhere"}


async def test_sigterm_stops_everything_in_order(tmp_path: Path) -> None:
    """Given services and a child, when SIGTERM comes, then all end and the exit code is 0."""
    async with running(environment(tmp_path), SUPERVISED, "30", "doctor", "steady") as run:
        await run.until("Ctrl-C stops everything")
        started = run.descendants()
        assert {process.name() for process in started} >= {"mongod", "redis-server"}
        run.process.send_signal(signal.SIGTERM)
        assert await run.ended() == 0
        assert await left_over(started) == []
    assert "What this machine has" in run.text  # the preparation wrote to the same terminal
    assert "steady │" in run.text
    assert "Everything is stopped." in run.text
    assert (tmp_path / "mongodb" / "mongod.lock").read_text() == ""  # a clean stop


async def test_sigkill_of_the_supervisor_leaves_no_process_and_does_not_trip_the_next_run(tmp_path: Path) -> None:
    """Given a running platform, when its supervisor is killed, then nothing is left and it starts again at once."""
    environ = environment(tmp_path)
    async with running(environ, SUPERVISED, "30", "", "steady") as run:
        await run.until("Ctrl-C stops everything")
        started = run.descendants()
        run.process.kill()
        await run.ended()
    async with running(environ, SUPERVISED, "30", "", "steady") as run:
        await run.until("Ctrl-C stops everything")
        run.process.send_signal(signal.SIGINT)
        assert await run.ended() == 0
    assert await left_over(started) == []


async def test_a_crashed_child_is_restarted_and_said_so(tmp_path: Path) -> None:
    """Given a child, when it is killed, then a message says so and it serves again."""
    async with running(environment(tmp_path, **NOWHERE), SUPERVISED, "30", "", "steady") as run:
        await run.until("Ctrl-C stops everything")
        (child,) = run.descendants()
        child.kill()
        await run.until("steady ended with code -9.")
        await run.until("steady is restarted in 1 s.")
        await run.until("steady is up")
        run.process.send_signal(signal.SIGTERM)
        assert await run.ended() == 0


async def test_a_second_interrupt_kills_at_once(tmp_path: Path) -> None:
    """Given a child that ignores SIGTERM, when Ctrl-C is pressed twice, then it is killed."""
    async with running(environment(tmp_path, **NOWHERE), SUPERVISED, "30", "", "stubborn") as run:
        await run.until("Ctrl-C stops everything")
        started = run.descendants()
        run.process.send_signal(signal.SIGINT)
        await run.until("press Ctrl-C again")
        run.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(5):  # far below the 12 s a child is given
            assert await run.ended() == 0
        assert await left_over(started) == []


@pytest.mark.parametrize(
    ("mode", "seconds", "message"),
    [
        ("silent", "0.5", "silent is not ready after 0.5 s"),
        ("broken", "30", "broken ended with code 3 before it was ready"),
    ],
)
async def test_a_child_that_does_not_become_ready_ends_the_run(
    tmp_path: Path, mode: str, seconds: str, message: str
) -> None:
    """Given a child that never serves, when it is waited for, then the run ends with a message naming the log."""
    async with running(environment(tmp_path, **NOWHERE), SUPERVISED, seconds, "", mode) as run:
        assert await run.ended() == 1
    assert message in run.text
    assert str(tmp_path / "log" / f"{mode}.log") in run.text


async def test_a_failed_preparation_ends_the_run(tmp_path: Path) -> None:
    """Given a command that fails, when it is to prepare the data, then no child is started."""
    async with running(environment(tmp_path, **NOWHERE), SUPERVISED, "5", "no-such-command", "steady") as run:
        assert await run.ended() == 1
    assert "`python -m app no-such-command` failed with code 2" in run.text
    assert "Starting steady" not in run.text


async def test_taken_ports_are_named_before_anything_starts(tmp_path: Path) -> None:
    """Given every port in use, when `run` starts, then it names each with its setting, and starts nothing."""
    settings = ("EDGE_PORT", "API_PORT", "IMAGES_PORT", "ADMIN_PORT", "MONGODB_PORT", "REDIS_PORT")
    with ExitStack() as held:
        others = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))) for name in settings}
        ports = {name: other.getsockname()[1] for name, other in others.items()}
        environ = environment(tmp_path, **{name: str(port) for name, port in ports.items()})
        async with running(environ, "-m", "app", "run") as run:
            assert await run.ended() == 2
    for setting, port in ports.items():
        assert any(f"Port {port} is taken" in line and setting in line for line in run.lines)
    assert not (tmp_path / "mongodb").exists()


async def test_one_run_at_a_time(tmp_path: Path) -> None:
    """Given a run on a folder, when a second one starts, then it names the first and DATA_DIR."""
    with RunLock(tmp_path):
        async with running(environment(tmp_path), "-m", "app", "run") as run:
            assert await run.ended() == 2
    assert f"process {os.getpid()}" in run.text
    assert "DATA_DIR" in run.text
    with RunLock(tmp_path), pytest.raises(StillRunningError), RunLock(tmp_path):
        pass


def test_backoff_doubles_to_its_bound_and_forgets_after_a_steady_run() -> None:
    """Given crashes in a row, then the delay grows from 1 to 30 s; a minute's run resets it."""
    backoff = Backoff()
    assert [backoff.next(0.1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.next(61) == 1
    assert backoff.next(0.1) == 2


def test_every_program_has_its_own_admin_port() -> None:
    """Given a base, then the four admin ports count up from it, and IPv6 and any-addresses are asked on loopback."""
    settings = Settings(admin_port=9500, admin_host="::")
    assert [program.admin_port for program in programs(settings)] == [9500, 9501, 9502, 9503]
    assert programs(settings)[0].ready_url == "http://[::1]:9500/health/ready"
    assert len(listeners(settings)) == 3 + len(NAMES)


def test_children_know_each_other() -> None:
    """Given no addresses of edges, then the relay audits the edge that is started beside it; given some, then those."""
    settings = Settings(mongodb_url="mongodb://nowhere", redis_url="redis://nowhere")
    assert Supervisor(settings).environment()["EDGE_ADMIN_URLS"] == "http://127.0.0.1:9101"
    named = replace(settings, edge_admin_urls=("http://a", "http://b"))
    assert Supervisor(named).environment()["EDGE_ADMIN_URLS"] == "http://a,http://b"

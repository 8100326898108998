"""The interpreters that `make` chooses from: each is asked by the file itself, without anything installed."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from app import interpreter


def test_versions_in_between_are_supported() -> None:
    """Given versions, then those are supported from the least on and below the first that is not known."""
    asked = [(2, 7), (3, 10), (3, 11), (3, 12), (3, 13)]
    assert [version for version in asked if interpreter.supported(version)] == [(3, 11), (3, 12)]


@pytest.mark.parametrize("arguments", [(), ("--optimised",)])
def test_an_interpreter_says_by_its_exit_code_whether_it_fits(arguments: tuple[str, ...]) -> None:
    """Given this interpreter, asked in isolation as make does, then its code is 0 where it fits."""
    command = (sys.executable, "-I", interpreter.__file__, *arguments)
    fits = interpreter.optimised() or not arguments
    assert subprocess.run(command, check=False).returncode == (0 if fits else 1)


def test_a_build_is_told_by_how_it_was_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an interpreter of one's own, then it is optimised if it was configured so; a distribution's always is."""
    monkeypatch.setattr("sys.base_prefix", "/opt/python")
    for configured, wanted in (
        ("'--enable-optimizations' '--with-lto'", True),
        ("'--enable-shared'", False),
        (None, False),
    ):
        monkeypatch.setattr("sysconfig.get_config_var", {"CONFIG_ARGS": configured}.get)
        assert interpreter.optimised() == wanted
    monkeypatch.setattr("sys.base_prefix", "/usr")
    assert interpreter.optimised()


async def test_a_timeout_in_the_clean_up_of_a_cancelled_task_is_a_timeout() -> None:
    """Given a task that is cancelled, when something takes too long in its clean-up, then that goes on after it."""
    found: list[type[BaseException]] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for waiting in (asyncio.timeout(0), asyncio.timeout(0.001)):
                try:
                    async with waiting:
                        await asyncio.Event().wait()
                except BaseException as error:  # noqa: BLE001 - which it is is what is asked
                    found.append(type(error))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert found == [TimeoutError, TimeoutError]
    assert task.cancelled()


async def test_a_cancellation_within_a_timeout_stays_one() -> None:
    """Given a task that is cancelled within a timeout, or in its clean-up once more, then it ends as cancelled."""
    begun, cleaning = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            async with asyncio.timeout(60):
                begun.set()
                await asyncio.Event().wait()
        finally:
            async with asyncio.timeout(60):
                cleaning.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    for reached in (begun, cleaning):
        await reached.wait()
        task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()

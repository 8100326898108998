"""The processes that draw the demo photographs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # published without types

from tests.app.processes import Running, left_over, running


async def test_they_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Even when that was killed, with no time to stop them."""
    async with running(os.environ, "-m", "tests.app.programs.drawing", str(tmp_path)) as program, asyncio.timeout(60):
        started = await _drawing(program)
        program.process.kill()
        alive = await left_over(started)
        for process in alive:
            process.kill()
        assert alive == []


async def _drawing(program: Running) -> list[psutil.Process]:
    """Return the processes it has started, as soon as the last of them is drawing."""
    while True:
        started = program.descendants()
        if started and started[-1].cpu_times().user > 2:
            return started
        await asyncio.sleep(0.05)

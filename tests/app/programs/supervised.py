"""The supervisor with children of the tests: `supervised.py SECONDS PREPARATION MODE…`.

SECONDS bound the readiness of the children; PREPARATION is a command of `python -m app`, or empty; each MODE is one
child, on a free admin port.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.embedded.ports import free_port
from app.programs import Program
from app.settings import Settings
from app.supervisor import Supervisor

_CHILD = Path(__file__).with_name("child.py")


def program(mode: str) -> Program:
    """Return a child in one of the modes of `child.py`."""
    port = free_port()
    return Program(mode, (sys.executable, str(_CHILD), mode), port, f"http://127.0.0.1:{port}/health/ready")


def main(seconds: str, preparation: str, *modes: str) -> int:
    """Supervise until a signal."""
    supervisor = Supervisor(
        Settings.from_environment(),
        plan=[program(mode) for mode in modes],
        preparations=[[preparation]] if preparation else [],
        ready_seconds=float(seconds),
    )
    return asyncio.run(supervisor.run())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

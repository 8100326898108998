"""Run a program that cannot outlive the process that started it: `leash.py SIGNAL PARENT PROGRAM ARGUMENT…`.

The kernel sends SIGNAL to this process when its parent ends, however it ends (Linux: PR_SET_PDEATHSIG, prctl(2));
the setting survives execve, so that PROGRAM takes this process over with the leash on. A `preexec_fn` would do the
same in fewer lines, but forks a process that may have threads, which Python 3.12 warns about.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def leashed(signal_on_death: signal.Signals, program: Path | str, *arguments: str) -> list[str]:
    """Return the command that runs `program` on a leash held by this process.

    The child must be started from a thread that lives as long as the process: the kernel watches the thread.
    Where there is no such leash (macOS), the plain command is returned.
    """
    if sys.platform != "linux":
        return [str(program), *arguments]
    # -I -S: nothing but the standard library is wanted, and it starts in a few milliseconds
    leash = [sys.executable, "-I", "-S", __file__, str(int(signal_on_death)), str(os.getpid())]
    return [*leash, str(program), *arguments]


def main(signal_on_death: str, parent: str, program: str, *arguments: str) -> None:  # pragma: no cover - see above
    """Put the leash on and become `program`."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal_on_death), 0, 0, 0) != 0:
        sys.exit("prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != int(parent):  # it ended before the leash was on
        sys.exit(1)
    os.execv(program, [program, *arguments])  # noqa: S606 - becoming the program is what this file is for


if __name__ == "__main__":
    main(*sys.argv[1:])

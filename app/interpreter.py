"""Which Python runs the platform, and what it is mended of.

Standard library alone, since the Makefile asks each interpreter by this file: `python -I app/interpreter.py` succeeds
where the platform runs; with `--optimised` only where it also runs fast.
"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
from importlib.util import find_spec
from typing import Any

_LEAST = (3, 11)
_ABOVE = (3, 13)


def supported(version: tuple[int, ...]) -> bool:
    """Whether the platform runs on this version of Python."""
    return _LEAST <= version < _ABOVE


def optimised() -> bool:
    """Whether this Python was built with the profile of a run, as python.org's and distributions' are.

    Python built from source without `--enable-optimizations`, which is pyenv's default, takes a quarter longer for
    a request, and half as long again for Python alone.
    """
    return sys.base_prefix == "/usr" or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")


def mend() -> None:
    """Mend what Python 3.11.2, which is Debian 12's, has wrong; before anything runs. Later ones are left alone.

    Where a task was cancelled, and cleans up, a timeout in that ends as one more cancellation, and what was to be done
    is not: redis-py looks with such a timeout whether a connection is clean (CPython's gh-102780, mended in 3.11.3).
    """
    kind: Any = asyncio.Timeout
    if sys.version_info >= (3, 11, 3) or hasattr(kind, "cancelled_before"):
        return
    enter, leave = kind.__aenter__, kind.__aexit__

    async def entered(self: Any) -> Any:
        self.cancelled_before = _cancellations()
        return await enter(self)

    async def left(self: Any, type_: Any, error: Any, trace: Any) -> None:
        await leave(self, type_, error, trace)
        if self.expired() and type_ is asyncio.CancelledError and _cancellations() <= self.cancelled_before:
            raise TimeoutError from error

    kind.cancelled_before, kind.__aenter__, kind.__aexit__ = 0, entered, left


def _cancellations() -> int:
    """Return how often the running task was cancelled, not counting what a timeout took back."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


if __name__ == "__main__":
    wanted = "--optimised" in sys.argv[1:]
    fits = supported(sys.version_info[:2]) and not (wanted and not (optimised() and find_spec("ensurepip")))
    sys.exit(not fits)

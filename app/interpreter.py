"""Which Python runs the platform; standard library alone, since the Makefile asks each interpreter by this file.

`python -I app/interpreter.py` succeeds where the platform runs; with `--optimised` only where it also runs fast.
"""

from __future__ import annotations

import sys
import sysconfig
from importlib.util import find_spec

LEAST = (3, 11)
ABOVE = (3, 13)


def supported(version: tuple[int, ...]) -> bool:
    """Whether the platform runs on this version of Python."""
    return LEAST <= version < ABOVE


def optimised() -> bool:
    """Whether this Python was built with the profile of a run, as python.org's and distributions' are.

    Python built from source without `--enable-optimizations`, which is pyenv's default, takes half as long again.
    """
    return sys.base_prefix == "/usr" or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")


if __name__ == "__main__":
    wanted = "--optimised" in sys.argv[1:]
    fits = supported(sys.version_info[:2]) and not (wanted and not (optimised() and find_spec("ensurepip")))
    sys.exit(not fits)

"""What identity costs: each part of it beside what it must not exceed; exits with 1 where one does.

    python -m bench.identity [PART…]

All parts, where none is named. A part is a module of this folder with `measure`, which starts what it needs, prints a
table with versions, and returns whether the figures are as they must be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable

import uvloop

from bench.identity import audit, partners, passwords, tokens

PARTS: dict[str, Callable[[], Awaitable[bool]]] = {
    "audit": audit.measure,
    "partners": partners.measure,
    "passwords": passwords.measure,
    "tokens": tokens.measure,
}


async def main(names: list[str]) -> bool:
    """Measure one part after the other."""
    return all([await PARTS[name]() for name in names])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    chosen = parser.parse_args().parts or [*PARTS]
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    sys.exit(0 if uvloop.run(main(chosen)) else 1)

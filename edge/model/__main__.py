"""`python -m edge.model [--break RULE] [--large]`: explore, and print what was found."""

from __future__ import annotations

import argparse
import sys

from edge.model.explore import LARGE, SMALL, explore
from edge.model.system import RULES


def main() -> int:
    """Explore every setting; exit code 1 where a trace to a stale answer was found."""
    parser = argparse.ArgumentParser(prog="python -m edge.model", description=__doc__)
    parser.add_argument("--break", dest="rule", choices=RULES, help="leave out one rule")
    parser.add_argument("--large", action="store_true", help="explore larger settings too (minutes)")
    arguments = parser.parse_args()
    broken = frozenset({arguments.rule} if arguments.rule else ())
    for name, setting in {**SMALL, **(LARGE if arguments.large else {})}.items():
        found = explore(setting, broken)
        sys.stdout.write(f"{name}: {found.states:,} states, {'nothing stale' if found.trace is None else 'STALE'}\n")
        if found.trace is not None:
            sys.stdout.write("".join(f"  {step}\n" for step in found.trace))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How long it takes to refuse an operation that asks for too much: milliseconds for each bomb; 50 ms are allowed.

    python -m bench.limits

No server: the preparation that every transport shares is called directly. Exits with 1 if a
bomb's median is higher; the worst time also holds Python's garbage collections and the machine's other work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

from bench.stand import BenchError, local_versions, show
from resolvers.api import build
from schema.prepared import PreparationError, Preparer

ALLOWED_MS = 50.0
TIMES = 15


def fragment_chain(levels: int) -> str:
    """Return fragments that each spread the next one twice: 2^levels fields when expanded."""
    names = [f"F{level}" for level in range(levels)]
    inside = "memberships {{ edges {{ node {{ user {{ ...{0} ...{0} }} }} }} }}"
    chain = [f"fragment {one} on User {{ {inside.format(next_)} }}" for one, next_ in pairwise(names)]
    return f"query {{ viewer {{ ...F0 }} }} {' '.join(chain)} fragment {names[-1]} on User {{ name }}"


def flat_chain(levels: int) -> str:
    """Return the same without nesting: the depth stays 2 while the fields double at every level."""
    body = [f"fragment F{level} on User {{ ...F{level + 1} ...F{level + 1} }}" for level in range(levels - 1)]
    return f"query {{ viewer {{ ...F0 }} }} {' '.join(body)} fragment F{levels - 1} on User {{ name }}"


BOMBS: dict[str, Callable[[], str]] = {
    "a chain of 40 fragments, nested": lambda: fragment_chain(40),
    "a chain of 40 fragments, flat": lambda: flat_chain(40),
    "101 aliases": lambda: "{ viewer { " + " ".join(f"a{n}: name" for n in range(101)) + " } }",
    "5,000 directives": lambda: "{ viewer { name " + "@skip(if: false) " * 5000 + "} }",
    "500 repeated fields": lambda: "{ viewer { " + "name " * 500 + "} }",
    "a query of 1 MB": lambda: "{ viewer { " + "name " * 200_000 + "} }",
    "nesting of 200": lambda: "{ a " * 200 + "}" * 200,
}

ALSO: dict[str, Callable[[], str]] = {
    "900 directives (within the bound on tokens)": lambda: "{ viewer { name " + "@x " * 900 + "} }",
    "64,000 characters of escapes, no end": lambda: '{ viewer(a: "' + '\\"' * 32_000,
}
"""Shown beside them: what the bounds let through to the parser costs in proportion to its length, and no more."""


def refusal(preparer: Preparer, text: str) -> tuple[float, str]:
    """Return the milliseconds that a refusal took, and its words."""
    began = time.perf_counter()
    try:
        preparer.prepare(text)
    except PreparationError as error:
        return (time.perf_counter() - began) * 1000, error.errors[0].message
    raise BenchError(f"This was not refused: {text[:200]}")


def main() -> int:
    """Measure and print; 1 if a refusal takes longer than it may."""
    _, preparer = build(production=True)
    rows: list[tuple[str, ...]] = []
    slowest = 0.0
    for name, make in (BOMBS | ALSO).items():
        text = make()
        took, words = zip(*(refusal(preparer, text) for _ in range(TIMES)), strict=True)
        slowest = max(slowest, median(took)) if name in BOMBS else slowest
        rows.append((name, f"{len(text):,}", f"{median(took):.2f}", f"{max(took):.2f}", words[0]))
    columns = ("operation", "characters", "median ms", "worst ms", "refused with")
    verdict = (
        f"The slowest of the first {len(BOMBS)} has a median of {slowest:.1f} ms; {ALLOWED_MS:.0f} ms are allowed."
    )
    show("Refusing what asks for too much", columns, rows, f"{verdict} {TIMES} times each.\n{local_versions()}")
    return 1 if slowest > ALLOWED_MS else 0


if __name__ == "__main__":
    sys.exit(main())

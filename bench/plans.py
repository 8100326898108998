"""How long a query's plan takes to make, and how many bytes it holds.

    python -m bench.plans

All registered queries that have one, and the largest that has: 1,000 fields of documents. Takes about 10 s.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from statistics import median

from graphql import OperationType

from app.http.registry import load
from bench.stand import local_versions, show
from resolvers.api import build
from schema.compiled.compiler import Compiler
from schema.compiled.declined import UncompilableError
from schema.compiled.plans import size
from schema.compiled.selection import MOST_FIELDS
from schema.prepared import Operation, Prepared

ROUNDS = 25
KEPT = 20
_FIELDS = "title slug description kind status visibility style areaM2 rooms createdAt listedAt"


def largest() -> str:
    """Return a query that selects as many fields of documents as a plan is made for."""
    times = MOST_FIELDS // (len(_FIELDS.split()) + 1)
    nodes = " ".join(f"a{number}: project(id: $id) {{ ...Fields }}" for number in range(times))
    return f"query Largest($id: ID!) {{ {nodes} }} fragment Fields on Project {{ {_FIELDS} }}"


def main() -> None:
    """Measure and print."""
    api, preparer = build()
    compiler = Compiler(api)
    texts = [*load().values(), largest()]
    prepared = [preparer.prepare(text) for text in texts]
    queries = [(one, one.choose(None)) for one in prepared if one.choose(None).kind is OperationType.QUERY]
    rows = [measure(compiler, one, operation) for one, operation in queries if compilable(compiler, one, operation)]
    show(
        "Making plans",
        ("", "characters", "ms: median", "ms: most", "bytes kept", "bytes counted"),
        sorted(rows, key=lambda row: float(row[2])),
        f"{ROUNDS} times each, in one thread.\n{local_versions()}",
    )


def compilable(compiler: Compiler, prepared: Prepared, operation: Operation) -> bool:
    """Whether a query has a plan; one that is resolved by hand has none."""
    try:
        compiler.compile(prepared.document, operation.node, {})
    except UncompilableError:
        return False
    return True


def measure(compiler: Compiler, prepared: Prepared, operation: Operation) -> tuple[str, ...]:
    """Return the row of one query."""
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        compiler.compile(prepared.document, operation.node, {})
        times.append(time.perf_counter() - began)
    gc.collect()
    tracemalloc.start()
    plans = [compiler.compile(prepared.document, operation.node, {}) for _ in range(KEPT)]
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] // len(plans)
    tracemalloc.stop()
    figures = (f"{median(times) * 1000:.1f}", f"{max(times) * 1000:.1f}", f"{held:,}", f"{size(plans[0]):,}")
    return str(operation.name), f"{len(prepared.text):,}", *figures


if __name__ == "__main__":
    main()

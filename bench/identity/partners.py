"""What a partner's key costs the edge: hits with a key and without, by the head's bytes and where each head is new.

    python -m bench.identity partners

One body, from one origin made here that also says what the key may do, is asked of the edge process: with no key and no
limits, and with one, whose record, origin, end and budget are looked at for every hit, and its use counted. Each case
runs several times, interleaved. The key may cost no more than `MOST_MICROSECONDS` of CPU a hit.
"""

from __future__ import annotations

import math
import statistics
import sys
from contextlib import AsyncExitStack

import uvloop

from app.embedded.ports import free_port
from auth import api_keys
from bench.edge import BODY, TRACES, request, run, stage, start
from bench.stand import local_versions, operation, show
from edge import plans
from edge.api_keys import Record

MOST_MICROSECONDS = 30.0
RUNS = 3
SECONDS = 2.0
_PARTNERS = "PartnerListings"
_NONE: frozenset[str] = frozenset()


def record() -> bytes:
    """Return what the origin says of every key: it may ask the partners' operation, and spend without end."""
    partners = frozenset(plan.id for plan in plans.load().values() if plan.name == _PARTNERS)
    return Record("a" * 24, "b" * 24, 10**12, frozenset({"READ_PUBLIC"}), partners, _NONE, _NONE, math.inf).encode()


async def measure() -> bool:
    """Measure and print; return whether a key costs little enough."""
    async with AsyncExitStack() as stack:
        *_, environment = await stage(stack, record())
        edges = [await _edge(stack, environment, limits) for limits in ("off", "on")]
        found = await _runs(*edges)
    costs = {name: statistics.median(cost for _, cost in runs) for name, runs in found.items()}
    rows = [
        [name, f"{statistics.median(rate for rate, _ in runs):,.0f}", f"{costs[name]:.1f}", f"{more:+.1f}"]
        for (name, runs), more in zip(found.items(), _more(costs), strict=True)
    ]
    note = f"{len(BODY):,} bytes of body; {RUNS} interleaved runs of {SECONDS:.0f} s, medians\n{local_versions()}"
    show("A hit with a key", ("request", "hits a second", "CPU µs a hit", "for the key"), rows, note)
    return max(_more(costs)) < MOST_MICROSECONDS


async def _edge(stack: AsyncExitStack, environment: dict[str, str], limits: str) -> tuple[int, int]:
    """Start an edge, which counts budgets or not: its port, its process id."""
    port = free_port()
    own = {**environment, "EDGE_PORT": str(port), "ADMIN_PORT": str(free_port()), "RATE_LIMITS": limits}
    return port, await start(stack, [sys.executable, "-m", "app", "edge"], port, own)


async def _runs(plain: tuple[int, int], counting: tuple[int, int]) -> dict[str, list[tuple[float, float]]]:
    """Run each case in turn: (answers a second, CPU microseconds an answer) by case."""
    key = f"Authorization: Bearer {api_keys.make(live=True)}"
    open_, partners = operation("Gallery"), operation(_PARTNERS)
    cases = {
        "no key, known by its bytes": (plain, [request(open_, "identity")]),
        "a key, known by its bytes": (counting, [request(partners, "identity", key)]),
        "no key, a new head": (plain, [request(open_, "identity", f"X-Trace: {n:016x}") for n in range(TRACES)]),
        "a key, a new head": (
            counting,
            [request(partners, "identity", key, f"X-Trace: {n:016x}") for n in range(TRACES)],
        ),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for server, heads in cases.values():
        await run(*server, heads[:1], 1)
    for _ in range(RUNS):
        for name, (server, heads) in cases.items():
            found[name].append((await run(*server, heads, SECONDS))[:2])
    return found


def _more(costs: dict[str, float]) -> list[float]:
    """Return what each case costs beyond the one of its kind without a key."""
    pairs = [*costs.values()]
    return [cost - pairs[number // 2 * 2] for number, cost in enumerate(pairs)]


if __name__ == "__main__":
    sys.exit(0 if uvloop.run(measure()) else 1)

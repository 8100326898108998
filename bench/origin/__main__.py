"""What four operations cost at the origin, beside Mercurius, GraphQL Yoga and plain Strawberry.

    python -m bench.origin [--runs 5] [--seconds 3] [--designs N] [--beside CHECKOUT]
        [--operations Gallery,GalleryPages,DesignPage,ViewerHome,ProjectCard]

Over one MongoDB with the demo data, and one canvas of 2,000 elements, four servers answer the same: the platform's API,
beside its relay; Mercurius, compiled by graphql-jit, with its loaders; GraphQL Yoga with DataLoader; and the platform's
schema behind Strawberry's own view, which is sent the documents, where the others know them by their ids. Nobody
remembers answers, and nothing is measured where the `data` of two servers differ. Each server has the first core, the
load the second, and MongoDB what is free; in every round all are measured in turn. Takes about eight minutes, and needs
Node with npm.

The platform reads a row once for all requests that want it at the same time, which helps where many ask for the same:
for the gallery's first page, for one canvas, for one viewer. So the gallery is asked for page by page, too
(`GalleryPages`): with the demo data there are four pages beside the first, with `--designs 20000` a hundred, which have
little in common.

With `--beside`, this checkout is compared with another one instead, which has a `.venv` of its own: what a change costs
or saves is seen there where one run after the other tells of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.load import CONNECTIONS
from bench.node import install
from bench.origin.measure import row
from bench.origin.operations import Operation, operations
from bench.origin.rounds import Rounds
from bench.origin.servers import MERCURIUS, OTHER, PLAIN, other_checkout, peer_programs, servers
from bench.origin.subjects import ELEMENTS, Subjects, prepare
from bench.stand import BenchError, show, stand, versions

_COLUMNS = ("requests/s", "p50 ms", "p99 ms", "MiB", "commands")
_PACKAGES = ("mercurius", "graphql-jit", "fastify", "graphql-yoga", "dataloader", "graphql", "mongodb", "fast-jwt")


async def main(chosen: argparse.Namespace) -> None:
    """Measure and print."""
    peers = None if chosen.beside else await asyncio.to_thread(install, Path(__file__).parent)
    compared = (OTHER,) if peers is None else (MERCURIUS, PLAIN)
    columns = ("server", "CPU ms", "least–most", *(f"of {name}'s" for name in compared), "MongoDB's")
    with tempfile.TemporaryDirectory(prefix="disenopro-bench-") as folder:
        async with stand("relay", "api", designs=chosen.designs) as running:
            subjects = await prepare(running.settings)
            asked = _choose(operations(subjects), chosen.operations)
            if peers is None:
                programs = [other_checkout(chosen.beside.absolute())]
            else:
                programs = peer_programs(peers, asked, await published(subjects), Path(folder))
            async with servers(running, programs, Path(folder)) as found:
                rounds = Rounds(running, subjects, found, asked)
                sizes = await rounds.agree()
                await rounds.measure(chosen.runs, chosen.seconds)
                commands = await rounds.commands()
            note = (
                f"{chosen.runs} interleaved rounds of {chosen.seconds:g} s, {CONNECTIONS} connections: medians, "
                "least–most. CPU and commands are those of one request; MiB are resident after the load.\n"
                f"The canvas has {ELEMENTS:,} elements; {len(subjects.slugs)} slugs are looked up in turn, and "
                f"{len(subjects.cursors)} pages; "
                f"the viewer belongs to {subjects.memberships} organizations.\n"
                f"{peers.versions(_PACKAGES) if peers else ''}\n{await versions(running.settings)}\n"
                f"{await asyncio.to_thread(_complaints, running.settings.data_dir / 'api.log')}"
            )
    for operation in asked:
        runs = {server.name: rounds.found[operation.name, server.name] for server in found}
        others = [runs[name] for name in compared]
        rows = [row(name, those, others, commands[operation.name, name]) for name, those in runs.items()]
        show(f"{operation.name}: {sizes[operation.name]:,} bytes", (*columns, *_COLUMNS), rows, "")
    print(note.rstrip())


async def published(subjects: Subjects) -> str:
    """Return the public key of access tokens, as a JWK."""
    return json.dumps((await subjects.keys.published())["keys"][0])


def _choose(known: Sequence[Operation], names: Sequence[str] | None) -> list[Operation]:
    """Return the operations of these names, all where none are given; raises BenchError for an unknown one."""
    found = [operation for operation in known if names is None or operation.name in names]
    if names is not None and len(found) < len(set(names)):
        raise BenchError(f"--operations: there are {', '.join(operation.name for operation in known)}.")
    return found


def _complaints(log: Path) -> str:
    """Return what the API warned of: what it left to graphql-core by a fault of ours was not measured as meant."""
    return "\n".join(line for line in log.read_text().splitlines() if {"WARNING", "ERROR"} & {*line.split()[:2]})


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.origin", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds, each of which measures everything once")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement takes")
    parser.add_argument("--designs", type=int, default=0, help="add large data until there are so many designs")
    parser.add_argument("--beside", type=Path, help="compare with this checkout alone")
    parser.add_argument("--operations", type=lambda text: text.split(","), help="which of them, separated by commas")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(options()))

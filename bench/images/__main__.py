"""What variants of a photograph cost, beside sharp, ipx, Debian's vipsthumbnail, and libvips called directly.

    python -m bench.images [--rounds 5]

A photograph of 12 megapixels is made 800 pixels wide, as WebP and as AVIF: by the image worker (its real process, over
HTTP, which keeps no variants, so that each is made), by sharp and ipx behind Node's HTTP server, by vipsthumbnail, and
by a loop that calls libvips with the worker's settings, which is the limit. The worker's bytes are those of the loop.
The others' quality is the least with which their variants are as similar to the original as ours (mean SSIM of luma).
CPU is that of a program with all its children. In every round all are measured in turn.

Then: what memory the worker holds, what an answer costs that was made before, and how soon a full queue says so.
Takes about four minutes, the first time longer, and needs Node with npm.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from statistics import median

from bench.images import conversions, memory, refusals, stored
from bench.images.conversions import Conversions
from bench.images.peers import versions
from bench.images.picture import WIDTH as ORIGINAL_WIDTH
from bench.images.picture import photograph
from bench.images.platform import Platform, platform
from bench.images.setting import EFFORTS, ENCODINGS, PEERS_EFFORTS, WIDTH
from bench.images.similarity import reference
from bench.images.stored import Place
from bench.images.subjects import Command, Server
from bench.node import Peers, install
from bench.stand import local_versions, show
from storage.vips import LIBVIPS_VERSION

_LARGEST_WIDTH = 2560
_CAPACITY = 2 << 30


async def main(rounds: int) -> None:
    """Measure and print."""
    peers = await asyncio.to_thread(install, Path(__file__).parent)
    picture = await asyncio.to_thread(photograph)
    print(f"The photograph has {len(picture):,} bytes.")
    with tempfile.TemporaryDirectory(prefix="disenopro-bench-") as folder:
        async with platform(Path(folder), picture) as started:
            await _conversions(started, peers, picture, rounds)
            await _memory(started)
            await _stored(started, rounds)
            await _refusals(started)
    print(f"{local_versions()}; libvips {LIBVIPS_VERSION}\n{await asyncio.to_thread(versions, peers)}")


async def _conversions(started: Platform, peers: Peers, picture: bytes, rounds: int) -> None:
    worker, thumbnail = await started.worker(0), started.thumbnail()
    others: tuple[Server | Command, ...] = (
        await started.sharp("sharp", peers, PEERS_EFFORTS),
        await started.sharp("sharp, tuned", peers, {**PEERS_EFFORTS, "avif": EFFORTS["avif"]}, tuned=True),
        await started.ipx(peers),
        *([] if thumbnail is None else [thumbnail]),
    )
    compared = await asyncio.to_thread(reference, picture, ORIGINAL_WIDTH // WIDTH)
    measured = Conversions(await started.direct(), worker.server, others, compared)
    await measured.agree()
    await measured.measure(rounds)
    note = f"Medians of {rounds} interleaved rounds, least–most; ratios are those of the same rounds."
    for encoding in ENCODINGS:
        show(f"{encoding}, {WIDTH} pixels wide", conversions.COLUMNS, measured.rows(encoding), note)
    print("vipsthumbnail is not installed." if thumbnail is None else await thumbnail.version())


async def _memory(started: Platform) -> None:
    worker = await started.worker(0)
    found = await memory.measure(worker.server)
    print(
        f"Memory of a worker with its rendering processes: {found.before} at first, {found.peak} at most amid "
        f"{memory.PICTURES} pictures, {found.after} after {memory.IDLE_SECONDS:.0f} s without any; "
        f"each process's own most sums up to {found.high_water:.0f} MiB."
    )


async def _stored(started: Platform, rounds: int) -> None:
    worker = await started.worker(_CAPACITY)
    port, pid = await started.edge(worker)
    path = started.path("webp", 0, 0)
    places = [
        Place("the worker, from its folder", worker.server.port, worker.server.pid, path, ""),
        Place("the edge, from its memory", port, pid, f"/images{path}", "edge; hit"),
    ]
    note = "Of the worker's answers all but the first came from its folder; of the edge's all were hits."
    show("A variant that was made before", stored.COLUMNS, await stored.measure(places, rounds), note)


async def _refusals(started: Platform) -> None:
    worker = await started.worker(0)
    times = await refusals.measure(
        worker.address,
        worker.admin,
        lambda number: started.path("avif", 1 + number % 100, number // 100 % 4, _LARGEST_WIDTH),
    )
    print(
        f"A full queue ({refusals.ROOM} pictures) refused {len(times)} with 429 and Retry-After: "
        f"median {median(times):.1f} ms, worst {max(times):.1f} ms."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="each of which measures everything once")
    asyncio.run(main(parser.parse_args().rounds))

"""Whatever is sent: an answer from the table, within its time and memory, and the next picture is made.

`MUTATIONS` sets how many damaged files are tried (5,000); a failure names the file, which is made from its number.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # published without types
import pytest

from storage.assets import FolderAssetStore
from storage.pictures import probe
from tests.images.corpus import corpus, mutations
from tests.images.samples import jpeg
from tests.images.stand import Answer, Client, chunks, path, serve, worker
from workers.images import errors
from workers.images.errors import DeadlineError, TooLargeError, UnusableError
from workers.images.grammar import parse_options
from workers.images.renderer import MEMORY_BYTES
from workers.images.renderers import Renderers

COUNT = int(os.environ.get("MUTATIONS", "5000"))
DEADLINE = 15.0
SPARE_SECONDS = 2.0  # the grace of a process, and the way to and fro
TABLE = {
    kind.code: kind.status
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ImageError)
}
ASKED = ("w:40", "rs:fill:30:30/g:sm/f:webp", "w:50/f:avif", "t:10/pd:5/bg:fff/f:png", "rot:90/fl:1:1/bl:1/f:jpeg")
ACCEPTED = ("image/avif,image/webp", "image/webp", "*/*")
OPTIONS = [parse_options(text.split("/")) for text in ASKED]


def processes() -> set[int]:
    """Find the processes that render."""
    found = psutil.Process().children()
    return {process.pid for process in found if "workers.images.renderer" in process.cmdline()}


def peak(pids: Iterable[int]) -> int:
    """Return the most memory in bytes that one of these processes has held (VmHWM of proc(5))."""
    found = []
    for pid in pids:
        told = Path(f"/proc/{pid}/status").read_text()
        found += [int(line.split()[1]) << 10 for line in told.splitlines() if line.startswith("VmHWM")]
    return max(found)


async def in_turn(work: Iterable[Awaitable[None]], at_once: int = 8) -> None:
    """Do some pieces of work, a few at a time; the first that fails ends it."""
    waiting: set[asyncio.Future[None]] = set()
    for piece in work:
        waiting.add(asyncio.ensure_future(piece))
        if len(waiting) >= at_once:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    await asyncio.gather(*waiting)


async def answered(client: Client, name: str, options: str, accept: str) -> Answer:
    """Ask for a picture; check that the answer is a whole one, or an error of the table that tells nothing else."""
    began = time.monotonic()
    answer = await client.get(path(options, name), Accept=accept)
    assert time.monotonic() - began < DEADLINE + SPARE_SECONDS, (name, options)
    if answer.status == 200:
        assert probe(answer.body).media_type == answer.headers["Content-Type"]
    else:
        assert set(answer.error) == {"code", "message"}
        assert TABLE[answer.error["code"]] == answer.status, (name, options, answer.error)
        assert answer.headers["Cache-Control"] == "no-store"
        assert b"secret" not in answer.body, name
    return answer


async def asked_for(
    files: Iterator[tuple[str, bytes]], root: Path, check: Callable[[Client, int, str], Awaitable[None]]
) -> tuple[int, int]:
    """Put files in a store, and check them through a worker; return the most memory, and how many processes ended."""
    store = FolderAssetStore(root)
    names = []
    for number, (name, data) in enumerate(files):
        await store.write(f"acme/{number}", chunks(data), limit=1 << 24)
        names.append(name)
    await store.write("acme/good", chunks(jpeg()), limit=1 << 24)
    most = ended = 0
    others = processes()  # another test's platform may run
    async for client in serve(worker(store, deadline=DEADLINE)):
        begun = processes() - others
        assert len(begun) == 2
        await in_turn(check(client, number, name) for number, name in enumerate(names))
        most, ended = peak(processes() - others), len(begun - processes())
        assert (await answered(client, "good", "w:40", "*/*")).status == 200
    return most, ended


async def test_the_corpus_is_answered_from_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bombs, strangers, what is cut off or lies about itself, and the odd but good: each in every way of asking."""
    files = corpus()
    wrong = []

    async def check(client: Client, number: int, name: str) -> None:
        for options in ASKED:
            for accept in ACCEPTED if options == "w:40" else ACCEPTED[:1]:
                answer = await answered(client, str(number), options, accept)
                if answer.status not in files[name].statuses:
                    wrong.append((name, options, accept, answer.status))

    most, ended = await asked_for(((name, file.data) for name, file in files.items()), tmp_path, check)
    with capsys.disabled():
        print(f"\nhostile: {len(files)} files; peak {most >> 20} MiB, {ended} processes ended")  # noqa: T201
    assert wrong == [], "\n".join(map(str, wrong))
    assert most < MEMORY_BYTES
    assert ended == 0


async def test_damaged_files_are_answered_from_the_table(tmp_path: Path) -> None:
    """Given a tenth of the damaged files, then each is answered over HTTP as well, and no process ends."""
    counted: Counter[int] = Counter()

    async def check(client: Client, number: int, _: str) -> None:
        options, accept = ASKED[number % len(ASKED)], ACCEPTED[number % len(ACCEPTED)]
        counted[(await answered(client, str(number), options, accept)).status] += 1

    most, ended = await asked_for(islice(mutations(COUNT, seed=2), max(COUNT // 10, 500)), tmp_path, check)
    assert set(counted) <= {200, 413, 422}
    assert min(counted[200], counted[422]) > counted.total() // 20
    assert most < MEMORY_BYTES
    assert ended == 0


async def test_damaged_files_end_no_process(capsys: pytest.CaptureFixture[str]) -> None:
    """Given thousands of damaged files, then each is a picture or one of three errors, in time, and within memory."""
    counted: Counter[str] = Counter()
    async with Renderers(2, deadline=DEADLINE) as renderers:
        pids = set(renderers.pids)

        async def render(number: int, name: str, data: bytes) -> None:
            began = time.monotonic()
            try:
                variant = await renderers.render(data, OPTIONS[number % len(OPTIONS)], "avif")
                assert probe(variant.body).media_type == variant.media_type, name
                counted["pictures"] += 1
            except (TooLargeError, UnusableError, DeadlineError) as error:
                counted[type(error).__name__] += 1
            assert time.monotonic() - began < DEADLINE + SPARE_SECONDS, name

        await in_turn(render(number, *file) for number, file in enumerate(mutations(COUNT)))
        most, ended = peak(renderers.pids), len(pids - set(renderers.pids))
    with capsys.disabled():
        print(f"\nhostile: {COUNT} damaged files, {dict(counted)}; peak {most >> 20} MiB, {ended} processes ended")  # noqa: T201
    assert ended == 0
    assert most < MEMORY_BYTES
    assert counted.total() == COUNT
    assert counted["pictures"] > COUNT // 20
    assert counted["UnusableError"] > COUNT // 20
    assert not counted["DeadlineError"]

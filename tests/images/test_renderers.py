"""The processes that render: what ends one of them ends nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # published without types
import pytest
from prometheus_client import REGISTRY

from storage.assets import FolderAssetStore
from storage.pictures import probe
from storage.vips import pyvips
from tests.images.samples import jpeg, png
from tests.images.stand import path, serve, worker
from tests.images.test_load import SlowStore
from workers.images.errors import DeadlineError, UnusableError
from workers.images.grammar import parse_options
from workers.images.renderers import EndedError, Renderers, understood

SMALL = parse_options(["w:40", "f:webp"])
SLOW = parse_options(["rs:force:4000:4000:1", "bl:60", "f:avif"])
PHOTO = jpeg(1200, 900)


def rendered_so_far() -> float:
    """Return how many pictures were rendered."""
    return REGISTRY.get_sample_value("images_stage_seconds_count", {"stage": "render"}) or 0


@pytest.fixture
async def renderers() -> AsyncIterator[Renderers]:
    """Start two processes."""
    async with Renderers(2, deadline=30) as renderers:
        yield renderers


async def at_work(pids: list[int]) -> int:
    """Wait until one of the processes is at work, and return which."""
    before = {pid: psutil.Process(pid).cpu_times().user for pid in pids}
    async with asyncio.timeout(30):
        while True:
            for pid in pids:
                if psutil.Process(pid).cpu_times().user > before[pid] + 0.1:
                    return pid
            await asyncio.sleep(0.01)


async def test_pictures_in_a_row_are_made_by_the_same_processes(renderers: Renderers) -> None:
    """Nothing is started for each; good and bad ones alike."""
    pids = set(renderers.pids)
    assert len(pids) == 2
    for _ in range(3):
        found = await asyncio.gather(*(renderers.render(PHOTO, SMALL, "other") for _ in range(4)))
        assert {probe(variant.body).width for variant in found} == {40}
        with pytest.raises(UnusableError):
            await renderers.render(b"no picture", SMALL, "other")
    assert set(renderers.pids) == pids


async def test_a_process_that_is_killed_loses_nothing(renderers: Renderers) -> None:
    """Given two pictures under way, when one's process is killed, then both are answered; it was replaced."""
    one = asyncio.create_task(
        renderers.render(PHOTO, parse_options(["rs:force:2500:2500:1", "bl:20", "f:avif"]), "other")
    )
    other = asyncio.create_task(
        renderers.render(PHOTO, parse_options(["rs:force:2400:2400:1", "bl:20", "f:avif"]), "other")
    )
    victim = await at_work(renderers.pids)
    (spared,) = set(renderers.pids) - {victim}
    os.kill(victim, signal.SIGKILL)
    first, second = await asyncio.gather(one, other)
    assert (first.width, second.width) == (2500, 2400)
    assert victim not in renderers.pids
    assert spared in renderers.pids
    assert len(renderers.pids) == 2


async def test_an_idle_process_that_was_killed_is_replaced(renderers: Renderers) -> None:
    """Both of them."""
    for pid in renderers.pids:
        os.kill(pid, signal.SIGKILL)
    found = await asyncio.gather(*(renderers.render(PHOTO, SMALL, "other") for _ in range(2)))
    assert {variant.width for variant in found} == {40}


async def test_a_picture_that_ends_two_processes_is_to_blame(renderers: Renderers) -> None:
    """It is answered, and the next one is made."""

    async def kill_whatever_works() -> None:
        while True:
            for pid in renderers.pids:
                with suppress(psutil.NoSuchProcess, ProcessLookupError):
                    if psutil.Process(pid).cpu_times().user > 0.8:
                        os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.02)

    killing = asyncio.create_task(kill_whatever_works())
    with pytest.raises(UnusableError, match="limits of memory"):
        await renderers.render(PHOTO, SLOW, "other")
    killing.cancel()
    assert (await renderers.render(PHOTO, SMALL, "other")).width == 40


async def test_a_process_that_hangs_is_killed_at_its_deadline() -> None:
    """Given one that is stopped, then its picture is given up, and the next one is made by another."""
    async with Renderers(1, deadline=0.5) as renderers:
        (pid,) = renderers.pids
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(DeadlineError, match=r"longer than 0\.5 seconds"):
            await renderers.render(PHOTO, SMALL, "other")
        assert (await renderers.render(PHOTO, SMALL, "other")).width == 40
        assert renderers.pids != [pid]


async def test_the_deadline_ends_a_codec_that_cannot_be_interrupted() -> None:
    """An encoder's last step asks nobody; its process is killed a second after its time."""
    async with Renderers(1, deadline=0.2) as renderers:
        with pytest.raises(DeadlineError):
            await renderers.render(PHOTO, parse_options(["rs:force:4000:4000:1", "f:avif"]), "other")
        assert (await renderers.render(png(9, 9), SMALL, "other")).width == 9


async def test_processes_that_hang_are_no_fault_of_the_next_pictures() -> None:
    """Given two that are killed at their deadline at once, then pictures that waited behind them are made."""
    async with Renderers(2, deadline=0.5) as renderers:
        for pid in renderers.pids:
            os.kill(pid, signal.SIGSTOP)
        hanging = [asyncio.create_task(renderers.render(PHOTO, SMALL, "other")) for _ in range(2)]
        waiting = [asyncio.create_task(renderers.render(PHOTO, SMALL, "other")) for _ in range(4)]
        found = await asyncio.gather(*hanging, return_exceptions=True)
        assert [type(error) for error in found] == [DeadlineError] * 2
        assert {variant.width for variant in await asyncio.gather(*waiting)} == {40}


async def test_a_picture_that_nobody_waits_for_any_more_is_given_up(renderers: Renderers) -> None:
    """Its process ends with it, and the next picture hears nothing of the old one."""
    given_up = asyncio.create_task(renderers.render(PHOTO, SLOW, "other"))
    before = renderers.pids
    working = await at_work(before)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert not psutil.pid_exists(working)
    found = await asyncio.gather(*(renderers.render(PHOTO, SMALL, "other") for _ in range(4)))
    assert {(variant.media_type, variant.width) for variant in found} == {("image/webp", 40)}
    assert set(before) - set(renderers.pids) == {working}
    assert len(renderers.pids) == 2


async def test_a_picture_that_takes_too_much_memory_is_refused(renderers: Renderers) -> None:
    """Given 250 bytes that are 49 million pixels, to be decoded whole, then two processes give up, and that is all."""
    plain = pyvips.Image.black(7000, 7000, bands=3).copy(interpretation="srgb")
    bomb = bytes(plain.webpsave_buffer(lossless=True, effort=0))
    assert len(bomb) < 1000
    with pytest.raises(UnusableError, match="limits of memory"):
        await renderers.render(bomb, parse_options(["c:200:200"]), "other")
    assert (await renderers.render(bomb, SMALL, "other")).width == 40
    assert (await renderers.render(PHOTO, SMALL, "other")).width == 40


async def test_a_process_has_no_more_memory_than_it_may(renderers: Renderers) -> None:
    """It is the kernel that refuses."""
    limits = [psutil.Process(pid).rlimit(psutil.RLIMIT_DATA) for pid in renderers.pids]
    assert limits == [(512 << 20, 512 << 20)] * 2


async def test_no_process_is_left_behind() -> None:
    """Neither idle ones nor one at work."""
    async with Renderers(2, deadline=30) as renderers:
        working = asyncio.create_task(renderers.render(PHOTO, SLOW, "other"))
        pids = renderers.pids
        await at_work(pids)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_a_process_that_cannot_start_says_so(tmp_path: Path) -> None:
    """Given a watermark that is no picture, then the worker does not start."""
    (tmp_path / "mark").write_bytes(b"no picture")
    before = psutil.Process().children()
    with pytest.raises(RuntimeError, match="ended with code 1 before its first picture"):
        async with Renderers(2, deadline=1, watermark=str(tmp_path / "mark")):
            pass
    assert psutil.Process().children() == before


async def test_a_start_that_is_given_up_leaves_no_process() -> None:
    """Given that whoever starts them is cancelled, then those that had begun are ended."""
    before = psutil.Process().children()
    renderers = Renderers(2, deadline=1)
    starting = asyncio.create_task(renderers.__aenter__())
    while len(renderers.pids) < 2:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.001)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert psutil.Process().children() == before


@pytest.mark.parametrize(
    "told",
    [
        {"type": "text/html", "width": 1, "height": 1},
        {"type": "image/svg+xml", "width": 1, "height": 1},
        {"type": "image/png", "width": "1", "height": 1},
        {"type": "image/png"},
        {"error": "SystemExit", "message": "0"},
        {"error": "TooLargeError", "message": ["no text"]},
        [],
        "image/png",
        None,
    ],
)
def test_what_makes_no_sense_is_no_answer(told: object) -> None:
    """Given a process that a picture has taken over, then it cannot have a page sent in the place of a picture."""
    with pytest.raises(EndedError):
        understood(told, b"<script>")


async def test_a_full_queue_costs_nothing(store: FolderAssetStore, tmp_path: Path) -> None:
    """Given one picture under way and one that waits, then a third is refused before anything is read or rendered."""
    slow = SlowStore(tmp_path)
    async for client in serve(worker(slow, processes=1, waiting=1)):
        under_way = asyncio.create_task(client.get(path("w:50")))
        await slow.asked(1)
        waits = asyncio.create_task(client.get(path("w:60")))
        await slow.asked(2)
        while not slow.reads:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)
        rendered = rendered_so_far()
        for width in range(70, 80):
            refused = await client.get(path(f"w:{width}"))
            assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
        assert (slow.reads, rendered_so_far()) == (1, rendered)
        slow.go.set()
        assert [(await task).status for task in (under_way, waits)] == [200, 200]
        assert (slow.reads, rendered_so_far()) == (2, rendered + 2)

"""Variants on disk: found again, bounded, and never wrong."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from storage.assets import FolderAssetStore
from tests.images.stand import CHROME, Client, path, serve, worker
from workers.images.render import Variant
from workers.images.variants import VariantFolder


def variant(size: int = 100, fill: bytes = b"x") -> Variant:
    """Make a variant of so many bytes."""
    return Variant(fill * size, "image/webp", 4, 3)


def files(folder: Path) -> list[Path]:
    """Return what is kept."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


async def test_what_was_kept_is_found(tmp_path: Path) -> None:
    """With its type and size, also by another worker on the same folder; what was not kept is not found."""
    await VariantFolder(tmp_path, 1 << 20).keep("ab01", variant())
    assert await VariantFolder(tmp_path, 1 << 20).find("ab01") == variant()
    assert await VariantFolder(tmp_path, 1 << 20).find("ab02") is None


@pytest.mark.parametrize("damage", [slice(0, 0), slice(0, 10), slice(0, -1), slice(1, None)])
async def test_a_damaged_file_is_not_found(tmp_path: Path, damage: slice) -> None:
    """As a power cut may leave it; it is made and kept anew."""
    folder = VariantFolder(tmp_path, 1 << 20)
    await folder.keep("ab01", variant())
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[damage])
    assert await folder.find("ab01") is None
    await folder.keep("ab01", variant(fill=b"y"))
    assert await folder.find("ab01") == variant(fill=b"y")


async def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """By the checksum."""
    folder = VariantFolder(tmp_path, 1 << 20)
    await folder.keep("ab01", variant())
    (file,) = files(tmp_path)
    data = bytearray(file.read_bytes())
    data[-5] ^= 1
    file.write_bytes(data)
    assert await folder.find("ab01") is None


async def test_what_was_not_asked_for_longest_goes_first(tmp_path: Path) -> None:
    """Given a full folder, then there is room again, and what was asked for lately stays."""
    folder = VariantFolder(tmp_path, 20_000)
    for number in range(18):
        await folder.keep(f"{number:02}aa", variant(1000))
        os.utime(tmp_path / f"{number:02}" / f"{number:02}aa", (number, number))
    assert await folder.find("00aa") is not None  # which makes it the newest
    for number in range(20, 26):
        await folder.keep(f"{number:02}aa", variant(1000))
        assert sum(file.stat().st_size for file in files(tmp_path)) <= 20_000
    assert await folder.find("00aa") is not None
    assert await folder.find("01aa") is None
    assert await folder.find("25aa") is not None


async def test_what_was_never_finished_goes_in_time(tmp_path: Path) -> None:
    """A file that a killed worker left behind, after an hour; one that is being written stays."""
    for name, age in ((".old.partial", 4000), (".new.partial", 10)):
        (tmp_path / "ab").mkdir(exist_ok=True)
        (tmp_path / "ab" / name).write_bytes(b"x")
        os.utime(tmp_path / "ab" / name, (time.time() - age,) * 2)
    await VariantFolder(tmp_path, 1000).keep("ab01", variant(10))
    assert [file.name for file in files(tmp_path)] == [".new.partial", "ab01"]


async def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, once; when it can be written to again, variants are kept again."""
    (tmp_path / "variants").write_text("in the way")
    folder = VariantFolder(tmp_path / "variants", 1000)
    for _ in range(3):
        await folder.keep("ab01", variant())
    assert await folder.find("ab01") is None
    assert caplog.text.count("Variants of pictures are not kept") == 1
    (tmp_path / "variants").unlink()
    await folder.keep("ab01", variant())
    assert await folder.find("ab01") == variant()


def made(by: str) -> float:
    """Return how many variants were made, or had been kept."""
    return REGISTRY.get_sample_value("images_variants_total", {"by": by}) or 0


async def test_a_restarted_worker_makes_nothing_again(store: FolderAssetStore, tmp_path: Path) -> None:
    """Given a variant of one worker, then the next one sends the same bytes without rendering; deleted is deleted."""
    bodies = []
    for _ in range(2):
        async for client in serve(worker(store, variants=tmp_path / "variants")):
            before = made("made"), made("kept")
            bodies.append((await client.get(path("w:300/cb:1"), Accept=CHROME)).body)
            bodies.append((await client.get(path("w:300/fn:kitchen"), Accept=CHROME)).body)
            found = made("made") - before[0], made("kept") - before[1]
    assert found == (0, 2)
    assert len(set(bodies)) == 1
    await store.delete("acme/photo")
    async for client in serve(worker(store, variants=tmp_path / "variants")):
        assert (await client.get(path("w:300"), Accept=CHROME)).status == 404


async def test_without_a_folder_everything_is_made(client: Client) -> None:
    """Twice."""
    before = made("made")
    for _ in range(2):
        await client.get(path("w:90"), Accept=CHROME)
    assert made("made") == before + 2

"""The asset store in a folder: what its disk and file system can do to it, and the keys of every store."""

from __future__ import annotations

import errno
import os
import resource
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import durable_files
from storage.assets import (
    AssetKeyError,
    AssetStoreError,
    FolderAssetStore,
    check_key,
    explain,
)
from tests.storage.contents import LIMIT, chunks, files


@pytest.fixture
def store(tmp_path: Path) -> FolderAssetStore:
    """Give a store whose folder does not exist yet."""
    return FolderAssetStore(tmp_path / "data" / "assets")


async def test_a_full_disk_is_named_and_leaves_nothing(store: FolderAssetStore, tmp_path: Path) -> None:
    """When the system takes no more bytes, the error is the store's and no part stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(AssetStoreError, match="File too large"):
            await store.write("k", chunks(b"x" * (3 << 20)), limit=LIMIT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_has_a_message_of_its_own(number: int) -> None:
    """Disk and quota full say what to do; anything else says what the system said."""
    assert "disk is full" in explain(OSError(number, "whatever"))
    assert explain(OSError(errno.EIO, "Input/output error")) == "The asset store failed: Input/output error."


def test_bytes_are_copied_where_links_are_not_possible(tmp_path: Path) -> None:
    """The fallback of file systems without hard links makes a second file with the same bytes."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 3_000_000)
    durable_files.copy_bytes(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert not target.samefile(source)


async def test_check_tells_whether_the_store_can_be_written(store: FolderAssetStore, tmp_path: Path) -> None:
    """Ready means that a file could be written; a root that is a file cannot be."""
    await store.check()
    assert files(tmp_path) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AssetStoreError):
        await FolderAssetStore(tmp_path / "file" / "assets").check()


async def test_writing_where_a_folder_cannot_be_made_is_the_stores_trouble(tmp_path: Path) -> None:
    """A root below a file makes writing an error of the store, not of the key."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AssetStoreError):
        await FolderAssetStore(tmp_path / "file").write("k", chunks(b"x"), limit=LIMIT)


@given(st.text(alphabet="ab./\\~-_\n\0 é", max_size=20))
def test_an_accepted_key_stays_below_the_root(key: str) -> None:
    """Whatever passes the check names a path strictly inside the root, and no hidden file."""
    try:
        segments = check_key(key)
    except AssetKeyError:
        return
    path = os.path.normpath(os.path.join("/store/assets", *segments))  # noqa: PTH118 - the lexical form is the point
    assert path == f"/store/assets/{key}"
    assert not any(segment.startswith(".") for segment in segments)


async def test_what_has_lain_for_long_is_swept(tmp_path: Path) -> None:
    """Given uploads of different ages, then those of yesterday go; other folders, even missing ones, are let be."""
    store = FolderAssetStore(tmp_path)
    for key in ("staging/old", "staging/new", "acme/old"):
        await store.write(key, chunks(b"x"), limit=1)
    for key in ("staging/old", "acme/old"):
        os.utime(tmp_path / key, (time.time() - 90_000,) * 2)
    assert await store.sweep("staging", 86_400) == 1
    assert await store.sweep("staging", 86_400) == 0
    assert await store.sweep("nothing", 86_400) == 0
    assert await store.read("staging/new") == await store.read("acme/old") == b"x"

"""The asset store: what is written is whole and durable, what is refused leaves nothing behind."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import durable_files
from storage.assets import (
    AssetKeyError,
    AssetMissingError,
    AssetStoreError,
    AssetTooLargeError,
    FolderAssetStore,
    StoredAsset,
    check_key,
    explain,
)

LIMIT = 4 << 20


@pytest.fixture
def store(tmp_path: Path) -> FolderAssetStore:
    """Give a store whose folder does not exist yet."""
    return FolderAssetStore(tmp_path / "data" / "assets")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Send parts one by one."""
    for part in parts:
        yield part


def files(folder: Path) -> list[str]:
    """List every file under a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_what_is_written_is_read(store: FolderAssetStore, tmp_path: Path) -> None:
    """Content sent in large and small parts comes back whole, with its size and hash."""
    parts = [b"a" * 1_500_000, b"", b"b" * 10, b"c" * 700_000]
    content = b"".join(parts)

    stored = await store.write("acme/photo", chunks(*parts), limit=LIMIT)

    assert stored == StoredAsset("acme/photo", len(content), hashlib.sha256(content).hexdigest())
    assert await store.read("acme/photo") == content
    assert await store.size("acme/photo") == len(content)
    assert files(tmp_path) == ["data/assets/acme/photo"]


async def test_an_empty_file_is_a_file(store: FolderAssetStore) -> None:
    """No bytes at all are stored as such."""
    assert (await store.write("staging/t", chunks(), limit=LIMIT)).size == 0
    assert await store.read("staging/t") == b""


async def test_a_second_write_replaces_the_first(store: FolderAssetStore) -> None:
    """The last write under a key is what is read."""
    await store.write("k", chunks(b"old"), limit=LIMIT)
    await store.write("k", chunks(b"new"), limit=LIMIT)
    assert await store.read("k") == b"new"


async def test_over_the_limit_nothing_is_kept(store: FolderAssetStore, tmp_path: Path) -> None:
    """One byte too many is refused, and the old content stays; exactly the limit is accepted."""
    await store.write("k", chunks(b"x" * 10), limit=10)
    with pytest.raises(AssetTooLargeError, match="more than 10 bytes"):
        await store.write("k", chunks(b"y" * 10, b"y"), limit=10)
    assert await store.read("k") == b"x" * 10
    assert files(tmp_path) == ["data/assets/k"]


async def test_a_sender_that_fails_leaves_nothing(store: FolderAssetStore, tmp_path: Path) -> None:
    """An upload that breaks off raises its own error and keeps no part."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.write("k", broken(), limit=LIMIT)
    assert files(tmp_path) == []


async def test_a_cancelled_write_leaves_nothing(store: FolderAssetStore, tmp_path: Path) -> None:
    """A client that goes away in the middle of a write leaves no file behind."""
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * (1 << 20)
            begun.set()

    task = asyncio.create_task(store.write("k", endless(), limit=1 << 40))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


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


async def test_what_is_missing_is_missing(store: FolderAssetStore) -> None:
    """Reading, measuring and copying nothing raise the same error, below a file and for a folder too."""
    await store.write("folder/file", chunks(b"x"), limit=LIMIT)
    for key in ("none", "folder", "folder/file/below"):
        with pytest.raises(AssetMissingError):
            await store.read(key)
        with pytest.raises(AssetMissingError):
            await store.copy(key, "target")
    with pytest.raises(AssetMissingError):
        await store.size("none")


async def test_a_copy_outlives_its_source(store: FolderAssetStore, tmp_path: Path) -> None:
    """A copy is independent: replacing or deleting the source leaves it alone, and copying twice is harmless."""
    await store.write("staging/t", chunks(b"first"), limit=LIMIT)
    await store.copy("staging/t", "acme/abc")
    await store.copy("staging/t", "acme/abc")
    await store.write("staging/t", chunks(b"second"), limit=LIMIT)
    assert await store.read("acme/abc") == b"first"
    await store.delete("staging/t")
    assert files(tmp_path) == ["data/assets/acme/abc"]


def test_bytes_are_copied_where_links_are_not_possible(tmp_path: Path) -> None:
    """The fallback of file systems without hard links makes a second file with the same bytes."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 3_000_000)
    durable_files.copy_bytes(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert not target.samefile(source)


async def test_deleting_is_idempotent(store: FolderAssetStore) -> None:
    """A key is gone after one delete, and a second is no error."""
    await store.write("k/l", chunks(b"x"), limit=LIMIT)
    await store.delete("k/l")
    await store.delete("k/l")
    with pytest.raises(AssetMissingError):
        await store.read("k/l")


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


BAD_KEYS = [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    ".a",
    "a\\b",
    "a b",
    "a\0",
    "á",
    "a" * 129,
    "a/" * 8 + "a",
]


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_unsafe_keys_are_refused(store: FolderAssetStore, key: str) -> None:
    """No operation takes a key that is not made of safe segments."""
    for operation in (store.read, store.size, store.delete):
        with pytest.raises(AssetKeyError):
            await operation(key)
    with pytest.raises(AssetKeyError):
        await store.copy("fine", key)
    with pytest.raises(AssetKeyError):
        await store.write(key, chunks(b"x"), limit=LIMIT)


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

"""What every asset store promises: what is written is whole, what is refused leaves nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from storage.assets import AssetKeyError, AssetMissingError, AssetTooLargeError, StoredAsset
from tests.storage.conftest import Stand
from tests.storage.contents import LIMIT, MEBIBYTE, chunks


async def test_what_is_written_is_read(stand: Stand) -> None:
    """Content sent in large and small parts comes back whole, with its size and hash."""
    parts = [b"a" * 1_500_000, b"", b"b" * 10, b"c" * 700_000]
    content = b"".join(parts)

    stored = await stand.store.write("acme/photo", chunks(*parts), limit=LIMIT)

    assert stored == StoredAsset("acme/photo", len(content), hashlib.sha256(content).hexdigest())
    assert await stand.store.read("acme/photo") == content
    assert await stand.store.size("acme/photo") == len(content)
    assert await stand.kept() == ["acme/photo"]


async def test_an_empty_file_is_a_file(stand: Stand) -> None:
    """No bytes at all are stored as such."""
    assert (await stand.store.write("staging/t", chunks(), limit=LIMIT)).size == 0
    assert await stand.store.read("staging/t") == b""
    assert await stand.store.size("staging/t") == 0


async def test_a_second_write_replaces_the_first(stand: Stand) -> None:
    """The last write under a key is what is read."""
    await stand.store.write("k", chunks(b"old"), limit=LIMIT)
    await stand.store.write("k", chunks(b"new"), limit=LIMIT)
    assert await stand.store.read("k") == b"new"


async def test_over_the_limit_nothing_is_kept(stand: Stand) -> None:
    """One byte too many is refused, and the old content stays; exactly the limit is accepted."""
    await stand.store.write("k", chunks(b"x" * 10), limit=10)
    with pytest.raises(AssetTooLargeError, match="more than 10 bytes"):
        await stand.store.write("k", chunks(b"y" * 10, b"y"), limit=10)
    assert await stand.store.read("k") == b"x" * 10
    assert await stand.kept() == ["k"]


async def test_far_into_a_large_file_the_limit_still_holds(stand: Stand) -> None:
    """Of what was written before the limit was passed nothing is kept."""
    with pytest.raises(AssetTooLargeError):
        await stand.store.write("k", chunks(*[MEBIBYTE] * 20, b"y"), limit=20 << 20)
    assert await stand.kept() == []


@pytest.mark.parametrize("mebibytes", [2, 20])
async def test_a_sender_that_fails_leaves_nothing(stand: Stand, mebibytes: int) -> None:
    """An upload that breaks off, early or late, raises its own error and keeps no part."""

    async def broken() -> AsyncIterator[bytes]:
        for _ in range(mebibytes):
            yield MEBIBYTE
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await stand.store.write("k", broken(), limit=1 << 40)
    assert await stand.kept() == []


@pytest.mark.parametrize("mebibytes", [1, 20])
async def test_a_cancelled_write_leaves_nothing(stand: Stand, mebibytes: int) -> None:
    """A client that goes away in the middle of a write, early or late, leaves nothing behind."""
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(mebibytes):
            yield MEBIBYTE
        begun.set()
        while True:
            yield MEBIBYTE

    task = asyncio.create_task(stand.store.write("k", endless(), limit=1 << 40))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stand.kept() == []


async def test_what_is_missing_is_missing(stand: Stand) -> None:
    """Reading, measuring and copying nothing raise the same error, below a file and for a folder too."""
    await stand.store.write("folder/file", chunks(b"x"), limit=LIMIT)
    for key in ("none", "folder", "folder/file/below"):
        with pytest.raises(AssetMissingError):
            await stand.store.read(key)
        with pytest.raises(AssetMissingError):
            await stand.store.copy(key, "target")
    with pytest.raises(AssetMissingError):
        await stand.store.size("none")
    assert await stand.kept() == ["folder/file"]


async def test_a_copy_outlives_its_source(stand: Stand) -> None:
    """A copy is independent: replacing or deleting the source leaves it alone, and copying twice is harmless."""
    await stand.store.write("staging/t", chunks(b"first"), limit=LIMIT)
    await stand.store.copy("staging/t", "acme/abc")
    await stand.store.copy("staging/t", "acme/abc")
    await stand.store.write("staging/t", chunks(b"second"), limit=LIMIT)
    assert await stand.store.read("acme/abc") == b"first"
    await stand.store.delete("staging/t")
    assert await stand.kept() == ["acme/abc"]


async def test_a_copy_onto_itself_changes_nothing(stand: Stand) -> None:
    """Source and target may be the same."""
    await stand.store.write("k", chunks(b"x"), limit=LIMIT)
    await stand.store.copy("k", "k")
    assert await stand.store.read("k") == b"x"
    assert await stand.kept() == ["k"]


async def test_deleting_is_idempotent(stand: Stand) -> None:
    """A key is gone after one delete, and a second is no error."""
    await stand.store.write("k/l", chunks(b"x"), limit=LIMIT)
    await stand.store.delete("k/l")
    await stand.store.delete("k/l")
    with pytest.raises(AssetMissingError):
        await stand.store.read("k/l")


async def test_a_check_leaves_nothing(stand: Stand) -> None:
    """Ready means that something could be written, and it is gone again."""
    await stand.store.check()
    assert await stand.kept() == []


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


async def test_unsafe_keys_are_refused(stand: Stand) -> None:
    """No operation takes a key that is not made of safe segments."""
    await stand.store.write("fine", chunks(b"x"), limit=LIMIT)
    for key in BAD_KEYS:
        for operation in (stand.store.read, stand.store.size, stand.store.delete):
            with pytest.raises(AssetKeyError):
                await operation(key)
        with pytest.raises(AssetKeyError):
            await stand.store.copy("fine", key)
        with pytest.raises(AssetKeyError):
            await stand.store.copy(key, "fine")
        with pytest.raises(AssetKeyError):
            await stand.store.write(key, chunks(b"x"), limit=LIMIT)
    assert await stand.kept() == ["fine"]

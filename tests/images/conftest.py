"""A store of pictures, good and bad, and a worker over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.assets import FolderAssetStore
from tests.images.samples import KEY, SALT, png, png_header
from tests.images.stand import NOW, PHOTO, Client, chunks, serve, worker


@pytest.fixture
async def store(tmp_path: Path) -> FolderAssetStore:
    """Give a store with a photo, a transparent PNG, a broken file, text, and a bomb."""
    store = FolderAssetStore(tmp_path)
    originals = {
        "photo": PHOTO,
        "alpha": png(400, 300),
        "broken": PHOTO[: len(PHOTO) // 2],
        "text": b"top secret text, no picture",
        "bomb": png_header(65_535, 65_535),
        "large": bytes(2 << 20),
    }
    for name, data in originals.items():
        await store.write(f"acme/{name}", chunks(data), limit=1 << 24)
    return store


@pytest.fixture
async def client(store: FolderAssetStore) -> AsyncIterator[Client]:
    """Ask a worker over that store, at a fixed time, that takes originals of up to 1 MiB."""
    keys = [(b"newer", b"salt"), (KEY, SALT)]
    async for client in serve(worker(store, largest_bytes=1 << 20, keys=keys, now=lambda: NOW)):
        yield client

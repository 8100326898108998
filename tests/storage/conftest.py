"""Asset stores of both kinds, each empty, with a look at what they keep."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.assets import AssetStore, FolderAssetStore
from storage.s3 import S3AssetStore
from tests.s3 import S3, running
from tests.storage.contents import files


@dataclass(frozen=True)
class Stand:
    """A store, and `kept`, which lists all that lies where it keeps things, hidden and unfinished things too."""

    store: AssetStore
    kept: Callable[[], Awaitable[list[str]]]


@asynccontextmanager
async def in_a_folder(tmp_path: Path, s3: S3) -> AsyncIterator[Stand]:
    """Give a store whose folder does not exist yet."""

    async def kept() -> list[str]:
        return [name.removeprefix("data/assets/") for name in files(tmp_path)]

    yield Stand(FolderAssetStore(tmp_path / "data" / "assets"), kept)


@asynccontextmanager
async def in_s3(tmp_path: Path, s3: S3) -> AsyncIterator[Stand]:
    """Give a store in a bucket of its own."""
    bucket = await s3.new_bucket()
    store = await S3AssetStore.open(bucket)
    try:
        yield Stand(store, lambda: s3.kept(bucket))
    finally:
        await store.close()


Place = Callable[[Path, S3], AbstractAsyncContextManager[Stand]]


@pytest.fixture(scope="session")
async def s3(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[S3]:
    """Give an S3 that lives as long as the run; take a bucket of your own in it."""
    async with running(tmp_path_factory.mktemp("s3")) as s3:
        yield s3


@pytest.fixture(params=[in_a_folder, in_s3])
async def stand(request: pytest.FixtureRequest, tmp_path: Path, s3: S3) -> AsyncIterator[Stand]:
    """Give each kind of store in turn."""
    place: Place = request.param
    async with place(tmp_path, s3) as stand:
        yield stand

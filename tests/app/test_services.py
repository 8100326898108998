"""What the settings open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.services import open_asset_store
from app.settings import Settings
from tests.s3 import KEYS, REGION, S3, running


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3]:
    """Start an S3."""
    async with running(tmp_path) as s3:
        yield s3


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Send bytes."""
    yield data


async def test_originals_lie_in_a_folder_by_default(tmp_path: Path) -> None:
    """Given no bucket, then an original is a file below DATA_DIR/assets."""
    store = await open_asset_store(Settings(data_dir=tmp_path))
    await store.write("acme/photo", once(b"x"), limit=1)
    await store.close()
    assert (tmp_path / "assets/acme/photo").read_bytes() == b"x"


async def test_originals_lie_in_a_bucket_where_one_is_set(s3: S3, tmp_path: Path) -> None:
    """Given a bucket, then an original is an object in it, and no file."""
    bucket = await s3.new_bucket()
    settings = Settings(
        data_dir=tmp_path / "data",
        assets_bucket=bucket.name,
        assets_endpoint=s3.url,
        assets_region=REGION,
        aws_access_key=KEYS[0],
        aws_secret_key=KEYS[1],
    )
    store = await open_asset_store(settings)
    await store.write("acme/photo", once(b"x"), limit=1)
    await store.close()
    assert await s3.kept(bucket) == ["acme/photo"]
    assert not settings.data_dir.exists()

"""The asset store in S3: uploads in parts, and uploads that browsers send there themselves.

What it has in common with other stores is in `test_contract`.
"""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from storage.assets import AssetKeyError, FolderAssetStore, PresignedUploads
from storage.s3 import PART_BYTES, Bucket, S3AssetStore
from tests.s3 import KEYS, S3
from tests.storage.contents import LIMIT, MEBIBYTE, chunks
from tests.storage.hand_made_s3 import hand_made, opened

LARGE = 1 << 30


@pytest.fixture
async def bucket(s3: S3) -> Bucket:
    """Make a bucket."""
    return await s3.new_bucket()


@pytest.fixture
async def store(bucket: Bucket) -> AsyncIterator[S3AssetStore]:
    """Give a store in the bucket."""
    async with opened(bucket) as store:
        yield store


async def head(s3: S3, bucket: Bucket, key: str) -> dict[str, Any]:
    """Return what S3 says of an object."""
    said: dict[str, Any] = await s3.client.head_object(Bucket=bucket.name, Key=key)
    return said


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([PART_BYTES], 0),
        ([PART_BYTES, 1], 2),
        ([PART_BYTES, PART_BYTES], 2),
        ([1, PART_BYTES * 2 + 5, 3_000_001], 3),
    ],
)
async def test_what_is_large_goes_in_parts(
    s3: S3, bucket: Bucket, store: S3AssetStore, sizes: list[int], parts: int
) -> None:
    """Content of more than a part comes back whole, with its size and hash; no part is empty or too large."""
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]
    content = b"".join(sent)

    stored = await store.write("acme/photo", chunks(*sent), limit=len(content))

    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await store.read("acme/photo") == content
    assert await s3.kept(bucket) == ["acme/photo"]
    tag = (await head(s3, bucket, "acme/photo"))["ETag"].strip('"')
    assert tag.partition("-")[2] == (str(parts) if parts else "")  # S3 marks what came in parts by their number


async def test_memory_does_not_grow_with_the_upload(store: S3AssetStore) -> None:
    """Of 96 MiB a few parts are in memory at any time."""
    tracemalloc.start()
    try:
        await store.write("k", chunks(*[MEBIBYTE] * 96), limit=LARGE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * PART_BYTES


async def test_requests_are_what_every_s3_understands() -> None:
    """Bodies are plain and signed with their SHA-256; there are no trailers and none of the newer checksums."""
    async with hand_made() as (store, s3):
        await store.write("k", chunks(b"x" * PART_BYTES, b"y"), limit=LARGE)
        await store.write("k", chunks(b"small"), limit=LARGE)
    assert s3.steps == ["create", "part 1", "part 2", "complete", "PUT"]
    for asked in s3.asked:
        assert asked.headers["X-Amz-Content-SHA256"] == hashlib.sha256(asked.body).hexdigest()
        assert not [name for name in asked.headers if "checksum" in name.lower() or "trailer" in name.lower()]
    assert s3.asked[1].body == b"x" * PART_BYTES
    assert (s3.asked[2].body, s3.asked[4].body) == (b"y", b"small")


async def test_a_browser_uploads_to_a_staging_key(store: S3AssetStore) -> None:
    """A PUT to the presigned address stores its body; the address says how long it is good for."""
    url = await store.presigned_put("staging/abc", seconds=600)
    async with aiohttp.ClientSession() as browser, browser.put(url, data=b"a photo") as response:
        assert response.status == 200
    assert await store.read("staging/abc") == b"a photo"
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["600"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert KEYS[1] not in url


async def test_what_an_uploader_says_of_the_content_is_not_copied(s3: S3, bucket: Bucket, store: S3AssetStore) -> None:
    """Whoever has the address chooses headers; the copy that stays has none of them."""
    url = await store.presigned_put("staging/abc", seconds=600)
    said = {"Content-Type": "text/html", "Content-Disposition": "attachment", "Cache-Control": "public"}
    async with aiohttp.ClientSession(headers=said) as browser, browser.put(url, data=b"<script>") as response:
        assert response.status == 200
    assert (await head(s3, bucket, "staging/abc"))["ContentType"] == "text/html"

    await store.copy("staging/abc", "acme/abc")

    copied = await head(s3, bucket, "acme/abc")
    assert copied["ContentType"] != "text/html"
    assert "ContentDisposition" not in copied
    assert "CacheControl" not in copied


@pytest.mark.parametrize("key", ["acme/abc", "staging", "staging2/abc", "acme/staging/abc", "staging/../acme", ""])
async def test_only_staging_keys_can_be_uploaded_to(store: S3AssetStore, key: str) -> None:
    """A presigned address can be used again after the content was checked, so there is none of a final key."""
    with pytest.raises(AssetKeyError):
        await store.presigned_put(key, seconds=600)


async def test_which_stores_take_uploads_themselves(store: S3AssetStore, tmp_path: Any) -> None:
    """S3 does, a folder does not."""
    assert isinstance(store, PresignedUploads)
    assert not isinstance(FolderAssetStore(tmp_path), PresignedUploads)


async def test_amazons_own_addresses_have_the_bucket_in_the_host() -> None:
    """Without an endpoint it is Amazon's S3, of the bucket's region; temporary credentials carry their token."""
    bucket = Bucket(
        name="pictures", region="eu-south-2", access_key=KEYS[0], secret_key=KEYS[1], session_token="for an hour"
    )
    async with opened(bucket) as store:
        url = urlsplit(await store.presigned_put("staging/abc", seconds=600))
    assert url.netloc == "pictures.s3.eu-south-2.amazonaws.com"
    assert url.path == "/staging/abc"
    assert parse_qs(url.query)["X-Amz-Security-Token"] == ["for an hour"]


async def test_empty_keys_are_found_by_botocore(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials of its own the store uses those that botocore finds, here in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with opened(replace(bucket, access_key="", secret_key="")) as store:
        await store.write("k", chunks(b"x"), limit=LIMIT)
        assert "AKIAOFTHEMACHINE" in await store.presigned_put("staging/abc", seconds=600)


def test_a_bucket_does_not_show_its_secrets() -> None:
    """What is logged of it has no credentials."""
    shown = repr(Bucket(name="pictures", access_key="one", secret_key="two", session_token="three"))
    assert "pictures" in shown
    assert not any(secret in shown for secret in ("one", "two", "three"))

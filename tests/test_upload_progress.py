"""How far an upload is, while its bytes come, and when they stop coming."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from models.asset import UPLOAD_LIMIT
from schema import ids
from storage.assets import AssetMissingError
from tests.images.samples import jpeg, png
from tests.platform import Json, Platform, User
from tests.test_asset import begin, put
from tests.test_uploads import staged


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who takes pictures."""
    return await platform.user()


@pytest.fixture(scope="module")
async def organization(ana: User) -> str:
    """Found an organization for the pictures."""
    return await ana.organization()


async def told(platform: Platform, url: str) -> Json:
    """Ask how far an upload is."""
    async with platform.session.get(url) as response:
        found: Json = await response.json()
        return found


async def until(platform: Platform, url: str, state: str) -> None:
    """Ask until an upload is in a state."""
    async with asyncio.timeout(10):
        while (await told(platform, url))["state"] != state:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_progress_can_be_read(platform: Platform, ana: User, organization: str) -> None:
    """Nothing, while it comes, all of it, done; what breaks off leaves nothing behind."""
    upload, data = await begin(ana, organization), png(700, 500)

    async def state() -> Json:
        async with platform.session.get(upload["url"]) as response:
            assert response.headers["Cache-Control"] == "no-store"
            found: Json = await response.json()
            return found

    sent, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield data[:300_000]
        sent.set()
        await go.wait()
        yield data[300_000:]

    assert await state() == {"state": "waiting", "bytes": 0}
    broken_off = asyncio.create_task(platform.session.put(upload["url"], data=slowly()))
    await sent.wait()
    async with asyncio.timeout(10):
        while (seen := await state())["state"] != "receiving":  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
    assert 0 < seen["bytes"] <= 300_000
    broken_off.cancel()
    await asyncio.gather(broken_off, return_exceptions=True)
    nothing = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert "nothing was uploaded" in nothing["message"]
    assert (await put(platform, upload["url"], data))[0] == 200
    assert await state() == {"state": "received", "bytes": len(data)}
    await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert (await state())["state"] == "completed"
    async with platform.session.get(f"{platform.edge}/uploads/nonsense") as response:
        assert response.status == 404


async def test_what_breaks_off_leaves_nothing(
    platform: Platform, ana: User, organization: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No bytes, no progress, and no error in the log: the sender has gone, which is no fault of ours."""
    upload, data = await begin(ana, organization), png(300, 300)
    address = urlsplit(platform.api + urlsplit(upload["url"]).path)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"PUT {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data[:-1])
    await writer.drain()
    await until(platform, upload["url"], "receiving")
    with caplog.at_level(logging.WARNING):
        writer.close()
        await until(platform, upload["url"], "waiting")
    assert caplog.records == []
    with pytest.raises(AssetMissingError):
        await platform.store.size(f"staging/{ids.key(upload['id'], 'Upload')}")


async def test_after_a_refusal_nothing_is_under_way(platform: Platform, ana: User, organization: str) -> None:
    """What was sent before is still there, and what was refused is no progress."""

    async def too_much() -> AsyncIterator[bytes]:
        yield jpeg(500, 400)
        for _ in range(UPLOAD_LIMIT >> 20):
            yield bytes(1 << 20)

    upload, data = await begin(ana, organization), jpeg(70, 33)
    async with platform.session.put(upload["url"], data=too_much()) as response:
        assert response.status == 413
    assert await told(platform, upload["url"]) == {"state": "waiting", "bytes": 0}
    await put(platform, upload["url"], data)
    assert (await put(platform, upload["url"], b"%PDF-1.7"))[0] == 415
    assert await told(platform, upload["url"]) == {"state": "received", "bytes": len(data)}
    await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert await told(platform, upload["url"]) == {"state": "completed", "bytes": len(data)}
    async with platform.session.head(upload["url"]) as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")


async def test_what_comes_after_the_end_is_not_kept(platform: Platform, ana: User, organization: str) -> None:
    """Bytes whose upload is completed while they come are of no use to anyone."""
    upload, data = await begin(ana, organization), png(200, 200)
    sent, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield data[:5000]
        sent.set()
        await go.wait()
        yield data[5000:]

    late = asyncio.create_task(platform.session.put(upload["url"], data=slowly()))
    await sent.wait()
    await until(platform, upload["url"], "receiving")
    key = await staged(platform, upload, data)
    assert (await ana.by_id("completeAssetUpload", "Asset", upload["id"]))["__typename"] == "Asset"
    go.set()
    async with await late as response:
        assert response.status == 404
    with pytest.raises(AssetMissingError):
        await platform.store.size(key)

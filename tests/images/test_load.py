"""The image worker under load and in trouble."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from storage.assets import AssetStoreError, FolderAssetStore
from tests.images.stand import CHROME, Client, path, serve, worker


class SlowStore(FolderAssetStore):
    """A store whose reads wait until they are let go, as on a busy disk; counts what it is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads = self.sizes = 0
        self.go = asyncio.Event()
        self._changed = asyncio.Condition()

    async def read(self, key: str) -> bytes:
        """Wait, then read."""
        self.reads += 1
        await self.go.wait()
        return await super().read(key)

    async def size(self, key: str) -> int:
        """Answer at once."""
        size = await super().size(key)
        async with self._changed:
            self.sizes += 1
            self._changed.notify_all()
        return size

    async def asked(self, times: int) -> None:
        """Wait until this many requests have come as far as the queue."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.sizes >= times)


async def test_a_full_queue_says_so_and_equal_requests_are_shared(store: FolderAssetStore, tmp_path: Path) -> None:
    """With one process and one place to wait: two variants are taken, a third is refused, an equal one joins."""
    slow = SlowStore(tmp_path)
    app = worker(slow, processes=1, waiting=1)
    async for client in serve(app):
        first = asyncio.create_task(client.get(path("w:50")))
        await slow.asked(1)
        second = asyncio.create_task(client.get(path("w:60")))
        await slow.asked(2)
        assert REGISTRY.get_sample_value("images_queue_length") == 2

        refused = await client.get(path("w:70"))
        assert refused.status == 429
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["Cache-Control"] == "no-store"
        equal = [asyncio.create_task(client.get(path(f"w:50/cb:{number}"))) for number in range(5)]
        await slow.asked(8)
        slow.go.set()

        answers = await asyncio.gather(first, second, *equal)
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body for answer in (answers[0], *answers[2:])}) == 1


async def test_equal_requests_are_rendered_once(store: FolderAssetStore, tmp_path: Path) -> None:
    """Twenty at once for the same variant read the original once."""
    slow = SlowStore(tmp_path)
    app = worker(slow)
    async for client in serve(app):
        asking = [asyncio.create_task(client.get(path("w:80"), Accept=CHROME)) for _ in range(20)]
        await slow.asked(20)
        slow.go.set()
        answers = await asyncio.gather(*asking)
        assert {answer.status for answer in answers} == {200}
        assert slow.reads == 1


class FailingStore(FolderAssetStore):
    """A store whose disk fails when it is read."""

    async def read(self, key: str) -> bytes:
        """Fail as a disk does."""
        raise AssetStoreError(f"The asset store failed: Input/output error ({len(key)}).")


async def test_the_stores_trouble_is_502_and_the_next_request_is_answered(
    store: FolderAssetStore, tmp_path: Path
) -> None:
    """Trouble is told and passes; a store whose files vanish between two looks answers 404."""
    async for client in serve(worker(FailingStore(tmp_path))):
        response = await client.get(path("w:50"))
        assert response.status == 502
        assert response.error["code"] == "store_trouble"
    async for client in serve(worker(store)):
        assert (await client.get(path("w:50"))).status == 200


async def test_a_picture_that_takes_too_long_is_504(store: FolderAssetStore) -> None:
    """The deadline is named, and the worker goes on."""
    app = worker(store, deadline=0.001)
    async for client in serve(app):
        response = await client.get(path("w:1000"))
        assert response.status == 504
        assert "longer than 0.001 seconds" in response.error["message"]
        assert (await client.get("/")).status == 403


class BuggyStore(FolderAssetStore):
    """A store with a mistake in its code."""

    async def size(self, key: str) -> int:
        """Divide by zero."""
        return len(key) // 0


async def test_a_bug_is_a_500_without_details(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The client hears nothing of the cause, the log everything."""
    async for client in serve(worker(BuggyStore(tmp_path))):
        response = await client.get(path("w:50"))
        assert response.status == 500
        assert "ZeroDivision" not in response.error["message"]
        assert response.headers["Cache-Control"] == "no-store"
    assert "ZeroDivisionError" in caplog.text


async def test_memory_is_trimmed_and_metrics_are_kept_over_many_pictures(client: Client) -> None:
    """Forty small variants in a row, each in its own size."""
    before = REGISTRY.get_sample_value("images_stage_seconds_count", {"stage": "render"}) or 0
    for width in range(20, 60):
        assert (await client.get(path(f"w:{width}", "alpha"), Accept="image/webp")).status == 200
    assert REGISTRY.get_sample_value("images_stage_seconds_count", {"stage": "render"}) == before + 40
    assert REGISTRY.get_sample_value("images_queue_length") == 0

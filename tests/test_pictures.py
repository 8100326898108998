"""Pictures over the whole platform: in a bucket, forgotten when deleted, made before anyone asks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client import REGISTRY

from app.commands import images
from app.embedded.ports import free_port
from models.asset import UPLOAD_LIMIT
from storage.pictures import sniff
from tests import s3
from tests.app.processes import running
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User, another_api
from tests.platform import running as serving
from tests.test_asset import begin, picture

ACCEPT = {"Accept": "image/avif,image/webp,*/*"}


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who takes pictures."""
    return await platform.user()


def made() -> float:
    """Return how many variants were made so far."""
    return REGISTRY.get_sample_value("images_variants_total", {"by": "made"}) or 0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that nothing tells of."""
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.1)


async def test_a_deleted_picture_is_forgotten_everywhere(platform: Platform, ana: User) -> None:
    """Given a picture that the edge answers from memory, when its asset is deleted, then it is soon gone."""
    asset = await picture(ana, await ana.organization(), jpeg(210, 140), "id image(width: 128, format: WEBP) { url }")
    url = asset["image"]["url"]

    async def found() -> tuple[int, str]:
        async with platform.session.get(url) as response:
            return response.status, response.headers["Cache-Status"]

    async def kept() -> bool:
        return (await found())[1].startswith("edge; hit")

    await until(kept)
    await ana.by_id("deleteAsset", "Deleted", asset["id"])

    async def gone() -> bool:
        return (await found())[0] == 404

    await until(gone)


async def test_what_operations_show_is_made_before_anyone_asks(platform: Platform, ana: User) -> None:
    """Given an upload, when its job is done, then a page finds every picture made; and again after a new focus."""
    organization = await ana.organization()
    asset = await picture(ana, organization, jpeg(1300, 900))
    fields = "responsive(aspectRatio: 1.5) { srcset }"
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Asset {{ {fields} }} }} }}"

    async def srcset() -> list[str]:
        shown: Json = (await ana.ask(query, {"id": asset["id"]}))["node"]["responsive"]
        return [part.split(" ")[0] for part in shown["srcset"].split(", ")]

    async def all_kept() -> bool:
        before = made()
        for url in await srcset():
            async with platform.session.get(url, headers=ACCEPT) as response:
                assert response.status == 200
                assert sniff(await response.read()) == "image/avif"
        return made() == before

    assert len(await srcset()) == 4
    await until(all_kept)
    await ana.do("updateAsset", "Asset", {"id": asset["id"], "focus": {"x": 0.1, "y": 0.2}})
    await until(all_kept)


async def test_backfill_makes_what_is_missing(platform: Platform, ana: User) -> None:
    """Given pictures whose variants are gone, then they are made again; a second time there is nothing to make."""
    await picture(ana, await ana.organization(), jpeg(140, 100))
    settings = platform.settings
    environment = {
        **os.environ,
        "DATA_DIR": str(settings.data_dir),
        "MONGODB_URL": settings.mongodb_url or "",
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url or "",
    }
    async with running(environment, "-m", "app", "images", "backfill") as command:
        assert await command.ended() == 0
    for file in [file for file in (settings.data_dir / "variants").rglob("*") if file.is_file()]:
        file.unlink()
    for expected in (True, False):
        before = made()
        async with running(environment, "-m", "app", "images", "backfill") as command:
            assert await command.ended() == 0
        assert "The variants of" in command.text
        assert (made() > before) is expected
    async with running(environment, "-m", "app", "images", "dead") as command:
        assert await command.ended() == 0
    assert "0 dead letters." in command.text


async def test_a_bucket_holds_what_a_folder_would(platform: Platform, tmp_path: Path) -> None:
    """Given originals in S3, then bytes go there directly, are checked at the end, and come back as AVIF."""
    async with s3.running(tmp_path) as storage:
        bucket = await storage.new_bucket()
        changes: dict[str, Any] = {
            "assets_bucket": bucket.name,
            "assets_endpoint": bucket.endpoint,
            "assets_region": bucket.region,
            "aws_access_key": bucket.access_key,
            "aws_secret_key": bucket.secret_key,
        }
        settings = replace(platform.settings, images_port=free_port(), data_dir=tmp_path, **changes)
        process = await images.process(settings)
        async with another_api(platform, **changes) as other, serving(process, settings):
            ana = await other.user()
            organization, data = await ana.organization(), jpeg(400, 300)
            upload = await begin(ana, organization, "id url progressUrl", sha256=sha256(data).hexdigest())
            assert upload["url"].startswith(bucket.endpoint)
            nothing = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
            assert "nothing was uploaded" in nothing["message"]
            for body, words in (
                (b"<svg/>", "another SHA-256"),
                (bytes(UPLOAD_LIMIT + 1), f"at most {UPLOAD_LIMIT} bytes"),
            ):
                await sent(platform, upload["url"], body)
                refused = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
                assert words in refused["message"]
            await sent(platform, upload["url"], data)
            told = urlsplit(upload["progressUrl"])
            async with platform.session.get(f"{other.api}{told.path}") as response:
                assert await response.json() == {"state": "received", "bytes": len(data)}
            asset = await ana.by_id("completeAssetUpload", "Asset", upload["id"], "id image(width: 128) { url }")
            _, _, path = asset["image"]["url"].partition("/images/")
            url = f"http://127.0.0.1:{settings.images_port}/{path}"
            async with platform.session.get(url, headers=ACCEPT) as response:
                assert (response.status, sniff(await response.read())) == (200, "image/avif")
            await sent(platform, upload["url"], jpeg(50, 50))  # it still takes bytes, and nobody looks at them
            again = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
            assert again["id"] == asset["id"]
            await ana.by_id("deleteAsset", "Deleted", asset["id"])
            async with platform.session.get(url, headers=ACCEPT) as response:
                assert response.status == 404


async def sent(platform: Platform, url: str, body: bytes) -> None:
    """Send bytes straight to the bucket."""
    async with platform.session.put(url, data=BytesIO(body)) as response:
        assert response.status == 200, await response.text()

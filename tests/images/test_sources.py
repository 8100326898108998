"""Reading originals: assets, previews of the API, and pictures of other servers."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import brotli
import pytest
from aiohttp import web

from storage.assets import FolderAssetStore
from tests.images.servers import LARGEST_BYTES, LOOPBACK, PHOTO, answer, door, failure, raw, reading, serving, sources
from tests.images.stand import chunks
from workers.images.errors import (
    DeadlineError,
    ImageError,
    MissingError,
    SourceError,
    SourceTroubleError,
    StoreTroubleError,
    TooLargeError,
)
from workers.images.sources import ASSET, Sources


@pytest.fixture
async def assets(tmp_path: Path) -> AsyncIterator[Sources]:
    """Give sources over a store with a photo and a file that is too large."""
    store = FolderAssetStore(tmp_path)
    for name, data in {"photo": PHOTO, "full": bytes(LARGEST_BYTES), "large": bytes(LARGEST_BYTES + 1)}.items():
        await store.write(f"acme/{name}", chunks(data), limit=1 << 24)
    async with sources(root=tmp_path) as reader:
        yield reader


async def test_an_asset_is_read_from_the_store(assets: Sources) -> None:
    """As it is."""
    await assets.verify(f"{ASSET}acme/photo")
    assert await assets.read(f"{ASSET}acme/photo") == PHOTO


async def test_an_asset_that_is_missing_is_said_so(assets: Sources) -> None:
    """Both when it is checked and when it is read."""
    for look in (assets.verify, assets.read):
        with pytest.raises(MissingError):
            await look(f"{ASSET}acme/none")


async def test_an_asset_that_is_too_large_is_not_read(assets: Sources) -> None:
    """Its size is checked without reading it; as much as may be is no error."""
    await assets.verify(f"{ASSET}acme/full")
    with pytest.raises(TooLargeError, match=f"over {LARGEST_BYTES} bytes"):
        await assets.verify(f"{ASSET}acme/large")


async def test_a_failing_store_is_a_502(tmp_path: Path) -> None:
    """Here its folder is a file with a name that is too long for the system."""
    async with sources(root=tmp_path / ("x" * 300)) as reader:
        for look in (reader.verify, reader.read):
            with pytest.raises(StoreTroubleError, match="asset store failed"):
                await look(f"{ASSET}acme/photo")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "asset:",
        "asset://",
        "asset:///etc/passwd",
        "asset://../secrets",
        "asset://acme/../secrets",
        "asset://acme/.hidden",
        "asset://acme/photo\x00",
        "asset://acme/photo?query",
        "ASSET://acme/photo",
        "assets://acme/photo",
        "preview://",
        "preview://a/b",
        "preview://..",
        "preview://.",
        "preview://a?b",
        "preview://a#b",
        "preview://a%2Fb",
        "preview://ä",
        "preview://a\n",
        "preview://" + "a" * 201,
        "https://elsewhere.example/photo",
        "http://listed.example/photo",
        "file:///etc/passwd",
        "s3://bucket/photo",
        "local:///photo",
        "gopher://listed.example/photo",
    ],
)
async def test_an_address_that_is_none_of_ours_is_refused(address: str) -> None:
    """By the check alone, before verifying, and before reading."""
    reader = sources(previews_url="http://api.example/previews", origins=["https://listed.example"])
    with pytest.raises(SourceError):
        reader.check_address(address)
    with pytest.raises(SourceError):
        await reader.verify(address)
    with pytest.raises(SourceError):
        await reader.read(address)


@pytest.mark.parametrize(
    "address",
    ["asset://acme/photo", "preview://a", "preview://eyJ0.b-C_9", "preview://" + "a" * 200, "https://listed.example/a"],
)
async def test_an_address_of_ours_passes(address: str) -> None:
    """Without asking anybody: none of these servers exists."""
    reader = sources(previews_url="http://api.example/previews", origins=["https://listed.example"])
    reader.check_address(address)
    if not address.startswith(ASSET):
        await reader.verify(address)


def test_without_an_api_there_are_no_previews() -> None:
    """And a base address that is none is said at the start."""
    with pytest.raises(SourceError, match="token of a preview"):
        sources().check_address("preview://token")
    with pytest.raises(ValueError, match="'localhost:8000/previews' is not an address"):
        sources(previews_url="localhost:8000/previews")


async def test_a_preview_is_read_from_the_api() -> None:
    """From a base address that is trusted though it is private, with or without a slash at its end."""
    async with serving(web.get("/previews/token.1", answer())) as api:
        for base in (f"{api}/previews", f"{api}/previews/"):
            async with sources(previews_url=base) as reader:
                assert await reader.read("preview://token.1") == PHOTO


async def test_what_the_api_answers_otherwise() -> None:
    """Nothing there is a 404, a redirect is not followed, and what is too large is not read."""
    routes = [
        web.get("/moved", answer(302, Location="/photo")),
        web.get("/photo", answer()),
        web.get("/failed", answer(500, b"secret trouble")),
        web.get("/large", answer(body=bytes(LARGEST_BYTES + 1))),
    ]
    expected = {"gone": MissingError, "moved": StoreTroubleError, "failed": StoreTroubleError, "large": TooLargeError}
    async with serving(*routes) as api, sources(previews_url=api) as reader:
        for token, kind in expected.items():
            error = await failure(reader, f"preview://{token}")
            assert type(error) is kind
            assert "secret" not in str(error)


async def test_an_api_that_is_down_or_silent_is_said_so() -> None:
    """As trouble of the platform's own, and as a deadline."""
    async with door() as listener:
        closed = f"http://127.0.0.1:{listener.port}"
    async with sources(previews_url=closed) as reader:
        assert type(await failure(reader, "preview://token")) is StoreTroubleError
    async with raw(b"", stays=True) as api, sources(previews_url=api, seconds=0.1) as reader:
        assert type(await failure(reader, "preview://token")) is DeadlineError


async def test_a_connection_to_the_api_serves_nothing_else() -> None:
    """A listed origin at the API's own private address is refused, though a trusted connection to it is open."""
    routes = [web.get("/previews/token", answer()), web.get("/admin", answer(body=b"secret"))]
    async with serving(*routes) as api, sources(previews_url=f"{api}/previews", origins=[api]) as reader:
        assert await reader.read("preview://token") == PHOTO
        error = await failure(reader, f"{api}/admin")
        assert type(error) is SourceError
        assert await reader.read("preview://token") == PHOTO


async def test_a_picture_is_read_from_a_listed_origin() -> None:
    """Bit for bit, however it is encoded on the way."""
    routes = [
        web.get("/plain", answer()),
        web.get("/gzip", answer(body=gzip.compress(PHOTO), Content_Encoding="gzip")),
        web.get("/br", answer(body=brotli.compress(PHOTO), Content_Encoding="br")),
        web.get("/full", answer(body=bytes(LARGEST_BYTES))),
    ]
    async with reading(*routes) as (origin, reader):
        for path in ("plain", "gzip", "br"):
            assert await reader.read(f"{origin}/{path}") == PHOTO
        assert await reader.read(f"{origin}/full") == bytes(LARGEST_BYTES)


async def test_a_request_tells_next_to_nothing() -> None:
    """No cookie that an answer before it set, no credentials, no referrer, no version of anything."""
    seen: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        moved = {"Location": "/second"} if request.path == "/first" else {}
        status = 302 if moved else 200
        return web.Response(status=status, body=PHOTO, headers={"Set-Cookie": "session=secret; Path=/", **moved})

    async with serving(web.get("/{path}", handle)) as server:
        origin = server.replace("127.0.0.1", "localhost")  # cookies of bare addresses would be dropped anyway
        async with sources(origins=[origin], allowed_networks=LOOPBACK) as reader:
            assert await reader.read(f"{origin}/first") == PHOTO
            assert await reader.read(f"{origin}/second") == PHOTO
    assert len(seen) == 3
    for headers in seen:
        assert set(headers) == {"Host", "Accept", "Accept-Encoding", "User-Agent"}
        assert headers["User-Agent"] == "DisenoPro-images"


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect where the guard cannot look."""
    async with serving(web.get("/photo", answer())) as origin, door() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with sources(origins=[origin], allowed_networks=LOOPBACK) as reader:
            assert await reader.read(f"{origin}/photo") == PHOTO
        assert await proxy.came() == 0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, MissingError),
        (410, MissingError),
        (204, SourceTroubleError),
        (206, SourceTroubleError),
        (300, SourceTroubleError),
        (304, SourceTroubleError),
        (401, SourceTroubleError),
        (403, SourceTroubleError),
        (429, SourceTroubleError),
        (500, SourceTroubleError),
        (503, SourceTroubleError),
    ],
)
async def test_other_statuses_are_errors(status: int, kind: type[ImageError]) -> None:
    """Gone is gone, and all else is the server's trouble; neither its words nor the address are repeated."""
    async with reading(web.get("/photo", answer(status, b"secret words"))) as (origin, reader):
        error = await failure(reader, f"{origin}/photo?signature=secret")
    assert type(error) is kind
    assert "secret" not in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    """Relative ones and those to another listed origin; three at most."""
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(serving(web.get("/photo", answer())))
        routes = [
            web.get("/0", answer(status, Location="/1")),
            web.get("/1", answer(status, Location="2?a=b#c")),
            web.get("/2", answer(status, Location="./3")),
            web.get("/3", answer(status, Location=f"{other}/photo")),
        ]
        origin = await stack.enter_async_context(serving(*routes))
        reader = await stack.enter_async_context(sources(origins=[origin, other], allowed_networks=LOOPBACK))
        assert await reader.read(f"{origin}/1") == PHOTO
        error = await failure(reader, f"{origin}/0")
        assert type(error) is SourceTroubleError
        assert "more than 3 times" in str(error)


async def test_a_redirect_elsewhere_is_not_followed() -> None:
    """Not to an origin that is not listed, nor to what is no address of the web; nobody connects there."""
    async with door() as listener:
        elsewhere = f"http://127.0.0.1:{listener.port}/photo"
        for location in (
            elsewhere,
            "asset://acme/photo",
            "preview://token",
            "file:///etc/passwd",
            "http://[",
        ):
            async with reading(web.get("/photo", answer(302, Location=location))) as (origin, reader):
                error = await failure(reader, f"{origin}/photo")
            assert type(error) is SourceError
        assert await listener.came() == 0

"""The image worker over HTTP: its answers and their headers."""

from __future__ import annotations

import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from storage.assets import FolderAssetStore
from storage.image_links import ImageLinks
from storage.pictures import probe
from tests.images.samples import KEY, SALT, signed, source
from tests.images.stand import CHROME, NOW, Client, counted, path, serve, worker


async def test_a_picture_comes_with_its_headers(client: Client) -> None:
    """A negotiated AVIF: public for a year, tagged, varying, and guarded."""
    before = counted(200)
    response = await client.get(path("rs:fill:400:300"), Accept=CHROME)
    picture = probe(response.body)
    assert (response.status, picture.media_type, picture.width, picture.height) == (200, "image/avif", 400, 300)
    assert response.headers["Content-Type"] == "image/avif"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'"
    assert response.headers["ETag"].startswith('"')
    assert "Content-Disposition" not in response.headers
    assert counted(200) == before + 1


@pytest.mark.parametrize(
    ("accept", "name", "media_type"),
    [
        (CHROME, "photo", "image/avif"),
        ("image/webp,*/*", "photo", "image/webp"),
        ("*/*", "photo", "image/jpeg"),
        ("*/*", "alpha", "image/png"),
    ],
)
async def test_formats_are_negotiated(client: Client, accept: str, name: str, media_type: str) -> None:
    """Every answer of a URL without a format varies, the fallback too."""
    response = await client.get(path("w:300", name), Accept=accept)
    assert response.headers["Content-Type"] == media_type
    assert probe(response.body).media_type == media_type
    assert response.headers["Vary"] == "Accept"


async def test_a_named_format_does_not_vary(client: Client) -> None:
    """An extension or a format option fixes it."""
    for asked in (path("w:300", extension=".webp"), path("w:300/f:webp")):
        response = await client.get(asked, Accept="*/*")
        assert response.headers["Content-Type"] == "image/webp"
        assert "Vary" not in response.headers


async def test_links_of_the_platform_are_answered(client: Client) -> None:
    """What the API hands out works here."""
    url = ImageLinks("http://edge/images", KEY.hex(), SALT.hex()).url(
        "asset://acme/photo", width=300, height=300, format="webp"
    )
    response = await client.get(url.removeprefix("http://edge/images"))
    picture = probe(response.body)
    assert (picture.width, picture.height, picture.media_type) == (320, 320, "image/webp")


async def test_every_key_is_accepted_and_no_other(client: Client) -> None:
    """For rotation two pairs sign; a third does not."""
    rest = f"/w:50/{source('acme/photo')}"
    assert (await client.get(signed(rest, b"newer", b"salt"))).status == 200
    assert (await client.get(signed(rest))).status == 200
    assert (await client.get(signed(rest, b"older", b"salt"))).status == 403


async def test_a_conditional_request_costs_no_rendering(client: Client) -> None:
    """The tag is the same each time, differs between variants, and is answered by 304 with the same headers."""
    first = await client.get(path("w:300"), Accept=CHROME)
    tag = first.headers["ETag"]
    rendered = REGISTRY.get_sample_value("images_stage_seconds_count", {"stage": "render"})
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await client.get(path("w:300"), Accept=CHROME, If_None_Match=known)
        assert (again.status, again.body) == (304, b"")
        assert all(again.headers[name] == first.headers[name] for name in ("ETag", "Cache-Control", "Vary"))
    assert REGISTRY.get_sample_value("images_stage_seconds_count", {"stage": "render"}) == rendered
    for other, accept in ((path("w:301"), CHROME), (path("w:300"), "image/webp"), (path("w:300", "alpha"), CHROME)):
        response = await client.get(other, Accept=accept, If_None_Match=tag)
        assert response.status == 200
        assert response.headers["ETag"] != tag


async def test_head_tells_what_get_would(client: Client) -> None:
    """Same status, headers and length, and no body."""
    got, told = await client.get(path("w:200")), await client.get(path("w:200"), method="HEAD")
    assert told.status == 200
    assert told.body == b""
    assert told.headers["Content-Length"] == str(len(got.body))
    assert told.headers["ETag"] == got.headers["ETag"]


@pytest.mark.parametrize(
    ("expires", "age"), [(int(NOW) + 3600, 3600), (int(NOW) + 40_000_000, 31_536_000), (int(NOW) + 1, 1)]
)
async def test_an_expiry_caps_the_caching(client: Client, expires: int, age: int) -> None:
    """No cache keeps a picture longer than its URL lasts."""
    response = await client.get(path(f"w:50/exp:{expires}"))
    assert response.headers["Cache-Control"] == f"public, max-age={age}, immutable"


@pytest.mark.parametrize(
    ("options", "disposition"),
    [
        ("fn:kitchen", 'inline; filename="kitchen.jpg"'),
        ("fn:kitchen/att:1/f:png", 'attachment; filename="kitchen.png"'),
        ("att:1", 'attachment; filename="photo.jpg"'),
        ("fn:sal%C3%B3n", "inline; filename*=UTF-8''sal%C3%B3n.jpg"),
    ],
)
async def test_downloads_have_names(client: Client, options: str, disposition: str) -> None:
    """By `fn` and `att`, with the extension of what is sent."""
    response = await client.get(path(f"w:50/{options}"), Accept="*/*")
    assert response.headers["Content-Disposition"] == disposition


@pytest.mark.parametrize(
    ("asked", "status", "code", "words"),
    [
        ("/", 403, "bad_signature", "not signed"),
        (f"/insecure/{source('acme/photo')}", 403, "bad_signature", "not signed"),
        (path("w:300").replace("w:300", "w:301"), 403, "bad_signature", "changed"),
        (path("wide:300"), 404, "bad_option", "'wide' is not known"),
        (path("w:big"), 404, "bad_option", "'w' must be a whole number"),
        (path("w:300", extension=".bmp"), 404, "bad_option", "'extension' must be one of"),
        (signed("/w:300/plain/https://example.com/a.jpg"), 404, "bad_source", "not at an origin"),
        (path("w:300/exp:1799999999"), 404, "expired", "ask the API for a new one"),
        (path("w:300/exp:1800000000"), 404, "expired", "ask the API for a new one"),
        (path("w:300", "none"), 404, "missing", "no such original"),
        (path("w:300", "large"), 413, "too_large", "over 1048576 bytes"),
        (path("w:300", "bomb"), 413, "too_large", "4,294,836,225 pixels"),
        (path("rs:force:9000:9000:1"), 413, "too_large", "ask for a smaller size"),
        (path("w:300", "broken"), 422, "unusable", "broken or cut off"),
        (path("w:300", "text"), 422, "unusable", "not a JPEG"),
    ],
)
async def test_the_table_of_errors(client: Client, asked: str, status: int, code: str, words: str) -> None:
    """Each has its status and a body that names the problem, is kept by nobody, and shows nothing of the source."""
    before = counted(status)
    response = await client.get(asked)
    error = response.error
    assert (response.status, error["code"]) == (status, code)
    assert words in error["message"]
    assert b"secret" not in response.body
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "ETag" not in response.headers
    assert counted(status) == before + 1


async def test_a_tag_does_not_bring_back_what_is_gone(client: Client, store: FolderAssetStore) -> None:
    """A deleted original is missing, whatever the client remembers."""
    tag = (await client.get(path("w:50"))).headers["ETag"]
    await store.delete("acme/photo")
    assert (await client.get(path("w:50"), If_None_Match=tag)).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(client: Client, method: str) -> None:
    """Pictures are only read."""
    response = await client.get(path("w:50"), method=method)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.headers["Cache-Control"] == "no-store"


async def test_health_belongs_to_the_wrapper(store: FolderAssetStore) -> None:
    """Routes below `/health/` that the process adds are not taken for pictures; without them it is a plain 404."""

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="alive")

    app = worker(store)
    app.router.add_get("/health/live", live)
    async for client in serve(app):
        assert (await client.get("/health/live")).body == b"alive"
        assert (await client.get("/health/ready")).status == 404
        assert (await client.get("/healthy")).status == 403


@pytest.mark.parametrize("keys", [[], [(b"", b"salt")]])
def test_a_worker_without_a_key_does_not_start(store: FolderAssetStore, keys: list[tuple[bytes, bytes]]) -> None:
    """Anyone could sign with an empty key."""
    with pytest.raises(ValueError, match="IMGPROXY_KEY"):
        worker(store, keys=keys)

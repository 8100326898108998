"""Pictures at the edge, from a real image worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from edge.pictures import accepted, keepable
from storage.assets import FolderAssetStore
from tests.edge.stand import Stand, standing
from tests.images.stand import CHROME, PHOTO, Client, chunks, path, serve, worker
from workers.images import negotiate

KEY = "Asset:acme/photo"


@dataclass
class Gallery:
    """An edge before a worker, which is really asked by `asked` requests."""

    edge: Stand
    store: FolderAssetStore

    async def get(
        self, address: str, accept: str = CHROME, method: str = "GET", *, pulse: bool = True, **more: str
    ) -> tuple[int, str, bytes]:
        """Ask for a picture, of an edge that has just heard of the stream: (status, what it says of it, the bytes)."""
        if pulse:
            await self.edge.fresh()
        headers = {"Accept": accept, **{name.replace("_", "-"): value for name, value in more.items()}}
        async with self.edge.session.request(method, f"{self.edge.url}/images{address}", headers=headers) as response:
            self.headers = response.headers
            return response.status, response.headers["Cache-Status"].partition(";")[2], await response.read()


@pytest.fixture
async def gallery(redis_url: str, tmp_path: Path) -> AsyncIterator[Gallery]:
    """Give an edge that vouches for what it holds, and a worker with one photograph."""
    store = FolderAssetStore(tmp_path)
    await store.write("acme/photo", chunks(PHOTO), limit=len(PHOTO))
    async for images in serve(worker(store)):
        async with standing(redis_url.replace("/0", "/5")) as stand:
            stand.origin.other = _asking(images)
            yield Gallery(stand, store)


def _asking(images: Client) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Return an origin that has each request answered by the worker."""

    async def ask(request: web.BaseRequest) -> web.StreamResponse:
        headers = {"Accept": request.headers["Accept"]} if "Accept" in request.headers else {}
        answer = await images.get(request.raw_path, method=request.method, **headers)
        told = {n: v for n, v in answer.headers.items() if n not in {"Content-Length", "Date", "Server"}}
        return web.Response(status=answer.status, headers=told, body=answer.body)

    return ask


async def test_a_picture_is_made_once_and_answered_from_memory(gallery: Gallery) -> None:
    """With the worker's own headers but what is for caches, and its age; in one format for each class of clients."""
    address = path("w:300")
    missed = await gallery.get(address)
    assert (missed[0], missed[1]) == (200, " fwd=uri-miss; stored")
    told = gallery.headers
    hit = await gallery.get(address, "image/avif,image/webp,*/*")
    assert (hit[0], hit[2]) == (200, missed[2])
    assert hit[1].startswith(" hit; ttl=3153")
    assert gallery.headers["Cache-Control"] == told["Cache-Control"] == "public, max-age=31536000, immutable"
    for name in ("Content-Type", "ETag", "Vary", "X-Content-Type-Options", "Content-Security-Policy"):
        assert gallery.headers[name] == told[name]
    assert "Surrogate-Key" not in gallery.headers
    assert "Surrogate-Key" not in told
    assert gallery.headers["Age"] == "0"
    webp = await gallery.get(address, "image/webp")
    assert webp[1] == " fwd=uri-miss; stored"
    assert gallery.headers["Content-Type"] == "image/webp"
    assert len(gallery.edge.origin.requests) == 2


async def test_a_client_that_has_it_and_one_that_only_looks(gallery: Gallery) -> None:
    """304 by the tag, from memory; HEAD has the headers and no body."""
    address = path("w:300")
    await gallery.get(address)
    tag = gallery.headers["ETag"]
    assert (await gallery.get(address, If_None_Match=f'"other", {tag}'))[::2] == (304, b"")
    length = (await gallery.get(address))[2]
    assert (await gallery.get(address, method="HEAD"))[::2] == (200, b"")
    assert gallery.headers["Content-Length"] == str(len(length))
    assert len(gallery.edge.origin.requests) == 1


async def test_a_deleted_original_is_forgotten(gallery: Gallery) -> None:
    """As soon as the stream says so; what other originals made stays."""
    await gallery.store.copy("acme/photo", "acme/other")
    await gallery.get(path("w:300"))
    await gallery.get(path("w:300", "other"))
    await gallery.store.delete("acme/photo")
    await gallery.edge.publish(KEY)
    assert (await gallery.get(path("w:300")))[0] == 404
    assert (await gallery.get(path("w:300", "other")))[1].startswith(" hit")


@pytest.mark.parametrize("tag", ["*", "Asset"])
async def test_what_touches_everything_touches_pictures(gallery: Gallery, tag: str) -> None:
    """All of it, or all assets."""
    await gallery.get(path("w:300"))
    await gallery.edge.publish(tag)
    assert (await gallery.get(path("w:300")))[1] == " fwd=uri-miss; stored"


async def test_a_picture_that_was_deleted_while_it_was_fetched_is_not_kept(gallery: Gallery) -> None:
    """It goes to who asked, and to nobody after."""
    ask = gallery.edge.origin.other
    assert ask is not None

    async def deleted_meanwhile(request: web.BaseRequest) -> web.StreamResponse:
        answer = await ask(request)
        await gallery.edge.publish(KEY)
        return answer

    gallery.edge.origin.other = deleted_meanwhile
    assert (await gallery.get(path("w:300")))[0] == 200
    gallery.edge.origin.other = ask
    assert (await gallery.get(path("w:300")))[1].startswith(" fwd=uri-miss")


async def test_errors_are_not_kept(gallery: Gallery) -> None:
    """Neither those of signatures nor a picture that is missing, which may come."""
    address = path("w:300", "later")
    assert (await gallery.get(address))[:2] == (404, " fwd=bypass")
    assert (await gallery.get("/unsigned/w:1/x"))[:2] == (403, " fwd=bypass")
    await gallery.store.copy("acme/photo", "acme/later")
    assert (await gallery.get(address))[0] == 200


async def test_nothing_is_answered_from_memory_when_the_stream_is_silent(gallery: Gallery) -> None:
    """The worker knows what is deleted; the edge cannot."""
    await gallery.get(path("w:300"))
    gallery.edge.edge.coherence.lost()
    assert (await gallery.get(path("w:300"), pulse=False))[:2] == (200, " fwd=bypass")


async def test_an_address_ends(gallery: Gallery) -> None:
    """The worker answers once more, by its own clock."""
    await gallery.get(path("w:300"))
    clock = gallery.edge.edge.clock
    gallery.edge.edge.clock = lambda: clock() + 31_536_001
    assert (await gallery.get(path("w:300")))[1] == " fwd=uri-miss; stored"


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", "other"),
        ("*/*", "other"),
        ("image/*", "other"),
        ("image/webp", "webp"),
        ("IMAGE/AVIF , image/webp", "avif"),
        ("image/avif;q=0, image/webp;q=0.5", "webp"),
        ("image/webp; q=0.0", "other"),
        ("image/avif;q=0.01", "avif"),
    ],
)
def test_clients_fall_in_the_classes_of_the_worker(accept: str, found: str) -> None:
    """By the worker's own rule."""
    assert accepted(accept) == negotiate.accepted(accept) == found


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {"Cache-Control": "public, max-age=60, immutable"}, 60),
        (200, {"Cache-Control": "public, max-age=60, immutable", "Vary": "Accept"}, 60),
        (200, {"Cache-Control": "public, max-age=60, immutable", "Vary": "Cookie"}, 0),
        (200, {"Cache-Control": "public, max-age=60"}, 0),
        (200, {"Cache-Control": "private, max-age=60, immutable"}, 0),
        (200, {"Cache-Control": "public, immutable"}, 0),
        (200, {}, 0),
        (206, {"Cache-Control": "public, max-age=60, immutable"}, 0),
        (404, {"Cache-Control": "public, max-age=60, immutable"}, 0),
    ],
)
def test_only_what_never_changes_is_kept(status: int, headers: dict[str, str], seconds: int) -> None:
    """For as long as it says."""
    assert keepable(status, headers) == seconds

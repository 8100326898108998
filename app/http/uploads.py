"""Receiving pictures: `PUT /uploads/<token>`, straight to the asset store's staging area, and how far that has come."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web
from beanie import PydanticObjectId

from models.asset import UPLOAD_LIMIT, Upload
from models.entity import now
from resolvers.context import Services
from storage.assets import AssetMissingError, AssetStoreError, AssetTooLargeError
from storage.file_kinds import describe
from storage.pictures import sniff

_CHUNK = 256 * 1024
_SNIFFED = 1024
_UNCACHED = {"Cache-Control": "no-store"}
_NAMES = {"image/jpg": "image/jpeg"}  # common, and wrong


class _OtherTypeError(Exception):
    """The bytes are no picture, or another than was said; the message says what they are."""


def _error(status: int, message: str, code: str) -> web.Response:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return web.json_response(body, status=status, headers=_UNCACHED)


async def receive(request: web.Request, services: Services) -> web.Response:
    """Write a body to its staging key. Sending again replaces what was sent; 404 for a token that is not good.

    What is no picture is refused as soon as its first kilobyte is there.
    """
    upload = await _upload(request, services)
    if upload is None or upload.asset is not None:
        return _gone()
    if (request.content_length or 0) > UPLOAD_LIMIT:
        return _refusal(AssetTooLargeError())
    checked = _checked(request.content.iter_chunked(_CHUNK), (upload.media_type, _declared(request)))
    chunks = services.progress.told(str(upload.id), checked)
    try:
        stored = await services.assets.write(upload.key, chunks, limit=UPLOAD_LIMIT)
    except (_OtherTypeError, AssetTooLargeError, AssetStoreError, ConnectionResetError) as error:
        return _refusal(error)
    finally:
        await services.progress.ended(str(upload.id))
    latest = await Upload.get(upload.id)
    if latest is None or latest.asset is not None:  # completed meanwhile: nobody would come for these bytes
        await services.assets.delete(upload.key)
        return _gone()
    return web.json_response({"bytes": stored.size, "sha256": stored.sha256}, headers=_UNCACHED)


async def progress(request: web.Request, services: Services) -> web.Response:
    """Say how far an upload is: `waiting`, `receiving`, `received` or `completed`, and how many bytes there are."""
    upload = await _upload(request, services)
    if upload is None:
        return _error(404, "This upload is unknown or expired; create another.", "NOT_FOUND")
    state, size = "waiting", 0
    if upload.asset is not None:
        state, size = "completed", upload.byte_size
    elif received := await services.progress.received(str(upload.id)):
        state, size = "receiving", received
    else:
        try:
            state, size = "received", await services.assets.size(upload.key)
        except AssetMissingError:
            state = "waiting"
        except AssetStoreError as error:
            return _error(503, f"The asset store does not answer: {error}", "UNAVAILABLE")
    return web.json_response({"state": state, "bytes": size}, headers=_UNCACHED)


async def _upload(request: web.Request, services: Services) -> Upload | None:
    token = services.keys.verified("upload", request.match_info["token"])
    upload = await Upload.get(PydanticObjectId(token)) if token else None
    return None if upload is None or upload.expires_at <= now() else upload


def _refusal(error: Exception) -> web.Response:
    """Say why nothing was kept."""
    match error:
        case _OtherTypeError():
            return _error(415, str(error), "UNSUPPORTED_MEDIA_TYPE")
        case AssetTooLargeError():
            return _error(413, f"A picture has at most {UPLOAD_LIMIT} bytes.", "TOO_LARGE")
        case AssetStoreError():
            return _error(507, f"The picture could not be kept: {error}", "UNAVAILABLE")
        case _:  # the sender is gone: nobody reads this, and it is not to be logged as a fault of ours
            return _error(400, "The upload broke off; send it again.", "BAD_REQUEST")


def _gone() -> web.Response:
    return _error(404, "This upload is unknown, expired or completed; create another.", "NOT_FOUND")


def _declared(request: web.Request) -> str | None:
    """Return the type of picture that the request says it sends; None where it says nothing of a picture."""
    declared = request.content_type.lower()
    return _NAMES.get(declared, declared) if declared.startswith("image/") else None


async def _checked(chunks: AsyncIterator[bytes], declared: tuple[str | None, ...]) -> AsyncIterator[bytes]:
    """Pass the chunks on; raises _OtherTypeError when the first of them are no picture of the types declared."""
    head = b""
    async for chunk in chunks:
        if len(head) >= _SNIFFED:
            yield chunk
            continue
        head += chunk
        if len(head) >= _SNIFFED:
            _check(head, declared)
            yield head
    if len(head) < _SNIFFED:
        _check(head, declared)
        yield head


def _check(head: bytes, declared: tuple[str | None, ...]) -> None:
    found = sniff(head)
    if found is None:
        raise _OtherTypeError(f"The file is not a JPEG, PNG, WebP, AVIF or GIF picture; it is {describe(head)}.")
    for said in declared:
        if said not in {None, found}:
            raise _OtherTypeError(f"The file is said to be {str(said)[:40]!r}, but is {found!r}.")

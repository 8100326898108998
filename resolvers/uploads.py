"""Uploads, from the permission to the picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from auth.permissions import Permission
from models.asset import UPLOAD_LIMIT, Asset, Upload
from models.entity import now
from models.errors import InvalidInputError, NotFoundError
from models.project import Point, Project
from resolvers.context import Info, Services, permitted
from schema.asset import CreateAssetUploadInput
from storage import pictures
from storage.assets import AssetMissingError, AssetStore, PresignedUploads
from storage.position import position

_LIFETIME = timedelta(hours=1)
_ANY_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class _Sent:
    """What is known of an upload's bytes: their hash, their number, and where the photograph was taken."""

    sha256: str
    size: int
    place: Point | None


async def permit(info: Info, organization: PydanticObjectId, wanted: CreateAssetUploadInput) -> Upload:
    """Make the permission for an upload, not yet stored; a project that it locates must be the organization's."""
    locates = None
    if wanted.locates_project_id is not None:
        path = ("input", "locatesProjectId")
        project = await permitted(info, Project, wanted.locates_project_id, Permission.EDIT, path=path)
        if project.organization != organization:
            raise InvalidInputError("locatesProjectId: the project belongs to another organization.", path=path)
        locates = project.id
    return Upload.make(
        organization=organization,
        user=info.context.viewer.require_user(),
        expires_at=now() + _LIFETIME,
        sha256=wanted.sha256,
        media_type=None if wanted.media_type == _ANY_TYPE else wanted.media_type,
        keep_location=wanted.keep_location,
        locates=locates,
    )


async def address(services: Services, upload: Upload) -> str:
    """Return where the bytes are sent: straight to the store where it takes them, else to this API."""
    if isinstance(services.assets, PresignedUploads):
        return await services.assets.presigned_put(upload.key, seconds=int(_LIFETIME.total_seconds()))
    return own_address(services, upload)


def own_address(services: Services, upload: Upload) -> str:
    """Return the upload's address at this API, which tells how far it is."""
    return f"{services.public_url}/uploads/{services.keys.sign('upload', str(upload.id))}"


async def shortcut(services: Services, upload: Upload) -> Asset | None:
    """Complete a stored upload without its bytes, where they are known; None where they must be sent.

    So they must where a location is wanted and not known: it is in what was sent, and not in what was kept of it.
    """
    if upload.sha256 is None:
        return None
    asset = await _known(upload, upload.sha256)
    if asset is None or (upload.wants_place and asset.location is None):
        return None
    return await _record(services, upload, asset, _Sent(upload.sha256, 0, asset.location))


async def complete(services: Services, upload: Upload) -> Asset:
    """Return the picture that an upload has become, or becomes now; raises InvalidInputError or NotFoundError."""
    if upload.asset is None:
        try:
            return await _complete(services, upload, await _bytes(services.assets, upload))
        except AssetMissingError as error:
            latest = await Upload.get(upload.id)  # another request may have completed it meanwhile
            if latest is None or latest.asset is None:
                raise InvalidInputError("id: nothing was uploaded yet; PUT the bytes first.", path=("id",)) from error
            upload = latest
    known = await Asset.get(upload.asset) if upload.asset else None
    if known is None:
        raise NotFoundError("Upload", path=("id",))
    return known


async def _bytes(store: AssetStore, upload: Upload) -> bytes:
    """Read what was sent, unless it is too much: an address of the store's own takes anything."""
    size = await store.size(upload.key)
    if size > UPLOAD_LIMIT:
        await store.delete(upload.key)
        raise InvalidInputError(
            f"id: {size} bytes were sent; a picture has at most {UPLOAD_LIMIT} bytes.", path=("id",)
        )
    return await store.read(upload.key)


async def _complete(services: Services, upload: Upload, data: bytes) -> Asset:
    """Make the picture of the bytes, unless they are known, and note what the upload has become."""
    digest = await asyncio.to_thread(_digest, data)
    if upload.sha256 not in {None, digest}:
        raise InvalidInputError("id: the bytes have another SHA-256 than was announced; send them again.", path=("id",))
    try:
        asset = await _known(upload, digest)
        if asset is None:
            asset = await _keep(services, *await asyncio.to_thread(_examine, upload, data, digest))
        place = await asyncio.to_thread(position, data) if upload.wants_place else None
    except pictures.PictureError as error:
        raise InvalidInputError(f"id: {error}", path=("id",)) from error
    sent = _Sent(digest, len(data), None if place is None else Point(coordinates=place))
    recorded = await _record(services, upload, asset, sent)
    if recorded is None:
        raise NotFoundError("Upload", path=("id",))
    await services.assets.delete(upload.key)
    return recorded


async def _known(upload: Upload, digest: str) -> Asset | None:
    """Return the organization's picture that was made of these bytes, or is kept as they are."""
    of = {"organization": upload.organization}
    asset = await Asset.find_one({"$or": [{**of, "source_hash": digest}, {**of, "content_hash": digest}]})
    return None if asset is None or upload.media_type not in {None, asset.media_type} else asset


def _examine(upload: Upload, data: bytes, digest: str) -> tuple[Asset, bytes]:
    """Return what an upload is, and the bytes to keep; raises PictureError. Costs CPU."""
    found = pictures.probe(data).media_type
    if upload.media_type not in {None, found}:
        raise pictures.NotAPictureError(f"The file is said to be {upload.media_type!s}, but is {found}.")
    kept = pictures.normalise(data)
    picture = pictures.probe(kept)
    x, y = pictures.focus(kept)
    asset = Asset.make(
        organization=upload.organization,
        content_hash=_digest(kept),
        source_hash=digest,
        media_type=picture.media_type,
        byte_size=len(kept),
        width=picture.width,
        height=picture.height,
        placeholder=pictures.placeholder(kept),
        dominant_color=pictures.dominant_colour(kept),
        focus={"x": x, "y": y},
    )
    return asset, kept


async def _keep(services: Services, asset: Asset, data: bytes) -> Asset:
    """Write the original, then its document; the same content again is the same picture."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    await services.assets.write(asset.key, chunks(), limit=len(data))
    try:
        await asset.insert()
    except DuplicateKeyError:
        known = await Asset.find_one({"organization": asset.organization, "content_hash": asset.content_hash})
        if known is None:
            raise
        return known
    return asset


async def _record(services: Services, upload: Upload, asset: Asset, sent: _Sent) -> Asset | None:
    """Note what an upload has become, in one transaction; None where the picture was deleted meanwhile.

    What is known of a picture or a project already stays.
    """

    async def record(session: AsyncClientSession) -> Asset | None:
        found = await Asset.get(asset.id, session=session)
        if found is None:
            return None
        changes: dict[str, Any] = {}
        if found.source_hash is None:
            changes["source_hash"] = sent.sha256
        if upload.keep_location and found.location is None and sent.place is not None:
            changes["location"] = sent.place
        if changes:
            found.change(**changes)
            await found.save(session=session)
        if upload.locates is not None and sent.place is not None:
            await _locate(upload.locates, sent.place, session)
        became = {"$set": {"asset": found.id, "byte_size": sent.size}}
        await Upload.find_one({"_id": upload.id}, session=session).update(became, session=session)
        return found

    return await services.database.transaction(record)


async def _locate(project: PydanticObjectId, place: Point, session: AsyncClientSession) -> None:
    """Say of a project that has no location that it lies there."""
    found = await Project.get(project, session=session)
    if found is not None and found.location is None:
        found.change(location=place)
        await found.save(session=session)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()

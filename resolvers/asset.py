"""Pictures: uploading, describing, deleting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import strawberry
from pymongo.errors import DuplicateKeyError

import models.asset
import models.organization
from auth.permissions import Permission
from models.asset import UPLOAD_LIMIT, Upload
from models.entity import now
from models.errors import InvalidInputError, NotFoundError
from resolvers.context import Info, Services, given, mutation, permitted
from schema import ids
from schema.asset import (
    AssetResult,
    AssetUpload,
    CreateAssetUploadInput,
    CreateAssetUploadResult,
    UpdateAssetInput,
)
from schema.deleted import Deleted, DeleteResult
from schema.node import show
from storage import pictures
from storage.assets import AssetMissingError

_UPLOAD_LIFETIME = timedelta(hours=1)


@strawberry.type
class AssetMutations:
    """Mutations of pictures."""

    @mutation("Get a place to upload a picture to.")
    async def create_asset_upload(
        self,
        info: Info,
        input: CreateAssetUploadInput,  # noqa: A002 - Relay's word
    ) -> CreateAssetUploadResult:
        """Permit one upload."""
        organization = await permitted(
            info,
            models.organization.Organization,
            input.organization_id,
            Permission.EDIT,
            path=("input", "organizationId"),
        )
        upload = Upload(
            organization=organization.id,
            user=info.context.viewer.require_user(),
            expires_at=now() + _UPLOAD_LIFETIME,
        )
        await upload.insert()
        services = info.context.services
        token = services.keys.sign("upload", str(upload.id))
        return AssetUpload(
            id=ids.encode("Upload", upload.id),
            url=f"{services.public_url}/uploads/{token}",
            expires_at=upload.expires_at,
            max_bytes=UPLOAD_LIMIT,
        )

    @mutation("Turn uploaded bytes into a picture of the organization; asking again gets the same picture.")
    async def complete_asset_upload(self, info: Info, id: strawberry.ID) -> AssetResult:  # noqa: A002
        """Check what was uploaded, and keep it under its content's hash."""
        services = info.context.services
        upload = await permitted(info, Upload, id, Permission.EDIT, path=("id",))
        data = b""
        if upload.asset is None:
            try:
                data = await services.assets.read(upload.key)
            except AssetMissingError as error:
                latest = await Upload.get(upload.id)  # another request may have completed it meanwhile
                if latest is None or latest.asset is None:
                    raise InvalidInputError(
                        "id: nothing was uploaded yet; PUT the bytes first.", path=("id",)
                    ) from error
                upload = latest
        if upload.asset is not None:
            known = await models.asset.Asset.get(upload.asset)
            if known is None:
                raise NotFoundError("Upload", path=("id",))
            return _shown(known)
        try:
            asset = await asyncio.to_thread(_examine, upload, data)
        except pictures.PictureError as error:
            raise InvalidInputError(f"id: {error}", path=("id",)) from error
        return _shown(await _keep(services, upload, asset))

    @mutation("Describe a picture, or say what must stay in sight.")
    async def update_asset(self, info: Info, input: UpdateAssetInput) -> AssetResult:  # noqa: A002
        """Change an asset."""

        async def update(session: Any) -> models.asset.Asset:
            asset = await permitted(info, models.asset.Asset, input.id, Permission.EDIT, session)
            changes = given(input, "alt")
            if input.focus:
                changes["focus"] = {"x": input.focus.x, "y": input.focus.y}
            asset.change(**changes)
            await asset.save(session=session)
            return asset

        return _shown(await info.context.services.database.transaction(update))

    @mutation("Delete a picture; covers that showed it are empty from now on.")
    async def delete_asset(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete an asset, then its original."""
        asset = await permitted(info, models.asset.Asset, id, Permission.DELETE, path=("id",))
        await asset.delete()
        await info.context.services.assets.delete(asset.key)
        return Deleted(id=id)


def _shown(asset: models.asset.Asset) -> AssetResult:
    shown: AssetResult = show(asset)
    return shown


def _examine(upload: Upload, data: bytes) -> tuple[models.asset.Asset, bytes]:
    """Return what an upload is, and the bytes to keep; raises PictureError. Costs CPU."""
    kept = pictures.normalise(data)
    picture = pictures.probe(kept)
    asset = models.asset.Asset.make(
        organization=upload.organization,
        content_hash=sha256(kept).hexdigest(),
        media_type=picture.media_type,
        byte_size=len(kept),
        width=picture.width,
        height=picture.height,
        placeholder=pictures.placeholder(kept),
        dominant_color=pictures.dominant_colour(kept),
    )
    return asset, kept


async def _keep(services: Services, upload: Upload, examined: tuple[models.asset.Asset, bytes]) -> models.asset.Asset:
    """Write the original, then its document; the same content again is the same picture."""
    asset, data = examined

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    await services.assets.write(asset.key, chunks(), limit=len(data))
    try:
        await asset.insert()
    except DuplicateKeyError:
        known = await models.asset.Asset.find_one(
            {"organization": asset.organization, "content_hash": asset.content_hash}
        )
        if known is None:
            raise
        asset = known
    upload.asset = asset.id
    await upload.save()
    await services.assets.delete(upload.key)
    return asset

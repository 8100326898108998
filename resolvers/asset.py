"""Pictures: uploading, describing, deleting."""

from __future__ import annotations

from typing import Any

import strawberry

import models.asset
import models.organization
from auth.permissions import Permission
from models.asset import UPLOAD_LIMIT, Upload
from models.audit import AuditAction
from models.purge import purge
from resolvers import uploads
from resolvers.auditing import audit
from resolvers.context import Info, given, mutation, permitted
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
        services = info.context.services
        upload = await uploads.permit(info, organization.id, input)
        await upload.insert()
        return AssetUpload(
            id=ids.encode("Upload", upload.id),
            url=await uploads.address(services, upload),
            progress_url=uploads.own_address(services, upload),
            expires_at=upload.expires_at,
            max_bytes=UPLOAD_LIMIT,
            asset=show(await uploads.shortcut(services, upload)),
        )

    @mutation("Turn uploaded bytes into a picture of the organization; asking again gets the same picture.")
    async def complete_asset_upload(self, info: Info, id: strawberry.ID) -> AssetResult:  # noqa: A002
        """Check what was uploaded, and keep it under its content's hash."""
        services = info.context.services
        upload = await permitted(info, Upload, id, Permission.EDIT, path=("id",))
        asset = await uploads.complete(services, upload)
        await services.warming.add(asset)
        return _shown(asset)

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

        asset = await info.context.services.database.transaction(update)
        if input.focus:
            await info.context.services.warming.add(asset)  # other parts of it are cut out now
        return _shown(asset)

    @mutation("Delete a picture; covers that showed it are empty from now on.")
    async def delete_asset(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete an asset, then its original; then nothing that was made of it is to be found in caches."""

        async def delete(session: Any) -> models.asset.Asset:
            asset = await permitted(info, models.asset.Asset, id, Permission.DELETE, session, path=("id",))
            await asset.delete(session=session)
            await audit(info.context, session, AuditAction.ASSET_DELETED, asset, organization=asset.organization)
            return asset

        asset = await info.context.services.database.transaction(delete)
        await info.context.services.assets.delete(asset.key)
        await purge(info.context.services.database, [f"Asset:{asset.key}"])
        return Deleted(id=id)


def _shown(asset: models.asset.Asset) -> AssetResult:
    shown: AssetResult = show(asset)
    return shown

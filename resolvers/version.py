"""Saving versions of a design, and going back to them."""

from __future__ import annotations

from typing import Any

import strawberry

import models.design
import models.version
from auth.permissions import Permission
from models.audit import AuditAction
from models.batch import Batch
from models.element import Element
from resolvers.auditing import audit
from resolvers.context import Info, mutation, permitted
from resolvers.element import append, author, editing
from schema import ids
from schema.deleted import Deleted, DeleteResult
from schema.element import ApplyDesignEditsResult
from schema.node import show
from schema.version import SaveVersionInput, SaveVersionResult


@strawberry.type
class VersionMutations:
    """Mutations of versions."""

    @mutation("Keep a design's canvas as it is now, under a name.")
    async def save_version(self, info: Info, input: SaveVersionInput) -> SaveVersionResult:  # noqa: A002 - Relay's word
        """Save a version."""
        user = info.context.viewer.require_user()

        async def save(session: Any) -> models.version.DesignVersion:
            path = ("input", "designId")
            design = await permitted(info, models.design.Design, input.design_id, Permission.EDIT, session, path=path)
            elements = await Element.living(design.id, session)
            return await models.version.save(design, input.name, user, elements, session)

        found: SaveVersionResult = show(await info.context.services.database.transaction(save))
        return found

    @mutation(
        "Have a design's canvas as it was in a version, by one more batch of edits: nothing that came since is lost. "
        "What the canvas is now is saved as a version first."
    )
    async def restore_version(
        self, info: Info, design_id: strawberry.ID, batch_id: strawberry.ID, version_id: strawberry.ID
    ) -> ApplyDesignEditsResult:
        """Append the edits that lead back to a version."""
        user = author(info)
        version = ids.key(version_id, "DesignVersion", path=("versionId",))
        batch = Batch(id=batch_id, author=user, judge=editing(info), restores=version)
        return await append(info, design_id, batch)

    @mutation("Delete a version of one's own; admins may delete anybody's.")
    async def delete_version(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete a version."""

        async def delete(session: Any) -> None:
            path = ("id",)
            version = await permitted(info, models.version.DesignVersion, id, Permission.EDIT, session, path=path)
            if version.author != info.context.viewer.user:
                info.context.viewer.require(Permission.DELETE, version.organization, "DesignVersion", path=path)
            await models.version.VersionChunk.find({"version": version.id}, session=session).delete(session=session)
            await version.delete(session=session)
            of, design = version.organization, str(version.design)
            await audit(
                info.context, session, AuditAction.DESIGN_VERSION_DELETED, version, organization=of, design=design
            )

        await info.context.services.database.transaction(delete)
        return Deleted(id=id)

"""The life of a design, and likes."""

from __future__ import annotations

from typing import Any

import strawberry
from beanie import SortDirection

import models.design
import models.project
from auth.permissions import Permission
from models.design import Like
from models.entity import now
from models.errors import NotFoundError
from resolvers.context import Info, given, mutation, permitted
from resolvers.project import cover, delete_designs, sweep_designs
from schema import ids
from schema.deleted import Deleted, DeleteResult
from schema.design import CreateDesignInput, DesignResult, LikeResult, UpdateDesignInput
from schema.node import show


async def renew_showcase(project: Any, session: Any) -> None:
    """Set when a project's newest published design was published, which orders the gallery."""
    newest = await models.design.Design.find(
        {"project": project, "published_at": {"$ne": None}},
        sort=[("published_at", SortDirection.DESCENDING)],
        limit=1,
        session=session,
    ).to_list()
    await models.project.Project.find({"_id": project}, session=session).update(
        {"$set": {"showcased_at": newest[0].published_at if newest else None}}, session=session
    )


async def _like(info: Info, global_id: str, *, active: bool) -> LikeResult:
    """Remember whether the viewer likes a design that they may see."""
    viewer = info.context.viewer
    user = viewer.require_user()
    design = await models.design.Design.get(ids.key(global_id, "Design"))
    if design is None or not (design.public or design.organization in viewer.roles):
        raise NotFoundError("Design", path=("id",))
    await Like.get_pymongo_collection().update_one(
        {"design": design.id, "user": user},
        {"$set": {"active": active, "pending": True}, "$setOnInsert": {"created_at": now()}},
        upsert=True,
    )
    found: LikeResult = show(design)
    return found


@strawberry.type
class DesignMutations:
    """Mutations of designs and likes."""

    @mutation("Begin a design, with an empty canvas.")
    async def create_design(self, info: Info, input: CreateDesignInput) -> DesignResult:  # noqa: A002 - Relay's word
        """Create a design."""

        async def create(session: Any) -> models.design.Design:
            project = await permitted(
                info, models.project.Project, input.project_id, Permission.EDIT, session, path=("input", "projectId")
            )
            design = models.design.Design.make(
                project=project.id,
                organization=project.organization,
                author=info.context.viewer.require_user(),
                project_public=project.public,
                **given(input, "title", "room", "style"),
            )
            await design.insert(session=session)
            return design

        found: DesignResult = show(await info.context.services.database.transaction(create))
        return found

    @mutation("Change what a design says.")
    async def update_design(self, info: Info, input: UpdateDesignInput) -> DesignResult:  # noqa: A002
        """Change a design."""

        async def update(session: Any) -> models.design.Design:
            design = await permitted(info, models.design.Design, input.id, Permission.EDIT, session)
            changes = given(input, "title", "room", "style")
            if input.cover_id is not strawberry.UNSET:
                changes["cover"] = await cover(info, input.cover_id, design.organization, session)
            design.change(**changes)
            await design.save(session=session)
            return design

        found: DesignResult = show(await info.context.services.database.transaction(update))
        return found

    @mutation("Show a design to everybody, once its project is public.")
    async def publish_design(self, info: Info, id: strawberry.ID) -> DesignResult:  # noqa: A002
        """Publish a design; one that is published stays as it is."""
        return await _publish(info, id, published=True)

    @mutation("Show a design to its organization only.")
    async def unpublish_design(self, info: Info, id: strawberry.ID) -> DesignResult:  # noqa: A002
        """Take a design back."""
        return await _publish(info, id, published=False)

    @mutation("Delete a design, with its canvas and its comments.")
    async def delete_design(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete a design."""
        designs: list[Any] = []

        async def delete(session: Any) -> None:
            design = await permitted(info, models.design.Design, id, Permission.DELETE, session, path=("id",))
            designs[:] = [design.id]
            await delete_designs(designs, session)
            await renew_showcase(design.project, session)

        await info.context.services.database.transaction(delete)
        await sweep_designs(info, designs)
        return Deleted(id=id)

    @mutation("Like a design.")
    async def like_design(self, info: Info, id: strawberry.ID) -> LikeResult:  # noqa: A002
        """Like; liking twice is liking once."""
        return await _like(info, id, active=True)

    @mutation("Like a design no longer.")
    async def unlike_design(self, info: Info, id: strawberry.ID) -> LikeResult:  # noqa: A002
        """Take a like back."""
        return await _like(info, id, active=False)


async def _publish(info: Info, global_id: str, *, published: bool) -> DesignResult:
    async def publish(session: Any) -> models.design.Design:
        design = await permitted(info, models.design.Design, global_id, Permission.PUBLISH, session, path=("id",))
        if published != (design.published_at is not None):
            # Beginning a design may overlap with a change of the project's visibility, so the copy is made anew here.
            # This cannot: `renew_showcase` writes to the project.
            project = await models.project.Project.get(design.project, session=session)
            design.project_public = project is not None and project.public
            design.published_at = now() if published else None
            await design.save(session=session)
            await renew_showcase(design.project, session)
        return design

    found: DesignResult = show(await info.context.services.database.transaction(publish))
    return found

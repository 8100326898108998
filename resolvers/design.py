"""The life of a design, and likes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import strawberry
from beanie import PydanticObjectId, SortDirection

import models.design
import models.project
from auth.permissions import Permission
from models.audit import AuditAction
from models.design import Like
from models.entity import now
from models.errors import NotFoundError
from resolvers.auditing import audit
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


async def begin(
    info: Info, input_: CreateDesignInput, session: Any, id_: PydanticObjectId | None = None
) -> models.design.Design:
    """Create a design, with an id of the client's if it gives one."""
    path = ("input", "projectId")
    project = await permitted(info, models.project.Project, input_.project_id, Permission.EDIT, session, path=path)
    design = models.design.Design.make(
        id=id_ or PydanticObjectId(),
        project=project.id,
        organization=project.organization,
        author=info.context.viewer.require_user(),
        project_public=project.public,
        **given(input_, "title", "room", "style"),
    )
    await design.insert(session=session)
    return design


async def update(info: Info, input_: UpdateDesignInput, session: Any) -> models.design.Design:
    """Change what a design says."""
    design = await permitted(info, models.design.Design, input_.id, Permission.EDIT, session)
    changes = given(input_, "title", "room", "style")
    if input_.cover_id is not strawberry.UNSET:
        changes["cover"] = await cover(info, input_.cover_id, design.organization, session)
    design.change(**changes)
    await design.save(session=session)
    return design


async def publish(info: Info, global_id: str, session: Any, *, published: bool) -> models.design.Design:
    """Show a design to everybody, or take it back."""
    design = await permitted(info, models.design.Design, global_id, Permission.PUBLISH, session, path=("id",))
    if published != (design.published_at is not None):
        # Beginning a design may overlap with a change of the project's visibility, so the copy is made anew here.
        # This cannot: `renew_showcase` writes to the project.
        project = await models.project.Project.get(design.project, session=session)
        design.project_public = project is not None and project.public
        design.published_at = now() if published else None
        await design.save(session=session)
        await renew_showcase(design.project, session)
        action = AuditAction.DESIGN_PUBLISHED if published else AuditAction.DESIGN_UNPUBLISHED
        await _audited(info, session, action, design)
    return design


async def _audited(info: Info, session: Any, action: AuditAction, design: models.design.Design) -> None:
    """Write what is done to a design, and in which project."""
    await audit(info.context, session, action, design, organization=design.organization, project=str(design.project))


async def remove(info: Info, global_id: str, session: Any) -> list[PydanticObjectId]:
    """Delete a design and what is about it; return the designs that are to be swept then: this one."""
    design = await permitted(info, models.design.Design, global_id, Permission.DELETE, session, path=("id",))
    await delete_designs([design.id], session)
    await renew_showcase(design.project, session)
    await _audited(info, session, AuditAction.DESIGN_DELETED, design)
    return [design.id]


@strawberry.type
class DesignMutations:
    """Mutations of designs and likes."""

    @mutation("Begin a design, with an empty canvas.")
    async def create_design(self, info: Info, input: CreateDesignInput) -> DesignResult:  # noqa: A002 - Relay's word
        """Create a design."""
        return await _done(info, partial(begin, info, input))

    @mutation("Change what a design says.")
    async def update_design(self, info: Info, input: UpdateDesignInput) -> DesignResult:  # noqa: A002
        """Change a design."""
        return await _done(info, partial(update, info, input))

    @mutation("Show a design to everybody, once its project is public.")
    async def publish_design(self, info: Info, id: strawberry.ID) -> DesignResult:  # noqa: A002
        """Publish a design; one that is published stays as it is."""
        return await _done(info, partial(publish, info, id, published=True))

    @mutation("Show a design to its organization only.")
    async def unpublish_design(self, info: Info, id: strawberry.ID) -> DesignResult:  # noqa: A002
        """Take a design back."""
        return await _done(info, partial(publish, info, id, published=False))

    @mutation("Delete a design, with its canvas and its comments.")
    async def delete_design(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete a design."""
        await sweep_designs(info, await info.context.services.database.transaction(partial(remove, info, id)))
        return Deleted(id=id)

    @mutation("Like a design.")
    async def like_design(self, info: Info, id: strawberry.ID) -> LikeResult:  # noqa: A002
        """Like; liking twice is liking once."""
        return await _like(info, id, active=True)

    @mutation("Like a design no longer.")
    async def unlike_design(self, info: Info, id: strawberry.ID) -> LikeResult:  # noqa: A002
        """Take a like back."""
        return await _like(info, id, active=False)


async def _done(info: Info, work: Callable[[Any], Awaitable[models.design.Design]]) -> DesignResult:
    """Show the design that a transaction changed."""
    found: DesignResult = show(await info.context.services.database.transaction(work))
    return found

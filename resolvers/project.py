"""The life of a project."""

from __future__ import annotations

from functools import partial
from typing import Any

import strawberry
from beanie import PydanticObjectId

import models.asset
import models.organization
import models.project
from auth.permissions import Permission
from models.audit import AuditAction
from models.comment import Comment, Mention
from models.design import Design, Like
from models.element import DesignEdit, Element
from models.entity import now
from models.errors import InvalidInputError
from models.project import make_slug
from models.version import DesignVersion, VersionChunk
from resolvers.auditing import audit
from resolvers.context import Info, given, mutation, permitted
from schema.deleted import Deleted, DeleteResult
from schema.node import show
from schema.project import (
    AddressInput,
    CreateProjectInput,
    LocationInput,
    MoneyInput,
    ProjectResult,
    ShowProjectInput,
    UpdateProjectInput,
)

_PLAIN = ("title", "kind", "description", "style", "area_m2", "rooms")


def _stored(value: Any) -> Any:
    """Return an input's part as the document keeps it."""
    match value:
        case AddressInput():
            return {
                "street": value.street,
                "postal_code": value.postal_code,
                "city": value.city,
                "country": value.country,
            }
        case LocationInput():
            return {"coordinates": (value.longitude, value.latitude)}
        case MoneyInput():
            return {"amount": int(value.amount), "currency": value.currency}
        case _:
            return value


async def cover(info: Info, global_id: str | None, organization: Any, session: Any) -> Any:
    """Return the id of a picture of the same organization, None to have no cover."""
    if global_id is None:
        return None
    path = ("input", "coverId")
    asset = await permitted(info, models.asset.Asset, global_id, Permission.READ, session, path=path)
    if asset.organization != organization:
        raise InvalidInputError("coverId: the picture belongs to another organization.", path=path)
    return asset.id


async def begin(
    info: Info, input_: CreateProjectInput, session: Any = None, id_: PydanticObjectId | None = None
) -> models.project.Project:
    """Create a project, with an id of the client's if it gives one."""
    path = ("input", "organizationId")
    kind = models.organization.Organization
    organization = await permitted(info, kind, input_.organization_id, Permission.EDIT, session, path=path)
    project = models.project.Project.make(
        id=id_ or PydanticObjectId(),
        organization=organization.id,
        owner=info.context.viewer.require_user(),
        slug=make_slug(input_.title),
        **given(input_, *_PLAIN),
        **{name: _stored(getattr(input_, name)) for name in ("address", "location", "price")},
    )
    await project.insert(session=session)
    return project


async def update(info: Info, input_: UpdateProjectInput, session: Any) -> models.project.Project:
    """Change what a project says."""
    project = await permitted(info, models.project.Project, input_.id, Permission.EDIT, session)
    changes = given(input_, *_PLAIN)
    changes |= {name: _stored(value) for name, value in given(input_, "address", "location", "price").items()}
    if input_.cover_id is not strawberry.UNSET:
        changes["cover"] = await cover(info, input_.cover_id, project.organization, session)
    project.change(**changes)
    await project.save(session=session)
    return project


async def expose(info: Info, input_: ShowProjectInput, session: Any) -> models.project.Project:
    """Change a project's visibility and status, and its designs' copy of it."""
    project = await permitted(info, models.project.Project, input_.id, Permission.PUBLISH, session)
    was_public = project.public
    project.show(input_.visibility, input_.status, now())
    await project.save(session=session)
    if project.public != was_public:
        await Design.find({"project": project.id}, session=session).update(
            {"$set": {"project_public": project.public}}, session=session
        )
        action = AuditAction.PROJECT_PUBLISHED if project.public else AuditAction.PROJECT_UNPUBLISHED
        await audit(
            info.context,
            session,
            action,
            project,
            organization=project.organization,
            visibility=project.visibility.value,
            status=project.status.value,
        )
    return project


async def remove(info: Info, global_id: str, session: Any) -> list[PydanticObjectId]:
    """Delete a project and what is in it; return the designs that are to be swept then."""
    project = await permitted(info, models.project.Project, global_id, Permission.DELETE, session, path=("id",))
    designs = [design.id for design in await Design.find({"project": project.id}, session=session).to_list()]
    await delete_designs(designs, session)
    await project.delete(session=session)
    named = [str(design) for design in designs]
    await audit(
        info.context, session, AuditAction.PROJECT_DELETED, project, organization=project.organization, designs=named
    )
    return designs


@strawberry.type
class ProjectMutations:
    """Mutations of projects."""

    @mutation("Begin a project: a draft that only its organization sees.")
    async def create_project(self, info: Info, input: CreateProjectInput) -> ProjectResult:  # noqa: A002 - Relay's word
        """Create a project."""
        found: ProjectResult = show(await begin(info, input))
        return found

    @mutation("Change what a project says.")
    async def update_project(self, info: Info, input: UpdateProjectInput) -> ProjectResult:  # noqa: A002
        """Change a project."""
        found: ProjectResult = show(await info.context.services.database.transaction(partial(update, info, input)))
        return found

    @mutation("Set who may see a project, and where the work on it stands.")
    async def show_project(self, info: Info, input: ShowProjectInput) -> ProjectResult:  # noqa: A002
        """Change who sees a project."""
        found: ProjectResult = show(await info.context.services.database.transaction(partial(expose, info, input)))
        return found

    @mutation("Delete a project, with its designs and their comments.")
    async def delete_project(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete a project and everything in it."""
        await sweep_designs(info, await info.context.services.database.transaction(partial(remove, info, id)))
        return Deleted(id=id)


async def delete_designs(designs: list[Any], session: Any) -> None:
    """Delete designs and the comments about them, in the caller's transaction."""
    await Mention.find({"design": {"$in": designs}}, session=session).delete(session=session)
    await Comment.find({"design": {"$in": designs}}, session=session).delete(session=session)
    await Design.find({"_id": {"$in": designs}}, session=session).delete(session=session)


async def sweep_designs(info: Info, designs: list[Any]) -> None:
    """Tell who follows deleted designs, and remove what nobody can reach any more: canvases, logs, versions, likes."""
    for design in designs:
        info.context.services.signals.tell(f"design:{design}")
    for document in (Element, DesignEdit, Like, DesignVersion, VersionChunk):
        await document.find({"design": {"$in": designs}}).delete()

"""Organizations and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

import models.organization
from auth.permissions import Permission
from auth.viewer import Viewer
from models.organization import Plan, Role
from schema.connection import Connection
from schema.context import Info
from schema.deleted import Deleted
from schema.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.node import Node
from schema.relations import computed, reference, related
from schema.user import User

if TYPE_CHECKING:
    from schema.api_key import ApiKey
    from schema.asset import Asset
    from schema.invitation import Invitation
    from schema.operation import RegisteredOperation
    from schema.project import Project


def manages_keys(organization: Node, viewer: Viewer) -> bool:
    """Whether a viewer sees an organization's keys."""
    tenant = organization.tenant()
    return tenant is not None and viewer.may(Permission.MANAGE_KEYS, tenant)


strawberry.enum(Plan, description="What an organization pays for.")
strawberry.enum(Role, description="What a member may do; each role includes those below it.")


def _managed(root: Node, viewer: Viewer) -> bool:
    return viewer.may(Permission.MANAGE_MEMBERS, root.document.id)


@strawberry.type(description="An agency or a studio: the tenant.")
class Organization(Node, stores=models.organization.Organization):
    """An agency or a studio."""

    judged_by = ("id",)
    name: str = strawberry.field(description="Its name.")
    slug: str = strawberry.field(description="Its name in URLs.")
    projects: Connection[Annotated[Project, strawberry.lazy("schema.project")]] = related(
        "projects_by_organization",
        by="organization",
        public="public_projects_by_organization",
        description="Its projects, the newest first; outsiders see the public ones.",
    )
    members: Connection[Membership] = related(
        "members_by_organization", by="organization", description="Its members; only shown to members."
    )
    assets: Connection[Annotated[Asset, strawberry.lazy("schema.asset")]] = related(
        "assets_by_organization", by="organization", description="Its pictures; only shown to members."
    )
    operations: Connection[Annotated[RegisteredOperation, strawberry.lazy("schema.operation")]] = related(
        "operations_by_organization",
        by="organization",
        description="The operations it has registered; only shown to members.",
    )
    api_keys: Connection[Annotated[ApiKey, strawberry.lazy("schema.api_key")]] = related(
        "api_keys_by_organization",
        by="organization",
        visible=manages_keys,
        description="Its API keys, revoked ones too; only shown to those who may manage them.",
    )

    invitations: Connection[Annotated[Invitation, strawberry.lazy("schema.invitation")]] = related(
        "invitations_by_organization",
        by="organization",
        visible=_managed,
        description="Invitations that wait for an answer; only shown to those who manage members.",
    )

    @computed("id", "plan", description="What it pays for; only shown to members.")
    def plan(self, info: Info) -> Plan | None:
        """Return the plan to members."""
        return self.document.plan if self.visible(info.context.viewer) else None

    @computed("id", description="The viewer's role here; null for outsiders.")
    def viewer_role(self, info: Info) -> Role | None:
        """Return the viewer's role."""
        return info.context.viewer.roles.get(self.document.id)


@strawberry.type(description="One user's role in one organization.")
class Membership(Node, stores=models.organization.Membership):
    """One user's role in one organization."""

    role: Role = strawberry.field(description="What they may do.")
    user: User | None = reference("User", key="user", description="Who.")
    organization: Organization | None = reference("Organization", key="organization", description="Where.")


@strawberry.input
class CreateOrganizationInput:
    """A new organization; its creator owns it."""

    name: str


@strawberry.input
class UpdateOrganizationInput:
    """Fields that are left out stay as they are."""

    id: strawberry.ID
    name: str | None = strawberry.UNSET


@strawberry.input
class ChangeRoleInput:
    """A member's new role."""

    membership_id: strawberry.ID
    role: Role


CreateOrganizationResult = Annotated[
    Organization | NotSignedIn | InvalidInput, strawberry.union("CreateOrganizationResult")
]
UpdateOrganizationResult = Annotated[
    Organization | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("UpdateOrganizationResult")
]
MemberResult = Annotated[
    Membership | NotSignedIn | NotFound | NotAllowed | InvalidInput | Conflict, strawberry.union("MemberResult")
]
RemoveMemberResult = Annotated[
    Deleted | NotSignedIn | NotFound | NotAllowed | InvalidInput | Conflict, strawberry.union("RemoveMemberResult")
]

"""Organizations and who belongs to them."""

from __future__ import annotations

from typing import Any

import strawberry
from beanie import PydanticObjectId

import models.organization
from auth.permissions import Permission
from auth.viewer import Viewer
from models.audit import AuditAction
from models.errors import NotAllowedError
from models.organization import Role
from models.project import make_slug
from resolvers.auditing import audit
from resolvers.context import Info, given, mutation, permitted
from schema.deleted import Deleted
from schema.node import show
from schema.organization import (
    ChangeRoleInput,
    CreateOrganizationInput,
    CreateOrganizationResult,
    MemberResult,
    RemoveMemberResult,
    UpdateOrganizationInput,
    UpdateOrganizationResult,
)


def may_grant(viewer: Viewer, organization: PydanticObjectId, role: Role) -> bool:
    """Whether somebody may give a role, or take it: only owners make owners, or unmake them."""
    manages = viewer.may(Permission.MANAGE_MEMBERS, organization)
    return manages and (role is not Role.OWNER or viewer.roles[organization] is Role.OWNER)


def check_grant(
    info: Info, organization: PydanticObjectId, role: Role, path: tuple[str, ...] = ("input", "role")
) -> None:
    """Refuse a role that the viewer may not give; raises NotAllowedError."""
    if not may_grant(info.context.viewer, organization, role):
        raise NotAllowedError("Only an owner can decide who is an owner.", path=path)


async def _audited(
    info: Info,
    session: Any,
    action: AuditAction,
    member: models.organization.Membership,
    *,
    role: Role,
    was: Role | None = None,
) -> None:
    """Write what is done to a member, who that is, and in which role."""
    details: dict[str, Any] = {"user": str(member.user), "role": role.value}
    details |= {} if was is None else {"was": was.value}
    await audit(info.context, session, action, member, organization=member.organization, **details)


@strawberry.type
class OrganizationMutations:
    """Mutations of organizations and memberships."""

    @mutation("Found an organization; the viewer owns it.")
    async def create_organization(
        self,
        info: Info,
        input: CreateOrganizationInput,  # noqa: A002 - Relay's word
    ) -> CreateOrganizationResult:
        """Create an organization and its first membership in one transaction."""
        user = info.context.viewer.require_user()
        organization = models.organization.Organization.make(name=input.name, slug=make_slug(input.name, longest=60))

        async def create(session: Any) -> None:
            await organization.insert(session=session)
            await models.organization.Membership(organization=organization.id, user=user, role=Role.OWNER).insert(
                session=session
            )
            await audit(
                info.context, session, AuditAction.ORGANIZATION_CREATED, organization, organization=organization.id
            )

        await info.context.services.database.transaction(create)
        info.context.viewer.roles[organization.id] = Role.OWNER  # the rest of the answer is read by its owner
        found: CreateOrganizationResult = show(organization)
        return found

    @mutation("Rename an organization.")
    async def update_organization(
        self,
        info: Info,
        input: UpdateOrganizationInput,  # noqa: A002
    ) -> UpdateOrganizationResult:
        """Change an organization."""

        async def update(session: Any) -> models.organization.Organization:
            organization = await permitted(
                info, models.organization.Organization, input.id, Permission.MANAGE_ORGANIZATION, session
            )
            organization.change(**given(input, "name"))
            await organization.save(session=session)
            await audit(
                info.context, session, AuditAction.ORGANIZATION_CHANGED, organization, organization=organization.id
            )
            return organization

        found: UpdateOrganizationResult = show(await info.context.services.database.transaction(update))
        return found

    @mutation("Change a member's role.")
    async def change_role(self, info: Info, input: ChangeRoleInput) -> MemberResult:  # noqa: A002
        """Change a membership, keeping the organization owned."""

        async def change(session: Any) -> models.organization.Membership:
            member = await permitted(
                info,
                models.organization.Membership,
                input.membership_id,
                Permission.MANAGE_MEMBERS,
                session,
                path=("input", "membershipId"),
            )
            check_grant(info, member.organization, input.role)
            check_grant(info, member.organization, member.role)
            if input.role is not Role.OWNER:
                await models.organization.Organization.one_at_a_time(member.organization, "owner", session)
                await member.refuse_if_last_owner(session)
            was = member.role
            if input.role is not was:
                member.change(role=input.role)
                await member.save(session=session)
                await _audited(info, session, AuditAction.MEMBER_ROLE_CHANGED, member, was=was, role=input.role)
            return member

        member = await info.context.services.database.transaction(change)
        info.context.services.signals.tell(f"access:{member.organization}")
        found: MemberResult = show(member)
        return found

    @mutation("End a membership; members may always leave.")
    async def remove_member(self, info: Info, membership_id: strawberry.ID) -> RemoveMemberResult:
        """Delete a membership, keeping the organization owned."""
        path = ("membershipId",)

        async def remove(session: Any) -> PydanticObjectId:
            member = await permitted(
                info, models.organization.Membership, membership_id, Permission.READ, session, path=path
            )
            if member.user != info.context.viewer.user:
                info.context.viewer.require(Permission.MANAGE_MEMBERS, member.organization, "Membership", path=path)
                check_grant(info, member.organization, member.role)
            await models.organization.Organization.one_at_a_time(member.organization, "owner", session)
            await member.refuse_if_last_owner(session)
            await member.delete(session=session)
            left = member.user == info.context.viewer.user
            action = AuditAction.MEMBER_LEFT if left else AuditAction.MEMBER_REMOVED
            await _audited(info, session, action, member, role=member.role)
            return member.organization

        organization = await info.context.services.database.transaction(remove)
        info.context.services.signals.tell(f"access:{organization}")
        return Deleted(id=membership_id)

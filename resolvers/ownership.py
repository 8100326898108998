"""Handing an organization over, and deleting it."""

from __future__ import annotations

from functools import partial
from typing import Any

import strawberry

from auth.permissions import Permission
from models.audit import AuditAction
from models.erasing import erase_organization
from models.errors import ConflictError, InvalidInputError, NotFoundError
from models.organization import Membership, Organization, Role
from resolvers.auditing import audit
from resolvers.context import Info, mutation, permitted
from resolvers.stepping_up import require_fresh
from schema.deleted import Deleted
from schema.node import show
from schema.ownership import DeleteOrganizationInput, DeleteOrganizationResult, TransferOwnershipResult


async def _transfer(info: Info, global_id: str, session: Any) -> tuple[Membership, Membership]:
    """Have a member own what the viewer owned, who administers it from then on; return both memberships.

    Who owns it besides stays an owner.
    """
    path, manage = ("membershipId",), Permission.MANAGE_ORGANIZATION
    heir = await permitted(info, Membership, global_id, manage, session, path=path)
    await require_fresh(info, session)
    await Organization.one_at_a_time(heir.organization, "owner", session)
    if heir.user == info.context.viewer.user:
        raise InvalidInputError("membershipId: that is your own; choose another member.", path=path)
    if heir.role is Role.OWNER:
        raise ConflictError("They own it already; you may leave, or have them change your role.", path=path)
    mine: dict[str, Any] = {"organization": heir.organization, "user": info.context.viewer.user}
    owner = await Membership.find_one({**mine, "role": "OWNER"}, session=session)
    if owner is None:  # it was theirs when the request came
        raise NotFoundError("Membership", path=path)
    for member, role in ((heir, Role.OWNER), (owner, Role.ADMIN)):
        member.change(role=role)
        await member.save(session=session)
    action, whom = AuditAction.OWNERSHIP_TRANSFERRED, str(heir.user)
    await audit(info.context, session, action, heir, organization=heir.organization, user=whom)
    return heir, owner


async def _delete(info: Info, input_: DeleteOrganizationInput, session: Any) -> Organization:
    """Take an organization from everybody, and note that all it has is to be erased."""
    organization = await permitted(info, Organization, input_.id, Permission.MANAGE_ORGANIZATION, session)
    await require_fresh(info, session)
    if input_.name != organization.name:
        raise InvalidInputError("name: that is not the organization's name.", path=("input", "name"))
    await erase_organization(organization.id, session)
    await audit(info.context, session, AuditAction.ORGANIZATION_DELETED, organization, organization=organization.id)
    return organization


@strawberry.type
class OwnershipMutations:
    """Mutations of who owns what."""

    @mutation("Make another member the owner of what the viewer owns; the viewer administers it from then on.")
    async def transfer_ownership(self, info: Info, membership_id: strawberry.ID) -> TransferOwnershipResult:
        """Change two memberships in one transaction."""
        transfer = partial(_transfer, info, membership_id)
        heir, owner = await info.context.services.database.transaction(transfer)
        info.context.viewer.roles[owner.organization] = owner.role
        info.context.services.signals.tell(f"access:{heir.organization}")
        found: TransferOwnershipResult = show(heir)
        return found

    @mutation("Delete an organization with all that it has; nobody can bring it back.")
    async def delete_organization(
        self,
        info: Info,
        input: DeleteOrganizationInput,  # noqa: A002 - Relay's word
    ) -> DeleteOrganizationResult:
        """End all memberships at once; the relay erases the rest within seconds."""
        organization = await info.context.services.database.transaction(partial(_delete, info, input))
        info.context.viewer.roles.pop(organization.id, None)
        info.context.services.signals.tell(f"access:{organization.id}")
        return Deleted(id=input.id)

"""Inviting people to an organization, and their answers.

Nothing here tells whether an address has an account: an invitation is written and mailed without looking for one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import strawberry

import models.invitation
import models.organization
from auth.permissions import Permission
from auth.viewer import viewer_of
from models.audit import AuditAction
from models.errors import ConflictError, InvalidInputError, NotFoundError
from models.invitation import InvitationStatus, recipient
from models.letter import LetterKind
from models.opaque import token_hash
from models.organization import Membership
from models.user import User, fold_email
from resolvers.auditing import audit
from resolvers.context import Info, mutation, permitted
from resolvers.organization import check_grant, may_grant
from resolvers.posting import hurry, post
from schema import ids
from schema.connection import Connection, connect
from schema.invitation import (
    AcceptInvitationInput,
    AcceptInvitationResult,
    DeclineInvitationInput,
    DeclineInvitationResult,
    Invitation,
    InviteMemberInput,
    InviteMemberResult,
    RevokeInvitationResult,
)
from schema.lists import PageKey, check_first
from schema.node import show
from schema.relations import DEFAULT_FIRST

_Stored = models.invitation.Invitation


async def _mine(info: Info, given: Any, session: Any) -> tuple[models.invitation.Invitation, User]:
    """Load an invitation to the viewer.

    The secret in the mail proves who reads that address; without it, the account's address must be verified. Either way
    it must be the address that was invited: a mail that was forwarded opens nothing.

    Raises:
        NotFoundError: there is none, it has expired, or it is not for them: one answer for all.

    """
    user_id = info.context.viewer.require_user()
    path, by_token = _path(given), given.token is not strawberry.UNSET
    secret: Any = {"token_hash": token_hash(given.token)} if by_token else None
    invitation = await _Stored.find_one(secret or {"_id": ids.key(given.id, "Invitation", path=path)}, session=session)
    user = await User.get(user_id, session=session)
    if invitation is None or user is None or invitation.email != user.email or not (by_token or verified(user)):
        raise NotFoundError("Invitation", path=path)
    return invitation, user


def _path(given: Any) -> tuple[str, ...]:
    """Return where an answer says which invitation it means."""
    return ("input", "id" if given.token is strawberry.UNSET else "token")


def verified(user: User) -> bool:
    """Whether somebody has shown that they read the address of their account."""
    return user.email_verified_at is not None


async def _granted(invitation: models.invitation.Invitation, session: Any) -> bool:
    """Whether who sent an invitation may still do so: it is worth as much as they may give."""
    query = {"organization": invitation.organization, "user": invitation.invited_by}
    rows = await Membership.get_pymongo_collection().find(query, session=session).to_list()
    return may_grant(viewer_of(invitation.invited_by, None, rows), invitation.organization, invitation.role)


async def _invite(info: Info, input_: InviteMemberInput, session: Any) -> models.invitation.Invitation:
    path, kind = ("input", "organizationId"), models.organization.Organization
    organization = await permitted(info, kind, input_.organization_id, Permission.MANAGE_MEMBERS, session, path=path)
    check_grant(info, organization.id, input_.role)
    try:
        email = fold_email(input_.email)
    except ValueError as error:
        raise InvalidInputError(f"email: {error}.", path=("input", "email")) from error
    invitation = _Stored.make(
        organization=organization.id,
        email=email,
        role=input_.role,
        invited_by=info.context.viewer.require_user(),
    )
    await kind.one_at_a_time(organization.id, "invitation", session)
    await invitation.send(session)
    await post(info, session, LetterKind.INVITATION, email, about=invitation.id)
    role = input_.role.value
    await audit(info.context, session, AuditAction.INVITATION_SENT, invitation, organization=organization.id, role=role)
    return invitation


async def _accept(info: Info, input_: AcceptInvitationInput, session: Any) -> Membership:
    invitation, user = await _mine(info, input_, session)
    mine = {"organization": invitation.organization, "user": user.id}
    member = await Membership.find_one(mine, session=session)
    if member is not None and invitation.status is InvitationStatus.ACCEPTED:
        return member  # again: the answer is the same
    gone = await models.organization.Organization.get(invitation.organization, session=session) is None
    if gone or not invitation.open or not await _granted(invitation, session):
        raise NotFoundError("Invitation", path=_path(input_))
    invitation.change(status=InvitationStatus.ACCEPTED)
    await invitation.save(session=session)
    there = invitation.organization
    await models.organization.Organization.one_at_a_time(there, "owner", session)  # it may be about to be deleted
    await audit(info.context, session, AuditAction.INVITATION_ACCEPTED, invitation, organization=there)
    if member is None:
        member = Membership(**mine, role=invitation.role)
        await member.insert(session=session)
        role, whom = member.role.value, str(user.id)
        await audit(info.context, session, AuditAction.MEMBER_ADDED, member, organization=there, role=role, user=whom)
    return member


async def _decline(info: Info, input_: DeclineInvitationInput, session: Any) -> models.invitation.Invitation:
    invitation, _ = await _mine(info, input_, session)
    if not invitation.open:
        raise NotFoundError("Invitation", path=_path(input_))
    return await _close(info, invitation, InvitationStatus.DECLINED, session)


async def _revoke(info: Info, id_: str, session: Any) -> models.invitation.Invitation:
    invitation = await permitted(info, _Stored, id_, Permission.MANAGE_MEMBERS, session, path=("id",))
    check_grant(info, invitation.organization, invitation.role, ("id",))
    if not invitation.open:
        raise ConflictError("It was answered already, or has expired.", path=("id",))
    return await _close(info, invitation, InvitationStatus.REVOKED, session)


async def _close(
    info: Info, invitation: models.invitation.Invitation, status: InvitationStatus, session: Any
) -> models.invitation.Invitation:
    """End an invitation that nobody became a member by."""
    invitation.change(status=status)
    await invitation.save(session=session)
    action = AuditAction[f"INVITATION_{status.value}"]
    await audit(info.context, session, action, invitation, organization=invitation.organization)
    return invitation


@strawberry.type
class InvitationQueries:
    """What invited people ask."""

    @strawberry.field(
        description="Invitations to the viewer's own address, the newest first; none before the address is verified."
    )
    async def invitations(
        self, info: Info, first: int = DEFAULT_FIRST, after: str | None = None
    ) -> Connection[Invitation]:
        """Page through the invitations that wait for the viewer."""
        user = await User.get(info.context.viewer.require_user())
        to = recipient(user.email) if user is not None and verified(user) else ""
        key = PageKey((("recipient", to),), check_first(first), after)
        found: Connection[Invitation] = await connect(info.context, "invitations_by_recipient", key)
        return found


@strawberry.type
class InvitationMutations:
    """Mutations of invitations."""

    @mutation("Offer somebody a role, by mail; the answer does not tell whether they have an account.")
    async def invite_member(self, info: Info, input: InviteMemberInput) -> InviteMemberResult:  # noqa: A002 - Relay's word
        """Write an invitation and its mail in one transaction."""
        sent = await info.context.services.database.transaction(partial(_invite, info, input))
        hurry(info)
        found: InviteMemberResult = show(sent)
        return found

    @mutation("Become a member, by an invitation to one's own address.")
    async def accept_invitation(self, info: Info, input: AcceptInvitationInput) -> AcceptInvitationResult:  # noqa: A002
        """Create the membership that was offered."""
        member = await info.context.services.database.transaction(partial(_accept, info, input))
        info.context.viewer.roles[member.organization] = member.role  # the rest of the answer is read by a member
        info.context.services.signals.tell(f"access:{member.organization}")
        found: AcceptInvitationResult = show(member)
        return found

    @mutation("Decline an invitation to one's own address.")
    async def decline_invitation(self, info: Info, input: DeclineInvitationInput) -> DeclineInvitationResult:  # noqa: A002
        """End an invitation."""
        closed = await info.context.services.database.transaction(partial(_decline, info, input))
        found: DeclineInvitationResult = show(closed)
        return found

    @mutation("Take an invitation back.")
    async def revoke_invitation(self, info: Info, id: strawberry.ID) -> RevokeInvitationResult:  # noqa: A002
        """End an invitation."""
        found: RevokeInvitationResult = show(
            await info.context.services.database.transaction(partial(_revoke, info, id))
        )
        return found

"""Invitations: offers of a role in an organization, to whoever has an address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.invitation
from auth.permissions import Permission
from auth.viewer import Viewer
from models.invitation import InvitationStatus
from models.organization import Role
from schema.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn, RateLimited
from schema.node import Node
from schema.organization import Membership, Organization
from schema.relations import reference
from schema.user import User

strawberry.enum(InvitationStatus, description="What became of an invitation; one that was replaced is revoked.")


@strawberry.type(description="An offer of a role; shown to those who manage members, and to whom it is for.")
class Invitation(Node, stores=models.invitation.Invitation):
    """An offer of a role."""

    email: str = strawberry.field(description="Whom it is for.")
    role: Role = strawberry.field(description="What they may do once they accept.")
    status: InvitationStatus = strawberry.field(description="What became of it.")
    created_at: datetime = strawberry.field(description="When it was sent.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted; it is removed then.")
    inviter: User | None = reference("User", key="invited_by", description="Who sent it.")
    organization: Organization | None = reference("Organization", key="organization", description="Where.")

    def visible(self, viewer: Viewer) -> bool:
        """Whether the viewer manages the members there; whom it is for meets it in `invitations`."""
        organization = self.tenant()
        return organization is not None and viewer.may(Permission.MANAGE_MEMBERS, organization)


@strawberry.input
class InviteMemberInput:
    """Whom to invite, and the role that they are offered."""

    organization_id: strawberry.ID
    email: str
    role: Role


@strawberry.input(one_of=True, description="An invitation to oneself: by its id, or by the secret in its mail.")
class AcceptInvitationInput:
    """Which invitation to accept."""

    id: strawberry.ID | None = strawberry.UNSET
    token: str | None = strawberry.UNSET


@strawberry.input(one_of=True, description="An invitation to oneself: by its id, or by the secret in its mail.")
class DeclineInvitationInput:
    """Which invitation to decline."""

    id: strawberry.ID | None = strawberry.UNSET
    token: str | None = strawberry.UNSET


InviteMemberResult = Annotated[
    Invitation | NotSignedIn | NotFound | NotAllowed | InvalidInput | Conflict | RateLimited,
    strawberry.union("InviteMemberResult"),
]
AcceptInvitationResult = Annotated[
    Membership | NotSignedIn | NotFound | InvalidInput, strawberry.union("AcceptInvitationResult")
]
DeclineInvitationResult = Annotated[
    Invitation | NotSignedIn | NotFound | InvalidInput, strawberry.union("DeclineInvitationResult")
]
RevokeInvitationResult = Annotated[
    Invitation | NotSignedIn | NotFound | NotAllowed | InvalidInput | Conflict,
    strawberry.union("RevokeInvitationResult"),
]

"""What mutations of invitations, ownership and accounts' ends write to the audit log."""

from __future__ import annotations

from typing import Any

from tests.audit_cases import Case, World, writes
from tests.platform import User


async def _invited(w: World) -> str:
    input_ = {"organizationId": w.organization, "email": w.eva.email, "role": "EDITOR"}
    return str((await w.ana.do("inviteMember", "Invitation", input_))["id"])


async def _leaving(w: World) -> User:
    return await w.platform.resident()


def _eva(w: World) -> User:
    return w.eva


def _given(w: World) -> User:
    user: User = w.given
    return user


async def _transferred(w: World) -> Any:
    query = "mutation ($i: ID!) { transferOwnership(membershipId: $i) { __typename } }"
    return await w.ana.ask(query, {"i": w.membership})


AUDITED: dict[str, Case] = {
    "inviteMember": writes("INVITATION_SENT", "Invitation", _invited),
    "acceptInvitation": Case(
        (("INVITATION_ACCEPTED", "Invitation"), ("MEMBER_ADDED", "Membership")),
        lambda w: w.eva.do("acceptInvitation", "Membership", {"id": w.given}),
        given=_invited,
        by=_eva,
        within=True,
    ),
    "declineInvitation": writes(
        "INVITATION_DECLINED",
        "Invitation",
        lambda w: w.eva.do("declineInvitation", "Invitation", {"id": w.given}),
        given=_invited,
        by=_eva,
        within=True,
    ),
    "revokeInvitation": writes(
        "INVITATION_REVOKED",
        "Invitation",
        lambda w: w.ana.by_id("revokeInvitation", "Invitation", w.given),
        given=_invited,
    ),
    "transferOwnership": writes("OWNERSHIP_TRANSFERRED", "Membership", _transferred),
    "deleteOrganization": writes(
        "ORGANIZATION_DELETED",
        "Organization",
        lambda w: w.ana.do("deleteOrganization", "Deleted", {"id": w.organization, "name": "Estudio"}),
    ),
    "eraseAccount": writes(
        "ACCOUNT_ERASED",
        "User",
        lambda w: w.given.do("eraseAccount", "Deleted", {"email": w.given.email}),
        given=_leaving,
        by=_given,
    ),
}

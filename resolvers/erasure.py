"""Erasing one's account."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import strawberry
from beanie import PydanticObjectId

from models.audit import AuditAction
from models.erasing import erase_organization, erase_user
from models.errors import ConflictError, InvalidInputError
from models.organization import Membership, Organization, Role
from models.user import Session
from resolvers.auditing import audit
from resolvers.context import Info, account, mutation
from resolvers.ending import tell_ended
from resolvers.stepping_up import require_fresh
from schema import ids
from schema.deleted import Deleted
from schema.erasure import EraseAccountInput, EraseAccountResult


async def _named(organizations: Iterable[PydanticObjectId], session: Any) -> str:
    """Return the names of organizations, for people."""
    found = await Organization.find({"_id": {"$in": [*organizations]}}, session=session).sort("name").to_list()
    return ", ".join(organization.name for organization in found)


async def _alone(user: PydanticObjectId, session: Any) -> list[PydanticObjectId]:
    """Return the organizations that have no member but the user.

    Raises:
        ConflictError: others would be left without an owner; names the organizations.

    """
    owned = await Membership.find({"user": user, "role": Role.OWNER.value}, session=session).to_list()
    alone, needed = [], []
    for id_ in [member.organization for member in owned]:
        await Organization.one_at_a_time(id_, "owner", session)  # who joins or leaves meanwhile comes before or after
        of_it = {"organization": id_}
        if await Membership.find(of_it, session=session).count() == 1:
            alone.append(id_)
        elif await Membership.find({**of_it, "role": Role.OWNER.value}, session=session).count() == 1:
            needed.append(id_)
    if needed:
        names = await _named(needed, session)
        raise ConflictError(f"Others would be left without an owner; hand over first, or delete: {names}.")
    return alone


_Ids = list[PydanticObjectId]


async def _erase(info: Info, input_: EraseAccountInput, session: Any) -> tuple[_Ids, _Ids]:
    """Erase the viewer's account; return the organizations that they were a member of, and their sessions."""
    await require_fresh(info, session)
    user = await account(info.context.viewer, session)
    if input_.email.strip().casefold() != user.email:
        raise InvalidInputError("email: that is not the address of this account.", path=("input", "email"))
    alone = await _alone(user.id, session)
    if alone and not input_.delete_organizations:
        names = await _named(alone, session)
        message = f"Nobody else is a member of {names}; say `deleteOrganizations: true` to delete what is there too."
        raise ConflictError(message, path=("input", "deleteOrganizations"))
    members = await Membership.find({"user": user.id}, session=session).to_list()
    for member in members:
        there = member.organization
        if there in alone:
            organization = await Organization.get(there, session=session)
            await audit(info.context, session, AuditAction.ORGANIZATION_DELETED, organization, organization=there)
            await erase_organization(there, session)
        else:
            await audit(info.context, session, AuditAction.MEMBER_LEFT, member, organization=there, user=str(user.id))
    await audit(info.context, session, AuditAction.ACCOUNT_ERASED, user)
    devices = await Session.find({"user": user.id}, session=session).to_list()
    await erase_user(user, session)
    return [member.organization for member in members], [device.id for device in devices]


@strawberry.type
class ErasureMutations:
    """The end of an account."""

    @mutation("Erase the viewer's account for good; every device is signed out.")
    async def erase_account(self, info: Info, input: EraseAccountInput) -> EraseAccountResult:  # noqa: A002 - Relay's word
        """Take the account away at once; the relay erases the rest within seconds."""
        left, ended = await info.context.services.database.transaction(partial(_erase, info, input))
        tell_ended(info, ended)
        for organization in left:
            info.context.services.signals.tell(f"access:{organization}")
        return Deleted(id=ids.encode("User", info.context.viewer.require_user()))

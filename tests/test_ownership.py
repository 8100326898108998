"""Handing an organization over, and deleting it, through HTTP."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.commands import relay
from models.entity import now
from models.erasure import Erasure
from models.register import DOCUMENTS
from models.user import Session
from schema import ids
from storage.assets import AssetMissingError
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User, added
from tests.test_asset import picture
from tests.test_organization import Team, team
from workers.erasing import Eraser

__all__ = ["team"]


async def transfer(by: User, membership: str) -> Json:
    """Hand over to a member."""
    answer = await by.ask(
        """mutation ($id: ID!) { transferOwnership(membershipId: $id) {
            __typename ... on Membership { role user { id } } ... on UserError { message code path } } }""",
        {"id": membership},
    )
    result: Json = answer["transferOwnership"]
    return result


async def stale(user: User) -> None:
    """Have it be long ago that a user's devices proved who they are."""
    key = ids.key(user.id, "User")
    await Session.find({"user": key}).update({"$set": {"authenticated_at": now() - timedelta(minutes=11)}})


async def actions(platform: Platform, organization: str) -> list[str]:
    """Return what the audit log says was done to an organization."""
    found = platform.database.handle["audit_events"].find({"organization": ids.key(organization, "Organization")})
    return [event["action"] for event in await found.sort("_id", 1).to_list()]


async def erased(platform: Platform) -> None:
    """Have all be erased that is to be, beside the relay, which does the same."""
    await Eraser(platform.database, platform.store).erase()
    assert await Erasure.find().count() == 0


async def test_an_owner_hands_over_and_administers_from_then_on(team: Team, platform: Platform) -> None:
    """Both roles change together, and the log has one entry."""
    made = await transfer(team.owner, await team.membership(team.editor))
    assert made == {"__typename": "Membership", "role": "OWNER", "user": {"id": team.editor.id}}
    roles = await team.roles()
    assert (roles[team.editor.id], roles[team.owner.id], roles[team.admin.id]) == ("OWNER", "ADMIN", "ADMIN")
    assert (await actions(platform, team.organization)).count("OWNERSHIP_TRANSFERRED") == 1


async def test_a_stolen_device_hands_nothing_over(team: Team) -> None:
    """Attack: an unlocked laptop. Handing over and deleting need a fresh proof of who asks."""
    await stale(team.owner)
    assert (await transfer(team.owner, await team.membership(team.editor)))["__typename"] == "StepUpRequired"
    deleting = {"id": team.organization, "name": "Estudio"}
    refused = await team.owner.do("deleteOrganization", "Deleted", deleting)
    assert refused["__typename"] == "StepUpRequired"
    assert (await team.roles())[team.owner.id] == "OWNER"


async def test_only_owners_hand_over(team: Team) -> None:
    """Attack: an admin makes themselves the owner. Neither does an owner hand over to themselves, or to an owner."""
    admin, owner = await team.membership(team.admin), await team.membership(team.owner)
    for member in (team.admin, team.editor, team.viewer):
        assert (await transfer(member, admin))["__typename"] == "NotAllowed"
    assert (await transfer(team.owner, owner))["__typename"] == "InvalidInput"
    await team.owner.do("changeRole", "Membership", {"membershipId": admin, "role": "OWNER"})
    assert (await transfer(team.owner, admin))["__typename"] == "Conflict"


async def test_two_transfers_at_once_leave_one_owner(team: Team) -> None:
    """Given one owner who hands over to two, then one of them owns it."""
    heirs = [await team.membership(user) for user in (team.editor, team.viewer)]
    answers = await asyncio.gather(*(transfer(team.owner, heir) for heir in heirs))
    assert sorted(answer["__typename"] for answer in answers) == ["Membership", "NotFound"]
    assert list((await team.roles()).values()).count("OWNER") == 1


async def test_a_former_owner_is_no_owner_to_a_transfer(team: Team) -> None:
    """Given somebody who handed over, then they cannot take it back, but they can leave."""
    await transfer(team.owner, await team.membership(team.editor))
    assert (await transfer(team.owner, await team.membership(team.viewer)))["__typename"] == "NotAllowed"
    leaving = "mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }"
    left = await team.owner.ask(leaving, {"id": await team.membership(team.owner)})
    assert left["removeMember"]["__typename"] == "Deleted"


async def _furnished(owner: User, organization: str) -> str:
    """Have an organization one of everything; return the slug of its public project."""
    project = await owner.public_project(organization, title="Pública")
    design = await owner.design(project, published=True)
    await owner.edit(design, added("sofa"))
    await owner.do("saveVersion", "DesignVersion", {"designId": design, "name": "V"})
    await owner.do("addComment", "Comment", {"designId": design, "body": "B", "mentions": [owner.id]})
    await owner.by_id("likeDesign", "Design", design)
    await picture(owner, organization, jpeg(64, 48))
    operation = {"organizationId": organization, "document": "query Ours { listings { totalCount } }"}
    await owner.do("registerOperation", "RegisteredOperation", operation)
    invited = {"organizationId": organization, "email": "x@example.com", "role": "VIEWER"}
    await owner.do("inviteMember", "Invitation", invited)
    return project


async def _left(platform: Platform, organization: str) -> dict[str, int]:
    """Return how many documents of each kind an organization has."""
    key = ids.key(organization, "Organization")
    handle = platform.database.handle
    designs = [row["_id"] for row in await handle["designs"].find({"organization": key}).to_list()]
    of_it: dict[str, Any] = {"$or": [{"_id": key}, {"organization": key}, {"design": {"$in": designs}}]}
    counts = {kind.__name__: await handle[kind.stored_in()].count_documents(of_it) for kind in DOCUMENTS}
    return {name: count for name, count in counts.items() if count}


async def test_a_deleted_organization_leaves_only_its_audit_log(team: Team, platform: Platform) -> None:
    """Given one of everything, when it is deleted, then members lose it at once, and all else goes, originals too."""
    other = await team.owner.organization("Otra")
    for organization in (team.organization, other):
        await _furnished(team.owner, organization)
    before, untouched = await _left(platform, team.organization), await _left(platform, other)
    kinds = {
        "Element",
        "DesignVersion",
        "VersionChunk",
        "Mention",
        "Asset",
        "Like",
        "RegisteredOperation",
        "Invitation",
    }
    assert kinds <= before.keys()
    assets = platform.database.handle["assets"]
    key = {"organization": ids.key(team.organization, "Organization")}
    asset = await assets.find_one(key)
    assert asset is not None
    original = f"{asset['organization']}/{asset['content_hash']}"
    assert await platform.store.size(original)
    wrong = await team.owner.do("deleteOrganization", "Deleted", {"id": team.organization, "name": "estudio"})
    assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["input", "name"])
    deleted = await team.owner.do("deleteOrganization", "Deleted", {"id": team.organization, "name": "Estudio"})
    assert deleted == {"__typename": "Deleted", "id": team.organization}
    for member in (team.owner, team.viewer):
        found = await member.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": team.organization})
        assert found["node"] is None
    await erased(platform)
    assert (await _left(platform, team.organization)).keys() <= {"AuditEvent", "AuditChain", "Change"}
    assert "ORGANIZATION_DELETED" in await actions(platform, team.organization)
    with pytest.raises(AssetMissingError):
        await platform.store.size(original)
    assert await _left(platform, other) == untouched


async def test_a_killed_eraser_goes_on_where_it_was(team: Team, platform: Platform) -> None:
    """Given an eraser that is stopped before each of its steps in turn, then what comes after erases the rest."""
    await _furnished(team.owner, team.organization)
    await team.owner.do("deleteOrganization", "Deleted", {"id": team.organization, "name": "Estudio"})
    steps = 0
    while await Erasure.find().count():
        await _stopped_after(platform, steps)
        steps += 1
    assert (await _left(platform, team.organization)).keys() <= {"AuditEvent", "AuditChain", "Change"}


class _StoppedError(Exception):
    """The process was killed."""


class _Stopping(Eraser):
    """An eraser that is killed before a step."""

    steps = 0

    def _rows(self, kind: Any) -> Any:
        if self.steps == 0:
            raise _StoppedError
        self.steps -= 1
        return super()._rows(kind)


async def _stopped_after(platform: Platform, steps: int) -> None:
    eraser = _Stopping(platform.database, platform.store)
    eraser.steps = steps
    try:
        await eraser.erase()
    except _StoppedError:
        return


async def test_the_relay_erases(platform: Platform) -> None:
    """The process that is to do it has it among its work."""
    process = await relay.process(platform.settings, platform.database)
    names = {getattr(work, "__qualname__", "") for work in process.background}
    for close in process.close:
        await close()
    assert "Eraser.run" in names

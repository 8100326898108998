"""Erasing an account: what goes, what stays and says nothing of who it was, and who is not let go."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from app.http.websocket import UNAUTHORIZED
from edge import plans
from models.erasing import NOBODY
from models.erasure import Erasure
from models.personal import Erasing
from models.register import DOCUMENTS
from models.user import User as Account
from schema import ids
from storage.assets import AssetMissingError
from tests.following import socket
from tests.http.test_signed_out import closed
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User, added
from tests.test_asset import picture
from tests.test_invitation import accept, invite
from tests.test_ownership import erased, stale, transfer
from workers.erasing import Eraser

_PLANS = {plan.name: plan.id for plan in plans.load().values()}


async def erase(by: User, email: str | None = None, **options: bool) -> Json:
    """Erase one's account."""
    return await by.do("eraseAccount", "Deleted", {"email": email or by.email, **options})


async def rows(platform: Platform) -> dict[str, list[Json]]:
    """Return all that is stored, by the names of the documents."""
    handle = platform.database.handle
    return {kind.__name__: await handle[kind.stored_in()].find().to_list() for kind in DOCUMENTS}


def containing(value: Any, wanted: Any) -> bool:
    """Whether a stored value is something, or has it anywhere in it."""
    if isinstance(value, dict):
        return any(containing(part, wanted) for part in value.values())
    if isinstance(value, list):
        return any(containing(part, wanted) for part in value)
    if isinstance(wanted, str) and isinstance(value, str):
        return wanted in value
    return bool(value == wanted)


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Give the owner of the organization that somebody leaves."""
    return await platform.user("Ana")


@pytest.fixture
async def quetzal(ana: User) -> User:
    """Give a member of Ana's organization who has done everything there that leaves a trace."""
    organization = await ana.organization()
    name = f"Quetzalcóatl {uuid4().hex}"
    member = await ana.platform.user(name)
    await member.join(organization, "EDITOR")
    project = await member.public_project(organization, title="Pública")
    design = await member.design(project, published=True)
    await member.edit(design, added("sofa"))
    await member.do("saveVersion", "DesignVersion", {"designId": design, "name": "V"})
    comment = await member.do("addComment", "Comment", {"designId": design, "body": "Bonito"})
    await member.by_id("resolveComment", "Comment", comment["id"])
    await ana.do("addComment", "Comment", {"designId": design, "body": "?", "mentions": [member.id]})
    for user in (ana, member):
        await user.by_id("likeDesign", "Design", design)
    face = await picture(member, organization, jpeg(64, 48))
    await member.do("updateViewer", "User", {"avatarId": face["id"], "locale": "es-MX"})
    text = f'query Ours {{ listings(city: "{project}") {{ totalCount }} }}'
    operation = {"organizationId": organization, "document": text}
    key = {"user": ids.key(member.id, "User")}
    await ana.platform.database.handle["memberships"].update_one(key, {"$set": {"role": "ADMIN"}})
    await member.do("registerOperation", "RegisteredOperation", operation)
    await invite(member, organization, "friend@example.com", "VIEWER")
    other = await ana.organization("Otra")
    await invite(ana, other, member.email)
    member.made[:] = [organization, project, design, comment["id"], face["id"], other, name]
    return member


async def test_nothing_that_is_stored_tells_who_it_was(ana: User, quetzal: User, platform: Platform) -> None:
    """Given a trace in every kind of document, when the account is erased, then ids alone are left where they stay."""
    key = ids.key(quetzal.id, "User")
    before = await rows(platform)
    traces = {name for name, found in before.items() if containing(found, key)}
    declared = {kind.__name__ for kind in DOCUMENTS if kind.personal} - {"Erasure"}
    assert {"Session", "Credential", "Membership", "Invitation", "Like", "Mention", "Upload", "AuditEvent"} <= traces
    assert traces <= declared
    assert (await erase(quetzal)) == {"__typename": "Deleted", "id": quetzal.id}
    await erased(platform)
    after = await rows(platform)
    for name, found in after.items():
        assert not containing(found, quetzal.made[-1]), name
        assert not containing(found, quetzal.email), name
    staying = {
        kind.__name__: [*(name for name, how in kind.personal.items() if how is Erasing.STAYS)] for kind in DOCUMENTS
    }
    for kind in DOCUMENTS:
        for row in after[kind.__name__]:
            kept = {
                name: value for name, value in row.items() if name not in staying[kind.__name__] and name != "details"
            }
            assert not containing(kept, key) or kind is Account, (kind, row)
    (left,) = [row for row in after["User"] if row["_id"] == key]
    assert {**left, "created_at": None} == {
        "_id": key,
        "created_at": None,
        "email": f"{key}@erased.invalid",
        "name": NOBODY,
        "locale": "en",
        "avatar": None,
        "email_verified_at": None,
        "erased": True,
    }
    del ana


async def test_what_they_said_and_drew_stays_a_former_member_s(ana: User, quetzal: User, platform: Platform) -> None:
    """Given comments, designs and likes, then their words stay, by nobody, and the count of likes is true."""
    design = quetzal.made[2]
    await erase(quetzal)
    await erased(platform)
    query = """query ($id: ID!) { design(id: $id) { likeCount author { name avatar { id } } comments { edges { node {
        body author { name } resolver { name } } } } project { owner { name } } } }"""
    found = (await ana.ask(query, {"id": design}))["design"]
    nobody = {"name": NOBODY}
    assert found["author"] == {"name": NOBODY, "avatar": None}
    assert found["project"]["owner"] == nobody
    assert found["likeCount"] == 1
    first = found["comments"]["edges"][0]["node"]
    assert first == {"body": "Bonito", "author": nobody, "resolver": nobody}


async def test_the_name_is_gone_from_the_edge(quetzal: User, platform: Platform) -> None:
    """Given a page that the edge has kept, when its author's account is erased, then the name is not shown."""
    variables, name = json.dumps({"id": quetzal.made[2]}), quetzal.made[-1]

    async def page(as_of: str = "") -> tuple[str, str]:
        url = f"{platform.edge}/graphql/{_PLANS['DesignPage']}"
        headers = {"Edge-As-Of": as_of} if as_of else {}
        async with platform.session.get(url, params={"variables": variables}, headers=headers) as response:
            return response.headers["Cache-Status"], await response.text()

    async with asyncio.timeout(10):
        while "hit" not in (await page())[0]:
            pass
    assert name in (await page())[1]
    body = {"query": "mutation ($e: String!) { eraseAccount(input: {email: $e}) { __typename } }"}
    sent: Json = {**body, "variables": {"e": quetzal.email}}
    authorization = {"Authorization": f"Bearer {quetzal.token}"}
    async with platform.session.post(f"{platform.edge}/graphql", json=sent, headers=authorization) as response:
        assert (await response.json())["data"]["eraseAccount"]["__typename"] == "Deleted"
        moment = response.headers["Edge-As-Of"]
    status, after = await page(moment)
    assert name not in after, status
    assert NOBODY in after


async def test_every_device_is_signed_out(quetzal: User, platform: Platform) -> None:
    """Attack: staying in with what one had. Neither tokens nor the password are good any more, and sockets end."""
    follow = "subscription ($id: ID!) { designEvents(designId: $id) { __typename } }"
    async with (
        socket(platform.session, platform.api, quetzal.token) as following,
        socket(platform.session, platform.api, quetzal.token) as idle,
    ):
        await following.send(follow, {"id": quetzal.made[2]})
        await erase(quetzal)
        for opened in (following, idle):
            assert (await closed(opened.ws))[0] == UNAUTHORIZED
    status, body = await platform.post("{ viewer { name } }", token=quetzal.token)
    assert (status, body["errors"][0]["extensions"]["code"]) == (401, "NOT_SIGNED_IN")
    refresh = "mutation ($t: String!) { refresh(refreshToken: $t) { __typename } }"
    assert (await platform.ask(refresh, {"t": quetzal.refresh_token}))["refresh"]["__typename"] == "NotSignedIn"
    sign_in = (
        """mutation ($e: String!) { signIn(input: {email: $e, password: "correct horse battery"}) { __typename } }"""
    )
    key = ids.key(quetzal.id, "User")
    for email in (quetzal.email, f"{key}@erased.invalid"):
        assert (await platform.ask(sign_in, {"e": email}))["signIn"]["__typename"] == "NotSignedIn"


async def test_a_stolen_device_erases_nothing(quetzal: User) -> None:
    """Attack: an unlocked laptop. It needs a fresh proof, and the address typed once more."""
    wrong = await erase(quetzal, "somebody@example.com")
    assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["input", "email"])
    await stale(quetzal)
    assert (await erase(quetzal))["__typename"] == "StepUpRequired"
    assert (await quetzal.ask("{ viewer { name } }"))["viewer"]["name"] == quetzal.made[-1]


async def test_the_last_owner_of_others_is_not_let_go(platform: Platform) -> None:
    """Given others who would be left without an owner, then it says where, and after a transfer they may go."""
    owner = await platform.user()
    organization = await owner.organization("Necesitada")
    heir = await owner.member(organization, "VIEWER")
    refused = await erase(owner, deleteOrganizations=True)
    assert refused["__typename"] == "Conflict"
    assert "Necesitada" in refused["message"]
    await transfer(owner, heir.made[0])
    assert (await erase(owner))["__typename"] == "Deleted"
    await erased(platform)
    members = "query ($id: ID!) { organization(id: $id) { name members { edges { node { user { id } } } } } }"
    found = (await heir.ask(members, {"id": organization}))["organization"]
    assert found == {"name": "Necesitada", "members": {"edges": [{"node": {"user": {"id": heir.id}}}]}}


async def test_what_nobody_else_has_goes_only_when_that_is_said(platform: Platform) -> None:
    """Given an organization with no other member, then it is deleted with the account, if that is asked for."""
    alone = await platform.user()
    organization = await alone.organization("Sola")
    project = await alone.public_project(organization)
    refused = await erase(alone)
    assert (refused["__typename"], refused["path"]) == ("Conflict", ["input", "deleteOrganizations"])
    assert "Sola" in refused["message"]
    assert (await erase(alone, deleteOrganizations=True))["__typename"] == "Deleted"
    await erased(platform)
    handle = platform.database.handle
    assert await handle["projects"].find_one({"_id": ids.key(project, "Project")}) is None
    assert await handle["organizations"].find_one({"_id": ids.key(organization, "Organization")}) is None


async def test_who_joins_while_the_owner_goes_is_not_left_alone(platform: Platform) -> None:
    """Given an acceptance and an erasure at once, then either the organization has an owner, or it is gone."""
    for _ in range(5):
        owner, other = await platform.user(), await platform.user()
        organization = await owner.organization()
        offer = await invite(owner, organization, other.email)
        gone, joined = await asyncio.gather(erase(owner, deleteOrganizations=True), accept(other, id=offer["id"]))
        assert (gone["__typename"], joined["__typename"]) in {("Deleted", "NotFound"), ("Conflict", "Membership")}


async def test_a_picture_that_others_see_stays(ana: User, platform: Platform) -> None:
    """Given avatars: one that is a cover too, one on a canvas, one of another's too; then only the fourth goes."""
    organization = await ana.organization()
    project = await ana.project(organization)
    design = await ana.design(project)
    assets = [await picture(ana, organization, jpeg(64, 40 + number)) for number in range(4)]
    await ana.do("updateProject", "Project", {"id": project, "coverId": assets[0]["id"]})
    await ana.edit(design, added("photo", props={"asset": assets[1]["id"]}))
    await ana.do("updateViewer", "User", {"avatarId": assets[2]["id"]})
    for asset in assets:
        member = await ana.member(organization, "VIEWER")
        await member.do("updateViewer", "User", {"avatarId": asset["id"]})
        await erase(member)
    await erased(platform)
    found = await ana.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [asset["id"] for asset in assets]}
    )
    assert [node is not None for node in found["nodes"]] == [True, True, True, False]


async def test_an_erased_avatar_has_no_original(quetzal: User, platform: Platform) -> None:
    """What the asset store had of it is gone too."""
    asset = await platform.database.handle["assets"].find_one({"_id": ids.key(quetzal.made[4], "Asset")})
    assert asset is not None
    original = f"{asset['organization']}/{asset['content_hash']}"
    assert await platform.store.size(original)
    await erase(quetzal)
    await erased(platform)
    with pytest.raises(AssetMissingError):
        await platform.store.size(original)


async def test_the_address_is_free_again(quetzal: User, platform: Platform) -> None:
    """Given an erased account, then its address can be used anew, and has nothing of what was."""
    await erase(quetzal)
    taken = await platform.database.handle["users"].find_one({"email": quetzal.email})
    assert taken is None


async def test_erasing_twice_and_by_several_is_erasing_once(ana: User, platform: Platform) -> None:
    """Given two relays, and one that was killed after its work, then the counts of likes are right all the same."""
    organization = await ana.organization()
    design = await ana.design(await ana.public_project(organization), published=True)
    fan = await ana.member(organization, "VIEWER")
    for user in (ana, fan):
        await user.by_id("likeDesign", "Design", design)
    await erase(fan)
    key = ids.key(fan.id, "User")
    erasers = [Eraser(platform.database, platform.store) for _ in range(2)]
    await asyncio.gather(*(eraser.erase() for eraser in erasers))
    await Erasure(user=key).insert()
    await erased(platform)
    found = await ana.ask("query ($id: ID!) { design(id: $id) { likeCount } }", {"id": design})
    assert found["design"]["likeCount"] == 1


async def test_it_is_audited_by_ids_alone(ana: User, quetzal: User, platform: Platform) -> None:
    """The log of identity says that the account was erased, that of the organization that a member left."""
    key, organization = ids.key(quetzal.id, "User"), ids.key(quetzal.made[0], "Organization")
    await erase(quetzal)
    events = platform.database.handle["audit_events"]
    assert await events.count_documents({"action": "ACCOUNT_ERASED", "subject": key, "organization": None}) == 1
    left = {"action": "MEMBER_LEFT", "actor": key, "organization": organization}
    assert await events.count_documents(left) == 1
    told = await events.find({"actor": key}).to_list()
    assert not containing(told, quetzal.email)
    assert not containing(told, quetzal.made[-1])
    del ana

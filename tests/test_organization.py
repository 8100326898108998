"""The life of an organization and of its memberships, through HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from tests.platform import Json, Platform, User

MEMBERS = (
    "query ($id: ID!) { organization(id: $id) { members(first: 100) { edges { node { id role user { id } } } } } }"
)


@dataclass
class Team:
    """An organization with one member of every role."""

    organization: str
    owner: User
    admin: User
    editor: User
    viewer: User

    async def roles(self) -> dict[str, str]:
        """Return each member's role by user id."""
        found = await self.owner.ask(MEMBERS, {"id": self.organization})
        return {edge["node"]["user"]["id"]: edge["node"]["role"] for edge in found["organization"]["members"]["edges"]}

    async def membership(self, user: User) -> str:
        """Return the id of a user's membership."""
        found = await user.ask("{ viewer { memberships { edges { node { id organization { id } } } } } }")
        nodes = [edge["node"] for edge in found["viewer"]["memberships"]["edges"]]
        return next(str(node["id"]) for node in nodes if node["organization"]["id"] == self.organization)


@pytest.fixture
async def team(platform: Platform) -> Team:
    """Found an organization with one member of every role."""
    owner = await platform.user("Olga")
    organization = await owner.organization()
    admin, editor, viewer = [await owner.member(organization, role) for role in ("ADMIN", "EDITOR", "VIEWER")]
    return Team(organization, owner, admin, editor, viewer)


async def test_founding_one_makes_its_founder_the_owner(platform: Platform) -> None:
    """A new organization is on the free plan and has one member, its owner."""
    ana = await platform.user("Ana")
    made = await ana.do(
        "createOrganization",
        "Organization",
        {"name": "  Estudio Ñandú  "},
        "id name slug plan viewerRole members { totalCount edges { node { role user { id name } } } } "
        "projects { totalCount } assets { totalCount }",
    )
    assert made["name"] == "Estudio Ñandú"
    assert made["slug"].startswith("estudio-nandu-")
    assert (made["plan"], made["viewerRole"]) == ("FREE", "OWNER")
    assert made["members"] == {
        "totalCount": 1,
        "edges": [{"node": {"role": "OWNER", "user": {"id": ana.id, "name": "Ana"}}}],
    }
    assert made["projects"] == made["assets"] == {"totalCount": 0}


async def test_names_may_be_long_and_shared(platform: Platform) -> None:
    """Two organizations of one long name get slugs of their own; too long a name is refused by its path."""
    ana = await platform.user()
    for name in ("a" * 120, "b" * 59, "estudio " * 15):
        both = [await ana.do("createOrganization", "Organization", {"name": name}, "slug") for _ in range(2)]
        slugs = {made["slug"] for made in both}
        assert len(slugs) == 2
        assert max(map(len, slugs)) <= 60
    for name in ("", "   ", "a" * 121):
        refused = await ana.do("createOrganization", "Organization", {"name": name})
        assert (refused["__typename"], refused["code"], refused["path"][-1]) == (
            "InvalidInput",
            "INVALID_INPUT",
            "name",
        )
    unreadable = await ana.do("createOrganization", "Organization", {"name": "北京設計"}, "slug")
    assert unreadable["slug"].isascii()


async def test_nobody_founds_nothing(platform: Platform) -> None:
    """Without a sign-in the answer is the union's NotSignedIn, not an error."""
    answer = await platform.ask(
        """mutation { createOrganization(input: {name: "X"}) { __typename ... on UserError { code message path } } }"""
    )
    assert answer["createOrganization"]["__typename"] == "NotSignedIn"
    assert answer["createOrganization"]["code"] == "NOT_SIGNED_IN"
    assert "Authorization" in answer["createOrganization"]["message"]


async def test_only_owners_rename(team: Team) -> None:
    """Everybody below an owner may not; nothing changes then."""
    for member in (team.admin, team.editor, team.viewer):
        refused = await member.do("updateOrganization", "Organization", {"id": team.organization, "name": "Otro"})
        assert refused["__typename"] == "NotAllowed"
        assert "MANAGE_ORGANIZATION" in refused["message"]
    renamed = await team.owner.do("updateOrganization", "Organization", {"id": team.organization, "name": "N"}, "name")
    assert renamed == {"__typename": "Organization", "name": "N"}
    same = await team.owner.do("updateOrganization", "Organization", {"id": team.organization}, "name")
    assert same["name"] == "N"
    refused = await team.owner.do("updateOrganization", "Organization", {"id": team.organization, "name": None})
    assert refused["__typename"] == "InvalidInput"


async def test_only_owners_make_and_unmake_owners(team: Team) -> None:
    """An admin changes any role but an owner's, and to any role but an owner's."""
    owner, editor = await team.membership(team.owner), await team.membership(team.editor)

    async def change(by: User, membership: str, role: str) -> str:
        made = await by.do("changeRole", "Membership", {"membershipId": membership, "role": role}, "role")
        return str(made["__typename"])

    assert await change(team.admin, owner, "ADMIN") == "NotAllowed"
    assert await change(team.admin, editor, "OWNER") == "NotAllowed"
    assert await change(team.editor, editor, "ADMIN") == "NotAllowed"
    assert await change(team.admin, editor, "ADMIN") == "Membership"
    assert await change(team.owner, editor, "OWNER") == "Membership"
    assert await change(team.owner, owner, "VIEWER") == "Membership"
    roles = await team.roles()
    assert roles[team.editor.id] == "OWNER"
    assert roles[team.owner.id] == "VIEWER"


async def test_the_last_owner_stays(team: Team) -> None:
    """They cannot step down, leave, or be removed; with a second owner they can."""
    owner, admin = await team.membership(team.owner), await team.membership(team.admin)
    down = await team.owner.do("changeRole", "Membership", {"membershipId": owner, "role": "ADMIN"})
    assert (down["__typename"], down["code"]) == ("Conflict", "CONFLICT")
    assert (await remove(team.owner, owner))["__typename"] == "Conflict"
    await team.owner.do("changeRole", "Membership", {"membershipId": admin, "role": "OWNER"})
    assert await remove(team.owner, owner) == {"__typename": "Deleted", "id": owner}
    gone = await team.owner.ask("query ($id: ID!) { organization(id: $id) { id } }", {"id": team.organization})
    assert gone == {"organization": None}


async def test_two_owners_who_unmake_each_other_leave_one(platform: Platform) -> None:
    """The rule holds between transactions that run at the same time."""
    for _ in range(5):
        first = await platform.user()
        team = Team(await first.organization(), first, first, first, first)
        second = await first.member(team.organization, "OWNER")
        memberships = [await team.membership(user) for user in (first, second)]
        answers = await asyncio.gather(remove(first, memberships[1]), remove(second, memberships[0]))
        kinds = sorted(answer["__typename"] for answer in answers)
        assert kinds in (["Conflict", "Deleted"], ["Deleted", "NotFound"]), kinds


async def test_two_owners_who_leave_at_once_leave_one(platform: Platform) -> None:
    """The rule holds between transactions that run at the same time, each of which sees the other owner."""
    for _ in range(5):
        first = await platform.user()
        team = Team(await first.organization(), first, first, first, first)
        second = await first.member(team.organization, "OWNER")
        memberships = [await team.membership(user) for user in (first, second)]
        answers = await asyncio.gather(remove(first, memberships[0]), remove(second, memberships[1]))
        assert sorted(answer["__typename"] for answer in answers) == ["Conflict", "Deleted"]


async def test_removing_members(team: Team) -> None:
    """Anybody may leave; admins remove those below owners; others remove nobody."""
    memberships = {user.id: await team.membership(user) for user in (team.owner, team.admin, team.editor, team.viewer)}
    for member in (team.viewer, team.editor):
        assert (await remove(member, memberships[team.admin.id]))["__typename"] == "NotAllowed"
    assert (await remove(team.admin, memberships[team.owner.id]))["__typename"] == "NotAllowed"
    assert (await remove(team.admin, memberships[team.editor.id]))["__typename"] == "Deleted"
    assert (await remove(team.viewer, memberships[team.viewer.id]))["__typename"] == "Deleted"
    assert (await remove(team.viewer, memberships[team.admin.id]))["__typename"] == "NotFound"
    assert await team.roles() == {team.owner.id: "OWNER", team.admin.id: "ADMIN"}


async def test_what_members_see_is_hidden_from_outsiders(team: Team, platform: Platform) -> None:
    """Who meets an organization through a public project sees its name and public projects, nothing else."""
    await team.owner.public_project(team.organization, title="Pública")
    await team.owner.project(team.organization, title="Privada")
    slugs = await team.owner.ask(
        "query ($id: ID!) { organization(id: $id) { projects { edges { node { slug visibility } } } } }",
        {"id": team.organization},
    )
    nodes = [edge["node"] for edge in slugs["organization"]["projects"]["edges"]]
    assert [node["visibility"] for node in nodes] == ["PRIVATE", "PUBLIC"]
    seen = await platform.ask(
        """query ($slug: String!) { publicProject(slug: $slug) { viewerPermissions
            organization { id name plan viewerRole members { totalCount edges { cursor } }
                assets { totalCount edges { cursor } } projects { totalCount edges { node { title } } } }
            owner { id email locale memberships { totalCount } } } }""",
        {"slug": nodes[1]["slug"]},
    )
    organization = seen["publicProject"]["organization"]
    assert organization["id"] == team.organization
    assert organization["plan"] is organization["viewerRole"] is None
    assert organization["members"] == organization["assets"] == {"totalCount": None, "edges": []}
    assert organization["projects"] == {"totalCount": 1, "edges": [{"node": {"title": "Pública"}}]}
    assert seen["publicProject"]["viewerPermissions"] == []
    assert seen["publicProject"]["owner"] == {
        "id": team.owner.id,
        "email": None,
        "locale": None,
        "memberships": {"totalCount": None},
    }


async def remove(by: User, membership: str) -> Json:
    """End a membership."""
    answer = await by.ask(
        """mutation ($id: ID!) { removeMember(membershipId: $id) {
            __typename ... on Deleted { id } ... on UserError { message code path } } }""",
        {"id": membership},
    )
    result: Json = answer["removeMember"]
    return result

"""Inviting people, and their answers, through HTTP."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from auth.signatures import Keys
from models.entity import now
from models.invitation import MOST_MAILS, MOST_PENDING, Invitation
from models.letter import Letter, LetterKind
from models.opaque import token_hash
from models.organization import Role
from schema import ids
from tests.letterbox import TOKEN
from tests.platform import Json, Platform, User
from tests.test_organization import Team, team
from workers.letters.writing import Desk, written

__all__ = ["team"]

WAITING = """{ invitations { totalCount edges { node { id email role status
    organization { name } inviter { name } } } } }"""
SENT = "query ($id: ID!) { organization(id: $id) { invitations(first: 100) { edges { node { id email role } } } } }"


async def invite(by: User, organization: str, email: str, role: str = "EDITOR", fields: str = "id") -> Json:
    """Invite somebody."""
    return await by.do(
        "inviteMember", "Invitation", {"organizationId": organization, "email": email, "role": role}, fields
    )


async def accept(by: User, **which: str) -> Json:
    """Accept an invitation, by its `id` or its `token`."""
    return await by.do("acceptInvitation", "Membership", which, "role user { id } organization { id }")


async def sent(by: User, organization: str) -> list[str]:
    """Return the addresses that an organization's invitations wait for."""
    found = (await by.ask(SENT, {"id": organization}))["organization"]["invitations"]
    return [edge["node"]["email"] for edge in found["edges"]]


async def stored(id_: str) -> Invitation:
    """Return an invitation as it is stored."""
    found = await Invitation.get(ids.key(id_, "Invitation"))
    assert found is not None
    return found


@pytest.fixture
async def eva(platform: Platform) -> User:
    """Give somebody who is no member of anything, and whose address is verified."""
    return await platform.user("Eva")


async def test_an_invited_person_becomes_a_member_by_accepting(team: Team, eva: User) -> None:
    """Given an invitation to an account's address, then its user meets it without the mail, and joins in that role."""
    made = await invite(team.admin, team.organization, f" {eva.email.upper()} ", "EDITOR", "id email role status")
    assert (made["email"], made["role"], made["status"]) == (eva.email, "EDITOR", "PENDING")
    waiting = (await eva.ask(WAITING))["invitations"]
    assert waiting["totalCount"] == 1
    node = waiting["edges"][0]["node"]
    assert node["id"] == made["id"]
    assert node["organization"] == {"name": "Estudio"}
    joined = await accept(eva, id=made["id"])
    assert joined == {
        "__typename": "Membership",
        "role": "EDITOR",
        "user": {"id": eva.id},
        "organization": {"id": team.organization},
    }
    assert (await team.roles())[eva.id] == "EDITOR"
    assert (await eva.ask(WAITING))["invitations"]["totalCount"] == 0
    assert await sent(team.owner, team.organization) == []
    assert await accept(eva, id=made["id"]) == joined, "again is answered alike"


async def test_an_invitation_does_not_tell_whether_an_account_exists(team: Team, eva: User) -> None:
    """Attack: enumerating accounts by inviting. Given an account, none, and a member, then the answers are the same."""
    answers = []
    for email in (eva.email, f"{uuid4().hex}@example.com", team.viewer.email):
        answer = await invite(team.owner, team.organization, email, fields="email role status inviter { id }")
        assert answer.pop("email") == email
        answers.append(answer)
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["__typename"] == "Invitation"


async def test_a_member_who_accepts_keeps_their_role(team: Team) -> None:
    """Given an invitation of somebody who is a member already, then accepting neither raises nor lowers them."""
    made = await invite(team.owner, team.organization, team.viewer.email, "ADMIN")
    assert (await accept(team.viewer, id=made["id"]))["role"] == "VIEWER"


async def test_what_is_wrong_with_an_invitation_is_said(team: Team, eva: User) -> None:
    """A malformed address, and a role that is too low: both to invite, and to see who is invited."""
    malformed = await invite(team.owner, team.organization, "not an address")
    assert (malformed["__typename"], malformed["path"]) == ("InvalidInput", ["input", "email"])
    await invite(team.owner, team.organization, eva.email)
    for member in (team.editor, team.viewer):
        assert (await invite(member, team.organization, eva.email))["__typename"] == "NotAllowed"
        assert await sent(member, team.organization) == []
    assert await sent(team.admin, team.organization) == [eva.email]


async def test_nobody_invites_above_their_own_role(team: Team, eva: User) -> None:
    """Attack: an admin makes an owner of an accomplice. Nor do they take an owner's offer back."""
    assert (await invite(team.admin, team.organization, eva.email, "OWNER"))["__typename"] == "NotAllowed"
    made = await invite(team.owner, team.organization, eva.email, "OWNER")
    assert (await team.admin.by_id("revokeInvitation", "Invitation", made["id"]))["__typename"] == "NotAllowed"
    assert (await accept(eva, id=made["id"]))["role"] == "OWNER"


async def test_an_invitation_is_worth_no_more_than_who_sent_it(team: Team, eva: User, platform: Platform) -> None:
    """Attack: an admin invites an accomplice before being removed, or before being made less."""
    kept = await invite(team.admin, team.organization, eva.email, "ADMIN")
    change = {"membershipId": await team.membership(team.admin), "role": "EDITOR"}
    await team.owner.do("changeRole", "Membership", change)
    assert (await accept(eva, id=kept["id"]))["__typename"] == "NotFound"
    other = await platform.user()
    made = await invite(team.owner, team.organization, other.email, "OWNER")
    await team.owner.do("changeRole", "Membership", {**change, "role": "OWNER"})
    down = {"membershipId": await team.membership(team.owner), "role": "ADMIN"}
    await team.owner.do("changeRole", "Membership", down)
    assert (await accept(other, id=made["id"]))["__typename"] == "NotFound"
    assert other.id not in await team.roles()


async def test_a_forwarded_mail_opens_nothing(team: Team, eva: User, platform: Platform) -> None:
    """Attack: using somebody else's invitation, by its id or by the secret in the mail. It stays theirs."""
    made = await invite(team.owner, team.organization, eva.email)
    secret = await platform.mail.token(eva.email)
    thief = await platform.user()
    unknown = await accept(thief, token=uuid4().hex)
    for which in ({"token": secret}, {"id": made["id"]}):
        refused = await accept(thief, **which)
        assert (refused["__typename"], refused["message"]) == ("NotFound", unknown["message"])
        declined = await thief.do("declineInvitation", "Invitation", which)
        assert declined["__typename"] == "NotFound"
    assert (await thief.ask(WAITING))["invitations"]["totalCount"] == 0
    assert (await accept(eva, token=secret))["__typename"] == "Membership"


async def test_an_address_that_is_not_verified_meets_no_invitation(team: Team, eva: User, platform: Platform) -> None:
    """Attack: opening an account with somebody's address, to meet what is theirs. The mail's secret is proof."""
    made = await invite(team.owner, team.organization, eva.email)
    secret = await platform.mail.token(eva.email)
    users = platform.database.handle["users"]
    await users.update_one({"email": eva.email}, {"$set": {"email_verified_at": None}})
    assert (await eva.ask(WAITING))["invitations"]["totalCount"] == 0
    assert (await accept(eva, id=made["id"]))["__typename"] == "NotFound"
    assert (await accept(eva, token=secret))["__typename"] == "Membership"


async def test_the_mail_says_nothing_that_whoever_invites_could_choose(
    team: Team, platform: Platform, eva: User
) -> None:
    """Attack: having the platform mail one's words to strangers, by the names of an organization and of oneself."""
    words = "Win a prize at evil.example"
    await team.owner.do("updateOrganization", "Organization", {"id": team.organization, "name": words})
    await team.owner.do("updateViewer", "User", {"name": words})
    stranger = f"{uuid4().hex}@example.com"
    for email in (eva.email, stranger):
        await invite(team.owner, team.organization, email)
    mails = [await platform.mail.next(email) for email in (eva.email, stranger)]
    for mail in mails:
        assert mail.subject == "You are invited to an organization"
        assert "evil" not in mail.text + mail.html
        assert TOKEN.search(mail.text)
    told = {TOKEN.sub("", mail.text) for mail in mails}
    assert len(told) == 1, "who has an account is told the same"


async def test_who_has_no_account_yet_opens_one_and_joins(team: Team, platform: Platform) -> None:
    """Given a mail to a stranger, then they sign up with that address, and accept by its secret."""
    email = f"{uuid4().hex}@example.com"
    await invite(team.owner, team.organization, email, "ADMIN")
    secret = await platform.mail.token(email)
    stranger = await platform.user("Nueva", email)
    assert (await accept(stranger, token=secret))["role"] == "ADMIN"
    assert (await team.roles())[stranger.id] == "ADMIN"


async def test_a_revoked_one_is_not_mailed(team: Team, eva: User, platform: Platform) -> None:
    """Given an invitation that was revoked before its mail was written, then there is no mail."""
    made = await stored((await invite(team.owner, team.organization, eva.email))["id"])
    await platform.mail.next(eva.email)
    letter = Letter.make(kind=LetterKind.INVITATION, to=eva.email, about=made.id)
    desk = Desk("https://example.com", Keys(platform.settings.secret_key))
    assert await platform.database.transaction(lambda session: written(letter, desk, session)) is not None
    await team.owner.by_id("revokeInvitation", "Invitation", ids.encode("Invitation", made.id))
    assert await platform.database.transaction(lambda session: written(letter, desk, session)) is None


async def test_only_the_secret_s_hash_is_stored_and_no_list_is_named_by_an_address(
    team: Team, eva: User, platform: Platform
) -> None:
    """What leaves the database in tags of lists has no address in it."""
    id_ = (await invite(team.owner, team.organization, eva.email))["id"]
    secret = await platform.mail.token(eva.email)
    made = await stored(id_)
    assert made.token_hash == token_hash(secret)
    assert secret not in str(made)
    tags = [tag for lists in Invitation.collections for tag in lists.tags(made.model_dump(by_alias=True))]
    assert len(tags) == 2
    assert not any("@" in tag for tag in tags)


async def test_declined_and_revoked_ones_open_nothing(team: Team, eva: User) -> None:
    """Given an answer or a change of mind, then the invitation is over; so it says to who tries again."""
    first = await invite(team.owner, team.organization, eva.email)
    declined = await eva.do("declineInvitation", "Invitation", {"id": first["id"]}, "status")
    assert declined["status"] == "DECLINED"
    assert (await accept(eva, id=first["id"]))["__typename"] == "NotFound"
    second = await invite(team.owner, team.organization, eva.email)
    revoked = await team.admin.by_id("revokeInvitation", "Invitation", second["id"], "status")
    assert revoked["status"] == "REVOKED"
    assert (await accept(eva, id=second["id"]))["__typename"] == "NotFound"
    assert (await team.admin.by_id("revokeInvitation", "Invitation", second["id"]))["__typename"] == "Conflict"
    assert eva.id not in await team.roles()


async def test_an_expired_one_opens_nothing(team: Team, eva: User) -> None:
    """Given an invitation of more than seven days ago that MongoDB has not removed yet, then it is as good as gone."""
    made = await invite(team.owner, team.organization, eva.email)
    invitation = await stored(made["id"])
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)
    invitation.expires_at = now() - timedelta(seconds=1)
    await invitation.save()
    assert (await accept(eva, id=made["id"]))["__typename"] == "NotFound"
    assert (await eva.do("declineInvitation", "Invitation", {"id": made["id"]}))["__typename"] == "NotFound"


async def test_a_newer_one_replaces_the_older(team: Team, eva: User) -> None:
    """Given two for one address, then the newer counts alone."""
    older = await invite(team.owner, team.organization, eva.email, "ADMIN")
    newer = await invite(team.owner, team.organization, eva.email, "VIEWER")
    assert await sent(team.owner, team.organization) == [eva.email]
    assert (await accept(eva, id=older["id"]))["__typename"] == "NotFound"
    assert (await accept(eva, id=newer["id"]))["role"] == "VIEWER"


async def test_two_acceptances_at_once_make_one_member(team: Team, eva: User) -> None:
    """Given a double click, then both are answered alike, and there is one membership."""
    made = await invite(team.owner, team.organization, eva.email)
    both = await asyncio.gather(accept(eva, id=made["id"]), accept(eva, id=made["id"]))
    assert both[0] == both[1]
    assert list(await team.roles()).count(eva.id) == 1


async def test_nobody_s_mailbox_is_flooded(team: Team, eva: User) -> None:
    """Attack: inviting one address again and again, revoking between. After five in a day it waits."""
    for _ in range(MOST_MAILS["address"]):
        made = await invite(team.owner, team.organization, eva.email)
        await team.owner.by_id("revokeInvitation", "Invitation", made["id"])
    refused = await invite(team.owner, team.organization, eva.email)
    assert refused["__typename"] == "RateLimited"
    answer = await team.owner.do(
        "inviteMember",
        "RateLimited",
        {"organizationId": team.organization, "email": eva.email, "role": "VIEWER"},
        "retryAfter",
    )
    assert 86_000 < answer["retryAfter"] <= 86_400


async def _draw(team: Team, count: int, **fields: object) -> None:
    """Have an organization so many invitations."""
    there, by = ids.key(team.organization, "Organization"), ids.key(team.owner.id, "User")
    rows = [
        Invitation.make(
            organization=there, email=f"{uuid4().hex}@example.com", role=Role.VIEWER, invited_by=by, **fields
        )
        for _ in range(count)
    ]
    await Invitation.insert_many(rows)


async def test_an_organization_has_a_hundred_waiting_at_most(team: Team) -> None:
    """Also when the last places are asked for at the same time."""
    await _draw(team, MOST_PENDING - 1)
    both = await asyncio.gather(
        *(invite(team.owner, team.organization, f"{uuid4().hex}@example.com") for _ in range(3))
    )
    assert sorted(answer["__typename"] for answer in both) == ["Conflict", "Conflict", "Invitation"]
    assert await Invitation.find({"organization": ids.key(team.organization, "Organization")}).count() == MOST_PENDING


async def test_an_organization_sends_two_hundred_a_day_at_most(team: Team) -> None:
    """Attack: using the platform to send mail to many, whatever becomes of the invitations."""
    await _draw(team, MOST_MAILS["organization"], status="REVOKED")
    assert (await invite(team.owner, team.organization, "a@example.com"))["__typename"] == "RateLimited"


async def test_a_node_of_an_invitation_is_shown_to_managers(team: Team, eva: User) -> None:
    """Given its id, then those who manage members see it; other members, and whom it is for, as if it were none."""
    made = await invite(team.owner, team.organization, eva.email)
    query = "query ($id: ID!) { node(id: $id) { id } }"
    for user, seen in (
        (team.owner, True),
        (team.admin, True),
        (team.editor, False),
        (team.viewer, False),
        (eva, False),
    ):
        assert ((await user.ask(query, {"id": made["id"]}))["node"] is not None) is seen


async def test_nobody_and_deleted_organizations_invite_nobody(team: Team, eva: User, platform: Platform) -> None:
    """Given an organization that is deleted, then its invitations open nothing; without a sign-in there are none."""
    made = await invite(team.owner, team.organization, eva.email)
    await team.owner.do("deleteOrganization", "Deleted", {"id": team.organization, "name": "Estudio"})
    assert (await accept(eva, id=made["id"]))["__typename"] == "NotFound"
    status, body = await platform.post(WAITING)
    assert (status, body["errors"][0]["extensions"]["code"]) == (200, "NOT_SIGNED_IN")


async def test_every_step_is_audited_without_the_address(team: Team, eva: User, platform: Platform) -> None:
    """The log says who invited, accepted, declined and revoked, by ids and roles alone."""
    first = await invite(team.owner, team.organization, eva.email, "ADMIN")
    await eva.do("declineInvitation", "Invitation", {"id": first["id"]})
    second = await invite(team.owner, team.organization, eva.email, "VIEWER")
    await team.owner.by_id("revokeInvitation", "Invitation", second["id"])
    third = await invite(team.owner, team.organization, eva.email, "EDITOR")
    await accept(eva, id=third["id"])
    there = ids.key(team.organization, "Organization")
    events = await platform.database.handle["audit_events"].find({"organization": there}).sort("_id", 1).to_list()
    told = [
        (event["action"], event["details"].get("role")) for event in events if "ORGANIZATION" not in event["action"]
    ]
    assert told == [
        ("INVITATION_SENT", "ADMIN"),
        ("INVITATION_DECLINED", None),
        ("INVITATION_SENT", "VIEWER"),
        ("INVITATION_REVOKED", None),
        ("INVITATION_SENT", "EDITOR"),
        ("INVITATION_ACCEPTED", None),
        ("MEMBER_ADDED", "EDITOR"),
    ]
    assert eva.email not in str(events)

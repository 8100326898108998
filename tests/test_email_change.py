"""Using another address, and attacks on that; through HTTP, with the mail that is sent."""

from __future__ import annotations

from typing import Any

from schema import ids
from tests.account_steps import (
    NEW,
    VIEWER,
    actions,
    an_email,
    ana,
    ask_reset,
    confirm,
    reset,
    sign_in,
    sign_up,
    signed_in_long_ago,
    token_in,
    verify,
)
from tests.platform import Platform, User

__all__ = ["ana"]  # a fixture


async def test_another_address_is_used_once_it_is_verified(platform: Platform, ana: User) -> None:
    """Given a change, then both addresses are written to, and the old one counts until the link is followed."""
    email = an_email()
    asked = await ana.do("changeEmail", "CheckYourMail", {"email": email.upper()}, "expiresIn")
    assert asked == {"__typename": "CheckYourMail", "expiresIn": 86400}
    assert (await platform.mail.next(ana.email)).subject == "Your address is to be changed"
    token = await platform.mail.token(email)
    assert (await ana.ask(VIEWER))["viewer"]["email"] == ana.email
    assert (await confirm(platform, token))["__typename"] == "EmailChanged"
    assert (await ana.ask(VIEWER))["viewer"] == {"id": ana.id, "email": email, "emailVerified": True}
    assert (await platform.mail.next(ana.email)).subject == "Your address was changed"
    assert (await sign_in(platform, email))["viewer"] == {"id": ana.id}
    assert (await sign_in(platform, ana.email))["__typename"] == "NotSignedIn"
    assert (await confirm(platform, token))["__typename"] == "InvalidInput"
    assert (await actions(platform, ana))[-1] in {"EMAIL_CHANGED", "SIGNED_IN"}
    assert "EMAIL_CHANGED" in await actions(platform, ana)


async def test_changing_the_address_does_not_tell_who_has_an_account(platform: Platform, ana: User) -> None:
    """Given a taken address, then the answer is that for a free one; its owner hears of it, and nothing changes."""
    bea = await platform.user("Bea")
    answers = [
        await ana.do("changeEmail", "CheckYourMail", {"email": to}, "expiresIn") for to in (bea.email, an_email())
    ]
    assert answers[0] == answers[1]
    message = await platform.mail.next(bea.email)
    assert message.subject == "You have an account already"
    assert (await confirm(platform, token_in(message)))["__typename"] == "InvalidInput"
    assert (await ana.ask(VIEWER))["viewer"]["email"] == ana.email


async def test_an_address_that_was_taken_meanwhile_is_not_changed_to(platform: Platform, ana: User) -> None:
    """Given a link to an address that somebody opens an account with before it is followed, then it is worthless."""
    email = an_email()
    await ana.do("changeEmail", "CheckYourMail", {"email": email}, "expiresIn")
    changing = await platform.mail.token(email)
    await sign_up(platform, email)
    await verify(platform, await platform.mail.token(email))
    assert (await confirm(platform, changing))["__typename"] == "InvalidInput"
    assert (await ana.ask(VIEWER))["viewer"]["email"] == ana.email


async def test_the_owner_stops_a_thief_who_changes_the_address(platform: Platform, ana: User) -> None:
    """Given a thief's change, when the owner resets the password, then the link to the thief's address is worthless."""
    thief = an_email()
    await ana.do("changeEmail", "CheckYourMail", {"email": thief}, "expiresIn")
    stolen = await platform.mail.token(thief)
    await platform.mail.next(ana.email)
    await ask_reset(platform, ana.email)
    await reset(platform, await platform.mail.token(ana.email))
    assert (await confirm(platform, stolen))["__typename"] == "InvalidInput"
    assert (await sign_in(platform, ana.email, NEW))["viewer"] == {"id": ana.id}


async def test_the_address_changes_only_by_who_has_proved_who_they_are(platform: Platform, ana: User) -> None:
    """Given a device that proved it long ago, or nobody, or what is no address, then nothing is sent."""
    for email, kind in ((an_email(), "StepUpRequired"), ("nobody", "InvalidInput")):
        if kind == "StepUpRequired":
            await signed_in_long_ago(platform, ana)
        else:
            ana = await platform.user()
        assert (await ana.do("changeEmail", "CheckYourMail", {"email": email}, "expiresIn"))["__typename"] == kind
        assert await platform.database.handle["letters"].find_one({"user": ids.key(ana.id, "User")}) is None
    nobody = User(platform, "", "", "", "")
    told = await nobody.do("changeEmail", "CheckYourMail", {"email": an_email()}, "expiresIn")
    assert told["__typename"] == "NotSignedIn"


async def test_an_old_account_verifies_the_address_that_it_has(platform: Platform, ana: User) -> None:
    """Given an account from before addresses were verified, when it asks for its own, then that is verified."""
    key = {"_id": ids.key(ana.id, "User")}
    await platform.database.handle["users"].update_one(key, {"$unset": {"email_verified_at": ""}})
    assert (await ana.ask(VIEWER))["viewer"]["emailVerified"] is False
    await ana.do("changeEmail", "CheckYourMail", {"email": ana.email}, "expiresIn")
    await confirm(platform, await platform.mail.token(ana.email))
    assert (await ana.ask(VIEWER))["viewer"]["emailVerified"] is True
    assert (await actions(platform, ana))[-1] == "EMAIL_VERIFIED"


async def test_others_do_not_see_whether_an_address_is_verified(platform: Platform, ana: User) -> None:
    """Given a colleague, then they see the name alone."""
    organization = await ana.organization()
    bea = await ana.member(organization, "EDITOR")
    query = "query ($id: ID!) { node(id: $id) { ... on Organization { members { edges { node { user { %s } } } } } } }"
    found: Any = await bea.ask(query % "id email emailVerified", {"id": organization})
    shown = {row["node"]["user"]["id"]: row["node"]["user"] for row in found["node"]["members"]["edges"]}
    assert shown[ana.id]["emailVerified"] is None
    assert shown[bea.id]["emailVerified"] is True

"""Forgotten and changed passwords, and attacks on both; through HTTP, with the mail that is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

from app.embedded.ports import free_port
from auth.passwords import ROUNDS
from schema import ids
from tests.account_steps import (
    ASK,
    NEW,
    REFRESH,
    actions,
    an_email,
    ana,
    ask_reset,
    reset,
    sign_in,
    sign_up,
    signed_in_long_ago,
    verify,
)
from tests.accounts import PASSWORD, opened
from tests.platform import Platform, User, an_address, another_api

__all__ = ["ana"]  # a fixture


async def test_asking_for_a_reset_does_not_tell_whether_an_account_exists(platform: Platform, ana: User) -> None:
    """Given an account and none, then bodies are equal, no password is hashed, and the account alone is written to."""
    unknown, before = an_email(), ROUNDS._value.get()  # noqa: SLF001 - the metric's
    answers = [
        await platform.post(ASK, {"input": {"email": email}}, address=an_address()) for email in (unknown, ana.email)
    ]
    assert answers[0] == answers[1]
    assert answers[0][1]["data"]["askPasswordReset"] == {"__typename": "CheckYourMail", "expiresIn": 1800}
    assert ROUNDS._value.get() == before  # noqa: SLF001
    assert (await platform.mail.next(ana.email)).subject == "Set a new password"  # the later one: both are done
    assert platform.mail.empty(unknown)
    assert await platform.database.handle["mailed_tokens"].find_one({"email": unknown}) is None
    assert (await actions(platform, ana))[-1] == "PASSWORD_RESET_ASKED"


async def test_the_owner_asks_with_letters_that_fold_to_others(platform: Platform) -> None:
    """Given an attacker whose address only folds to a victim's (a Kelvin sign for a k), then the victim gets the mail.

    The mail goes to the address that the account has, never to the one that was typed.
    """
    victim = f"k{uuid4().hex}@example.com"
    await sign_up(platform, victim)
    await verify(platform, await platform.mail.token(victim))
    typed = "\u212a" + victim[1:]
    assert (await ask_reset(platform, typed))["__typename"] == "CheckYourMail"
    assert (await platform.mail.next(victim)).to == victim
    assert platform.mail.empty(typed)


async def test_a_reset_signs_every_device_out(platform: Platform, ana: User) -> None:
    """Given two devices and two links, then one link ends both, the other link, and the old password; all is told."""
    other = await sign_in(platform, ana.email)
    tokens = []
    for _ in range(2):
        await ask_reset(platform, ana.email)
        tokens.append(await platform.mail.token(ana.email))
    assert await reset(platform, tokens[0]) == {"__typename": "PasswordChanged", "sessionsEnded": 2}
    for refresh_token in (ana.refresh_token, other["refreshToken"]):
        assert (await platform.ask(REFRESH, {"token": refresh_token}))["refresh"]["__typename"] == "NotSignedIn"
    for token in tokens:
        assert (await reset(platform, token, PASSWORD))["__typename"] == "InvalidInput"
    assert (await sign_in(platform, ana.email))["__typename"] == "NotSignedIn"
    assert (await sign_in(platform, ana.email, NEW))["viewer"] == {"id": ana.id}
    assert (await platform.mail.next(ana.email)).subject == "Your password was changed"
    assert "PASSWORD_RESET" in await actions(platform, ana)
    events = platform.database.handle["audit_events"]
    revoked = {"actor": ids.key(ana.id, "User"), "action": "SESSION_REVOKED"}
    assert await events.count_documents(revoked) == 2


async def test_of_two_resets_with_one_link_one_counts(platform: Platform, ana: User) -> None:
    """Given a link that is used twice at once, then one password is the account's."""
    await ask_reset(platform, ana.email)
    token = await platform.mail.token(ana.email)
    passwords = [f"{NEW} {number}" for number in range(2)]
    answers = await asyncio.gather(*(reset(platform, token, password) for password in passwords))
    kinds = [one["__typename"] for one in answers]
    assert sorted(kinds) == ["InvalidInput", "PasswordChanged"]
    won = passwords[kinds.index("PasswordChanged")]
    assert (await sign_in(platform, ana.email, won))["viewer"] == {"id": ana.id}


async def test_a_weak_password_does_not_use_a_link_up(platform: Platform, ana: User) -> None:
    """Given one that is refused, then the link still works."""
    await ask_reset(platform, ana.email)
    token = await platform.mail.token(ana.email)
    assert (await reset(platform, token, "short"))["path"] == ["input", "password"]
    assert (await reset(platform, token, "Ana " + ana.email.partition("@")[0]))["path"] == ["input", "password"]
    assert (await reset(platform, token))["__typename"] == "PasswordChanged"


async def test_a_mailbox_cannot_be_flooded_and_the_bound_tells_nothing(platform: Platform) -> None:
    """Given six requests for an account and for none, each from another address, then the sixth is refused for both."""
    owner = await opened(platform.database.handle)
    for email in (owner, an_email()):
        kinds = [(await ask_reset(platform, email))["__typename"] for _ in range(6)]
        assert kinds == [*["CheckYourMail"] * 5, "RateLimited"]
    tokens = [await platform.mail.token(owner) for _ in range(5)]
    assert (await reset(platform, tokens[0]))["__typename"] == "PasswordChanged"  # who is refused has links that work


async def test_an_address_cannot_send_mail_to_everybody(platform: Platform) -> None:
    """Given eleven sign-ups from one address within a minute, then the last is refused, unhashed."""
    address = an_address()
    sign_ups = "".join(
        f'a{n}: signUp(input: {{email: "{an_email()}", password: "{PASSWORD}", name: "N"}}) {{ __typename }} '
        for n in range(11)
    )
    before = ROUNDS._value.get()  # noqa: SLF001 - the metric's
    answer = await platform.ask(f"mutation {{ {sign_ups} }}", address=address)
    assert Counter(one["__typename"] for one in answer.values()) == {"CheckYourMail": 10, "RateLimited": 1}
    assert ROUNDS._value.get() - before == 10  # noqa: SLF001


async def test_no_mail_is_caused_while_requests_cannot_be_counted(platform: Platform) -> None:
    """Given Redis is away, then signing up and asking for a reset are refused."""
    async with another_api(platform, redis_url=f"redis://127.0.0.1:{free_port()}") as there:
        for answer in (await sign_up(there, an_email()), await ask_reset(there, an_email())):
            assert answer["__typename"] == "RateLimited"
            assert "cannot be counted" in answer["message"]


async def test_changing_the_password_signs_other_devices_out(platform: Platform, ana: User) -> None:
    """Given two devices, then the one that changes it stays signed in; links that were sent before are worthless."""
    other = await sign_in(platform, ana.email)
    await ask_reset(platform, ana.email)
    token = await platform.mail.token(ana.email)
    changed = await ana.do("changePassword", "PasswordChanged", {"current": PASSWORD, "password": NEW}, "sessionsEnded")
    assert changed == {"__typename": "PasswordChanged", "sessionsEnded": 1}
    assert (await platform.ask(REFRESH, {"token": other["refreshToken"]}))["refresh"]["__typename"] == "NotSignedIn"
    assert (await platform.ask(REFRESH, {"token": ana.refresh_token}))["refresh"]["__typename"] == "SignedIn"
    assert (await reset(platform, token))["__typename"] == "InvalidInput"
    assert (await sign_in(platform, ana.email, NEW))["viewer"] == {"id": ana.id}
    assert (await platform.mail.next(ana.email)).subject == "Your password was changed"
    assert "PASSWORD_CHANGED" in await actions(platform, ana)


async def test_a_stolen_device_does_not_change_the_password(platform: Platform, ana: User) -> None:
    """Given one who does not know it, or who has proved nothing for long, or is nobody, then it stays."""
    wrong = {"current": "wrong horse battery", "password": NEW}
    refused = await ana.do("changePassword", "PasswordChanged", wrong, "sessionsEnded")
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "current"])
    await signed_in_long_ago(platform, ana)
    right = {"current": PASSWORD, "password": NEW}
    assert (await ana.do("changePassword", "PasswordChanged", right, "sessionsEnded"))["__typename"] == "StepUpRequired"
    nobody = User(platform, "", "", "", "")
    told = await nobody.do("changePassword", "PasswordChanged", right, "sessionsEnded")
    assert told["__typename"] == "NotSignedIn"
    assert (await sign_in(platform, ana.email))["viewer"] == {"id": ana.id}


async def test_guessing_the_present_password_on_a_stolen_device_is_bounded(platform: Platform, ana: User) -> None:
    """Given six guesses, then five are looked at; the right one too waits."""
    kinds = []
    for guess in (*["wrong horse battery"] * 5, PASSWORD):
        input_ = {"current": guess, "password": NEW}
        kinds.append((await ana.do("changePassword", "PasswordChanged", input_, "sessionsEnded"))["__typename"])
    assert kinds == [*["InvalidInput"] * 5, "RateLimited"]

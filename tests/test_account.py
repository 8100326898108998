"""Opening an account and keeping it one's own, and attacks on both; through HTTP, with the mail that is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.embedded.ports import free_port
from auth.passwords import ROUNDS
from models.opaque import token_hash
from schema import ids
from storage.mail import Message
from tests.accounts import PASSWORD, opened
from tests.letterbox import TOKEN
from tests.platform import Json, Platform, User, an_address, another_api

NEW = "another horse battery"
SIGN_UP = """mutation ($input: SignUpInput!) { signUp(input: $input) {
    __typename ... on CheckYourMail { expiresIn } ... on UserError { message code path } } }"""
VERIFY = """mutation ($token: String!) { verifyEmail(token: $token) { __typename
    ... on SignedIn { accessToken refreshToken expiresIn viewer { id name email locale emailVerified } }
    ... on UserError { message code path } } }"""
CONFIRM = """mutation ($token: String!) { confirmEmailChange(token: $token) { __typename
    ... on UserError { message code path } } }"""
ASK = """mutation ($input: AskPasswordResetInput!) { askPasswordReset(input: $input) {
    __typename ... on CheckYourMail { expiresIn } ... on UserError { message code path } } }"""
RESET = """mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) {
    __typename ... on PasswordChanged { sessionsEnded } ... on UserError { message code path } } }"""
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) {
    __typename ... on SignedIn { accessToken refreshToken viewer { id } } ... on UserError { message } } }"""
REFRESH = "mutation ($token: String!) { refresh(refreshToken: $token) { __typename } }"
VIEWER = "{ viewer { id email emailVerified } }"


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


def an_email() -> str:
    """Return an address that nobody has."""
    return f"{uuid4().hex}@example.com"


async def sign_up(platform: Platform, email: str, password: str = PASSWORD, **fields: object) -> Json:
    """Begin to open an account, from an address of one's own."""
    input_ = {"email": email, "password": password, "name": "Eva", **fields}
    found: Json = (await platform.ask(SIGN_UP, {"input": input_}, address=an_address()))["signUp"]
    return found


async def verify(platform: Platform, token: str) -> Json:
    """Follow a link."""
    found: Json = (await platform.ask(VERIFY, {"token": token}))["verifyEmail"]
    return found


async def confirm(platform: Platform, token: str) -> Json:
    """Follow the link to a new address."""
    found: Json = (await platform.ask(CONFIRM, {"token": token}))["confirmEmailChange"]
    return found


async def ask_reset(platform: Platform, email: str) -> Json:
    """Say that a password is forgotten."""
    found: Json = (await platform.ask(ASK, {"input": {"email": email}}, address=an_address()))["askPasswordReset"]
    return found


async def reset(platform: Platform, token: str, password: str = NEW) -> Json:
    """Set a new password by a link."""
    found: Json = (await platform.ask(RESET, {"input": {"token": token, "password": password}}))["resetPassword"]
    return found


async def sign_in(platform: Platform, email: str, password: str = PASSWORD) -> Json:
    """Sign in from a new address."""
    input_ = {"email": email, "password": password}
    found: Json = (await platform.ask(SIGN_IN, {"input": input_}, address=an_address()))["signIn"]
    return found


async def actions(platform: Platform, user: User) -> list[str]:
    """Return what the audit log says was done to an account."""
    found = platform.database.handle["audit_events"].find({"subject": ids.key(user.id, "User")}).sort("_id")
    return [event["action"] for event in await found.to_list()]


async def signed_in_long_ago(platform: Platform, user: User) -> None:
    """Have a device be one that has proved nothing for an hour."""
    await platform.database.handle["sessions"].update_many(
        {"user": ids.key(user.id, "User")}, {"$set": {"authenticated_at": datetime.now(UTC) - timedelta(hours=1)}}
    )


async def test_an_account_is_opened_by_following_a_link(platform: Platform) -> None:
    """Given a sign-up, then nobody signs in with it before its address is verified; the link signs in, once."""
    email = f"Eva.{uuid4().hex}@Example.COM"
    assert await sign_up(platform, f" {email} ", locale="es-ES") == {"__typename": "CheckYourMail", "expiresIn": 86400}
    assert (await sign_in(platform, email))["__typename"] == "NotSignedIn"
    message = await platform.mail.next(email.lower())
    assert message.subject == "Confirma tu dirección"
    token = _token(message)
    made = await verify(platform, token)
    assert made["viewer"] == {
        "id": made["viewer"]["id"],
        "name": "Eva",
        "email": email.lower(),
        "locale": "es-ES",
        "emailVerified": True,
    }
    assert (await platform.ask(VIEWER, token=made["accessToken"]))["viewer"]["id"] == made["viewer"]["id"]
    assert (await sign_in(platform, email))["viewer"]["id"] == made["viewer"]["id"]
    again = await verify(platform, token)
    assert (again["__typename"], again["path"]) == ("InvalidInput", ["token"])


async def test_only_hashes_are_stored(platform: Platform) -> None:
    """Neither the password, nor the token that was mailed, nor that of the session; no hash is beside the user."""
    email = an_email()
    await sign_up(platform, email)
    token = await platform.mail.token(email)
    made, handle = await verify(platform, token), platform.database.handle
    key = ids.key(made["viewer"]["id"], "User")
    stored = await handle["users"].find_one({"_id": key})
    credential = await handle["credentials"].find_one({"_id": key})
    mailed = await handle["mailed_tokens"].find_one({"email": email})
    assert "argon2" not in str(stored)
    assert credential is not None
    assert credential["hash"].startswith("$argon2id$")
    assert mailed is not None
    assert mailed["hash"] == token_hash(token)
    assert token not in str(mailed)
    assert made["refreshToken"] not in str(await handle["sessions"].find_one({"user": key}))
    assert await handle["sign_ups"].find_one({"email": email}) is None
    assert await handle["letters"].find_one({"to": email}) is None


async def test_signing_up_does_not_tell_whether_an_account_exists(platform: Platform, ana: User) -> None:
    """Given a taken address and a free one, then bodies and work are equal; the owner is written to, and unchanged."""
    seen = []
    for email in (ana.email.upper(), an_email()):
        before = ROUNDS._value.get()  # noqa: SLF001 - the metric's
        input_ = {"email": email, "password": NEW, "name": "Eve"}
        answer = await platform.post(SIGN_UP, {"input": input_}, address=an_address())
        seen.append((answer, ROUNDS._value.get() - before))  # noqa: SLF001
    assert seen[0] == seen[1]
    assert seen[0][1] == 1
    message = await platform.mail.next(ana.email)
    assert message.subject == "You have an account already"
    assert "Hello Ana," in message.text
    assert "Eve" not in message.text + message.html
    assert (await sign_in(platform, ana.email, NEW))["__typename"] == "NotSignedIn"
    assert (await sign_in(platform, ana.email))["viewer"] == {"id": ana.id}
    assert (await reset(platform, _token(message)))["__typename"] == "PasswordChanged"


async def test_signing_up_again_does_not_hijack_what_waits(platform: Platform) -> None:
    """Given an attacker who signs up for an address that waits, then the first link makes its own password count."""
    email = an_email()
    await sign_up(platform, email, PASSWORD)
    first = await platform.mail.token(email)
    await sign_up(platform, email, NEW, name="Eve")
    second = await platform.mail.token(email)
    made = await verify(platform, first)
    assert made["viewer"]["name"] == "Eva"
    assert (await verify(platform, second))["__typename"] == "InvalidInput"
    assert (await sign_in(platform, email, NEW))["__typename"] == "NotSignedIn"
    assert (await sign_in(platform, email, PASSWORD))["viewer"]["id"] == made["viewer"]["id"]


async def test_two_links_at_once_make_one_account(platform: Platform) -> None:
    """Given two sign-ups for an address, and both links followed twice at the same time, then one of four counts."""
    email = an_email()
    tokens = []
    for _ in range(2):
        await sign_up(platform, email)
        tokens.append(await platform.mail.token(email))
    answers = await asyncio.gather(*(verify(platform, token) for token in tokens * 2))
    assert Counter(one["__typename"] for one in answers) == {"SignedIn": 1, "InvalidInput": 3}
    assert await platform.database.handle["users"].count_documents({"email": email}) == 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": f"{'a' * 250}@example.com"}, "email"),
        ({"email": "ana@example.com\r\nBcc: eve@example.com"}, "email"),
        ({"email": "ana,eve@example.com"}, "email"),
        ({"email": "<ana@example.com>"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": "password123"}, "password"),
        ({"name": "  "}, "name"),
        ({"locale": "english"}, "locale"),
    ],
)
async def test_a_bad_account_is_refused(platform: Platform, fields: Json, named: str) -> None:
    """The path leads to the field; among them what would put a header into a mail, or name another recipient."""
    refused = await sign_up(platform, **{"email": an_email(), **fields})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", named])


async def test_a_token_is_worthless_late_and_for_another_purpose(platform: Platform, ana: User) -> None:
    """Given a link that has expired, one for something else, and one that was made up, then they get one answer."""
    email = an_email()
    await sign_up(platform, email)
    late = await platform.mail.token(email)
    await platform.database.handle["mailed_tokens"].update_one(
        {"hash": token_hash(late)}, {"$set": {"expires_at": datetime.now(UTC)}}
    )
    await ask_reset(platform, ana.email)
    resetting = await platform.mail.token(ana.email)
    answers = [await verify(platform, token) for token in (late, resetting, "made-up", "")]
    assert answers == [answers[0]] * 4
    assert answers[0]["code"] == "INVALID_INPUT"
    await sign_up(platform, email)
    verifying = await platform.mail.token(email)
    assert (await reset(platform, verifying))["path"] == ["input", "token"]


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
    assert (await confirm(platform, _token(message)))["__typename"] == "InvalidInput"
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


async def test_opening_an_account_is_audited(platform: Platform, ana: User) -> None:
    """In the transaction that opens it, by ids."""
    assert await actions(platform, ana) == ["ACCOUNT_OPENED", "EMAIL_VERIFIED", "SIGNED_IN"]
    events = platform.database.handle["audit_events"].find({"subject": ids.key(ana.id, "User")})
    assert ana.email not in str(await events.to_list())


def _token(message: Message) -> str:
    found = TOKEN.search(message.text)
    assert found is not None
    return found[1]

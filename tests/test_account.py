"""Opening an account, and attacks on that; through HTTP, with the mail that is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from auth.passwords import ROUNDS
from models.opaque import token_hash
from schema import ids
from tests.account_steps import (
    NEW,
    SIGN_UP,
    VIEWER,
    actions,
    an_email,
    ana,
    ask_reset,
    reset,
    sign_in,
    sign_up,
    token_in,
    verify,
)
from tests.accounts import PASSWORD
from tests.platform import Json, Platform, User, an_address

__all__ = ["ana"]  # a fixture


async def test_an_account_is_opened_by_following_a_link(platform: Platform) -> None:
    """Given a sign-up, then nobody signs in with it before its address is verified; the link signs in, once."""
    email = f"Eva.{uuid4().hex}@Example.COM"
    assert await sign_up(platform, f" {email} ", locale="es-ES") == {"__typename": "CheckYourMail", "expiresIn": 86400}
    assert (await sign_in(platform, email))["__typename"] == "NotSignedIn"
    message = await platform.mail.next(email.lower())
    assert message.subject == "Confirma tu dirección"
    token = token_in(message)
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
    assert (await reset(platform, token_in(message)))["__typename"] == "PasswordChanged"


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


async def test_opening_an_account_is_audited(platform: Platform, ana: User) -> None:
    """In the transaction that opens it, by ids."""
    assert await actions(platform, ana) == ["ACCOUNT_OPENED", "EMAIL_VERIFIED", "SIGNED_IN"]
    events = platform.database.handle["audit_events"].find({"subject": ids.key(ana.id, "User")})
    assert ana.email not in str(await events.to_list())

"""The steps of opening an account and keeping it, through HTTP, with the mail that is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from schema import ids
from storage.mail import Message
from tests.accounts import PASSWORD
from tests.letterbox import TOKEN
from tests.platform import Json, Platform, User, an_address

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


def token_in(message: Message) -> str:
    """Return the token of the link in a mail."""
    found = TOKEN.search(message.text)
    assert found is not None
    return found[1]

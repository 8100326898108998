"""What mutations of accounts write to the audit log."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.accounts import PASSWORD, mailed, opened, waiting
from tests.audit_cases import Case, World, writes
from tests.platform import Json, User

_NEW = f"{PASSWORD} 2"


async def _sign_up(w: World) -> str:
    return await waiting(w.platform.database.handle)


async def _link(w: World, purpose: str, address: str = "") -> str:
    """Mail a link of somebody new, whom no other case knows; return its token."""
    rows = w.platform.database.handle
    user: Json = await rows["users"].find_one({"email": await opened(rows)}) or {}
    return await mailed(rows, purpose, address or user["email"], user=user["_id"])


async def _somebody(w: World) -> User:
    return await w.platform.resident()


def _them(w: World) -> User:
    user: User = w.given
    return user


async def _follow(w: World, mutation: str) -> Any:
    return await w.platform.ask(f"mutation ($t: String!) {{ {mutation}(token: $t) {{ __typename }} }}", {"t": w.given})


AUDITED: dict[str, Case] = {
    "verifyEmail": Case(
        (("ACCOUNT_OPENED", "User"), ("EMAIL_VERIFIED", "User"), ("SIGNED_IN", "User")),
        lambda w: _follow(w, "verifyEmail"),
        nobody=True,
        given=_sign_up,
        by=None,
    ),
    "confirmEmailChange": writes(
        "EMAIL_CHANGED",
        "User",
        lambda w: _follow(w, "confirmEmailChange"),
        nobody=True,
        given=lambda w: _link(w, "EMAIL_CHANGE", f"{uuid4().hex}@example.com"),
        by=None,
    ),
    "resetPassword": writes(
        "PASSWORD_RESET",
        "User",
        lambda w: w.anybody("resetPassword", "PasswordChanged", {"token": w.given, "password": _NEW}),
        nobody=True,
        given=lambda w: _link(w, "PASSWORD_RESET"),
        by=None,
    ),
    "changePassword": writes(
        "PASSWORD_CHANGED",
        "User",
        lambda w: w.given.do(
            "changePassword", "PasswordChanged", {"current": PASSWORD, "password": _NEW}, "sessionsEnded"
        ),
        given=_somebody,
        by=_them,
    ),
    "signIn": writes(
        "SIGNED_IN",
        "User",
        lambda w: w.anybody("signIn", "SignedIn", {"email": w.eva.email, "password": PASSWORD}),
        nobody=True,
        by=lambda w: w.eva,
    ),
}

UNAUDITED: dict[str, str] = {
    "signUp": "opens nothing: `verifyEmail` does",
    "askPasswordReset": "the relay writes that, when it sends the link: here nobody looks whether there is an account",
    "changeEmail": "changes nothing: `confirmEmailChange` does",
}

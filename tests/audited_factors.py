"""What mutations of second factors, passkeys and stepping up write to the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.audit_cases import PASSWORD, Case, World, writes
from tests.factors import BEGIN, CONFIRM, RENEW, STEP_UP, WITH_RECOVERY, WITH_TOTP, App, finish, set_up, ticket_of
from tests.factors import REMOVE as REMOVE_TOTP
from tests.passkeys import Device, add, run, sign_in, step_up
from tests.platform import User
from tests.test_passkey import REMOVE, REMOVE_PASSWORD, RENAME


@dataclass
class Keyring:
    """Somebody new, their authenticator, and the passkey that they have added (None: not yet)."""

    user: User
    device: Device
    passkey: str


async def _app(w: World) -> App:
    return await set_up(await w.platform.resident())


async def _begun(w: World) -> App:
    user = await w.platform.resident()
    return App(user, (await run(w.platform, BEGIN, user.token))["secret"], [])


async def _passkey(w: World) -> Keyring:
    user, device = await w.platform.resident(), Device()
    return Keyring(user, device, (await add(user, device))["id"])


async def _ask(w: World, query: str, **variables: Any) -> Any:
    return await run(w.platform, query, w.given.user.token, **variables)


def _theirs(w: World) -> User:
    user: User = w.given.user
    return user


async def _second(w: World, code: str, query: str) -> Any:
    return await finish(w.given.user, await ticket_of(w.given.user), code, query)


AUDITED: dict[str, Case] = {
    "signInWithTotp": writes(
        "SIGNED_IN", "User", lambda w: _second(w, w.given.code(), WITH_TOTP), nobody=True, given=_app, by=_theirs
    ),
    "signInWithRecoveryCode": Case(
        (("RECOVERY_CODE_USED", "User"), ("SIGNED_IN", "User")),
        lambda w: _second(w, w.given.recovery[0], WITH_RECOVERY),
        nobody=True,
        given=_app,
        by=_theirs,
    ),
    "confirmTotp": Case(
        (("TOTP_ADDED", "User"), ("RECOVERY_CODES_MADE", "User")),
        lambda w: _ask(w, CONFIRM, code=w.given.code()),
        given=_begun,
        by=_theirs,
    ),
    "makeRecoveryCodes": writes("RECOVERY_CODES_MADE", "User", lambda w: _ask(w, RENEW), given=_app, by=_theirs),
    "removeTotp": writes("TOTP_REMOVED", "User", lambda w: _ask(w, REMOVE_TOTP), given=_app, by=_theirs),
    "removePassword": writes(
        "PASSWORD_REMOVED", "User", lambda w: _ask(w, REMOVE_PASSWORD), given=_passkey, by=_theirs
    ),
    "finishPasskeyRegistration": writes(
        "PASSKEY_ADDED", "Passkey", lambda w: add(w.given.user, Device()), given=_passkey, by=_theirs
    ),
    "renamePasskey": writes(
        "PASSKEY_RENAMED",
        "Passkey",
        lambda w: _ask(w, RENAME, input={"id": w.given.passkey, "name": "N"}),
        given=_passkey,
        by=_theirs,
    ),
    "removePasskey": writes(
        "PASSKEY_REMOVED", "Passkey", lambda w: _ask(w, REMOVE, id=w.given.passkey), given=_passkey, by=_theirs
    ),
    "finishPasskeySignIn": writes(
        "SIGNED_IN", "User", lambda w: sign_in(w.platform, w.given.device), nobody=True, given=_passkey, by=_theirs
    ),
    "stepUp": writes(
        "STEPPED_UP", "Session", lambda w: _ask(w, STEP_UP, input={"password": PASSWORD}), given=_passkey, by=_theirs
    ),
    "finishPasskeyStepUp": writes(
        "STEPPED_UP", "Session", lambda w: step_up(w.given.user, w.given.device), given=_passkey, by=_theirs
    ),
}

_QUESTION = "asks an authenticator something; what it answers is what counts"

UNAUDITED: dict[str, str] = {
    "beginTotp": "a secret that is nothing until it has shown a code",
    "beginPasskeyRegistration": _QUESTION,
    "beginPasskeySignIn": _QUESTION,
    "beginPasskeyStepUp": _QUESTION,
}

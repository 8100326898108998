"""Sensitive actions ask for a fresh proof of who the caller is, and how callers give it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import strawberry
from pymongo.asynchronous.client_session import AsyncClientSession
from strawberry.scalars import JSON

from auth.viewer import Viewer
from models.audit import AuditAction
from models.challenge import Purpose
from models.entity import now
from models.errors import InvalidInputError, NotSignedInError, StepUpRequiredError
from models.factor import Factors, Guesses
from models.passkey import MOST_PASSKEYS, Passkey
from models.user import Credential, Method, Session, User
from resolvers import ceremonies
from resolvers.auditing import audit
from resolvers.context import Info, mutation
from resolvers.proving import accept_code, count_code, forgive
from schema.stepping_up import (
    BeginPasskeyStepUpResult,
    FinishPasskeyStepUpResult,
    SteppedUp,
    StepUpInput,
    StepUpResult,
)

FRESH = timedelta(minutes=10)
"""For how long after a proof of who they are somebody may do what is sensitive."""


async def require_fresh(info: Info, session: AsyncClientSession | None = None) -> None:
    """Let through whose device has proved who its user is within `FRESH`.

    Raises:
        NotSignedInError: nobody is signed in.
        StepUpRequiredError: it was longer ago.

    """
    await check_fresh(info.context.viewer, session)


async def check_fresh(viewer: Viewer, session: AsyncClientSession | None = None) -> None:
    """Do the same for what is asked without GraphQL."""
    viewer.require_user()
    device = await Session.find_one({"_id": viewer.session, "ended_at": None}, session=session)
    if device is None or now() - device.authenticated_at > FRESH:
        raise StepUpRequiredError


_MOST_PASSWORDS: Final = 10
_WINDOW: Final = timedelta(hours=1)
_WRONG: Final = "The password or the code is wrong."


async def _renew(info: Info, methods: Sequence[Method], session: AsyncClientSession) -> SteppedUp:
    """Note what the device's user has proved just now."""
    viewer, moment = info.context.viewer, now()
    which = {"_id": viewer.session, "user": viewer.require_user(), "ended_at": None}
    device = await Session.find_one(which, session=session)
    if device is None:
        raise NotSignedInError("This device is signed out; sign in again.")
    renewed = {"$set": {"authenticated_at": moment, "methods": [*methods]}}
    await Session.get_pymongo_collection().update_one(which, renewed, session=session)
    await audit(info.context, session, AuditAction.STEPPED_UP, device, methods=[*methods])
    return SteppedUp(authenticated_at=moment, methods=[*methods])


async def _check_password(info: Info, password: str) -> None:
    """Check the viewer's password. Tries are counted by device, so that a stolen one locks no other out."""
    viewer = info.context.viewer
    counted = await Guesses.count_one(f"step-up:{viewer.session}", _MOST_PASSWORDS, _WINDOW)
    credential = await Credential.get(viewer.require_user())
    if not await info.context.services.passwords.verify(credential.hash if credential else None, password):
        await _tell_failure(info)
        raise NotSignedInError(_WRONG)
    await Guesses.forgive(counted)


async def _tell_failure(info: Info) -> None:
    async def work(session: Any) -> None:
        user = await User.get(info.context.viewer.require_user(), session=session)
        await audit(info.context, session, AuditAction.SIGN_IN_FAILED, user, step_up=True)

    await info.context.services.database.transaction(work)


@strawberry.type
class SteppingUpMutations:
    """Mutations that renew a device's proof."""

    @mutation("Prove again who one is, by password, and by a code where there is an authenticator app.")
    async def step_up(self, info: Info, input: StepUpInput) -> StepUpResult:  # noqa: A002 - Relay's word
        """Check the password, then the code; both are counted before."""
        user = info.context.viewer.require_user()
        await _check_password(info, input.password)
        factors = await Factors.get(user)
        if factors is None or factors.totp is None:
            return await info.context.services.database.transaction(
                lambda session: _renew(info, [Method.PASSWORD], session)
            )
        if input.code is None:
            raise InvalidInputError("code: this account also asks for one.", path=("input", "code"))
        code, counted = input.code, await count_code(user)

        async def both(session: Any) -> SteppedUp | None:
            right = await accept_code(info, user, code, session)
            return await _renew(info, [Method.PASSWORD, Method.TOTP], session) if right else None

        stepped = await info.context.services.database.transaction(both)
        if stepped is None:
            await _tell_failure(info)
            raise NotSignedInError(_WRONG)
        await forgive(counted)
        return stepped

    @mutation("Begin to prove again who one is, with a passkey.")
    async def begin_passkey_step_up(self, info: Info) -> BeginPasskeyStepUpResult:
        """Keep a challenge for this user."""
        user = info.context.viewer.require_user()
        known = await Passkey.find({"user": user}).to_list(MOST_PASSKEYS)
        return await ceremonies.begin_assertion(info, Purpose.STEP_UP, user, known)

    @mutation("Prove again who one is, with a passkey.")
    async def finish_passkey_step_up(self, info: Info, ticket: str, credential: JSON) -> FinishPasskeyStepUpResult:
        """Consume the challenge, check the answer, and renew the proof."""
        challenge = await ceremonies.take(ticket, Purpose.STEP_UP, info.context.viewer.require_user())

        async def renew(session: Any) -> SteppedUp | None:
            passkey = await ceremonies.asserted(info, challenge, credential, session)
            return await _renew(info, [Method.PASSKEY], session) if passkey else None

        stepped = await info.context.services.database.transaction(renew)
        if stepped is None:
            raise ceremonies.refused()
        return stepped

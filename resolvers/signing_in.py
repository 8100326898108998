"""The end of every way to sign in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

import models.user
from auth import sessions
from auth.sessions import Tokens
from models.audit import AuditAction
from models.challenge import Ticket
from models.errors import NotSignedInError
from models.factor import Factors
from models.opaque import new_token, token_hash
from models.user import Credential, Method
from resolvers.auditing import audit
from resolvers.context import Info
from schema.errors import ErrorCode, SecondFactorRequired
from schema.node import show
from schema.user import SignedIn


async def admit(info: Info, user: models.user.User, methods: Sequence[Method]) -> SignedIn | SecondFactorRequired:
    """Sign a device in whose user has proved who they are by these methods, or ask for the second step.

    An authenticator app makes every sign-in one in two steps but that by a passkey, which is something one has that
    has itself asked for what one is or knows. Having a passkey asks for nothing more: it stands beside the password.
    """
    factors = await Factors.get(user.id)
    if factors is not None and factors.totp is not None and Method.PASSKEY not in methods:
        return await _ticket(info, user, methods, [Method.TOTP, *_recovery(factors)])

    async def work(session: Any) -> Tokens:
        return await begin(info, user, methods, session)

    return await signed_in(await info.context.services.database.transaction(work), user)


async def begin(info: Info, user: models.user.User, methods: Sequence[Method], session: AsyncClientSession) -> Tokens:
    """Begin a device's session, and write it to the log of audit, in a transaction of the caller's."""
    await audit(info.context, session, AuditAction.SIGNED_IN, user, actor=user.id, methods=[*methods])
    return await sessions.start(info.context.services.keys, user.id, methods, info.context.caller, session)


async def signed_in(tokens: Tokens, user: models.user.User | None = None) -> SignedIn:
    """Return a device's tokens as they are answered; raises NotSignedInError where there is no such account."""
    found = user or await models.user.User.get(tokens.user)
    if found is None:
        raise NotSignedInError("This account no longer exists.")
    viewer = show(found)
    viewer.just_signed_in = True
    return SignedIn(
        viewer=viewer,
        access_token=tokens.access,
        expires_in=tokens.expires_in,
        refresh_token=tokens.refresh,
    )


async def password_state(info: Info, user: models.user.User, session: AsyncClientSession | None = None) -> str:
    """Return what changes with a user's password: a ticket given for the one before is no longer good."""
    credential = await Credential.get(user.id, session=session)
    stored = credential.hash if credential else ""
    return info.context.services.keys.digest("password-state", stored, str(user.id))


def _recovery(factors: Factors) -> list[Method]:
    return [Method.RECOVERY_CODE] if factors.recovery_codes else []


async def _ticket(
    info: Info, user: models.user.User, methods: Sequence[Method], second: list[Method]
) -> SecondFactorRequired:
    token = new_token()
    ticket = Ticket(hash=token_hash(token), user=user.id, methods=[*methods], password=await password_state(info, user))
    await ticket.insert()
    return SecondFactorRequired(
        message="Finish with `signInWithTotp` or `signInWithRecoveryCode`.",
        code=ErrorCode.SECOND_FACTOR_REQUIRED,
        path=None,
        ticket=token,
        methods=second,
    )

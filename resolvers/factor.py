"""The second step of signing in, authenticator apps, recovery codes, and passwords given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import strawberry
from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

import models.user
from auth import recovery, totp
from auth.sessions import Tokens
from models.audit import AuditAction
from models.challenge import Ticket
from models.entity import now
from models.errors import ConflictError, InvalidInputError, NotSignedInError
from models.factor import Factors, PendingTotp, Totp, keep_a_way_in
from models.user import Credential, Method
from resolvers.auditing import audit
from resolvers.context import Info, account, mutation
from resolvers.proving import accept_code, accept_recovery_code, count_code, forgive, hashed_code
from resolvers.signing_in import begin, password_state, signed_in
from resolvers.stepping_up import require_fresh
from schema.factor import (
    BeginTotpResult,
    ConfirmTotpResult,
    FactorRemoved,
    MakeRecoveryCodesResult,
    RecoveryCodes,
    RemoveFactorResult,
    SecondStepResult,
    TotpSecret,
    ViewerFactors,
)
from schema.user import SignedIn

_PENDING: Final = timedelta(minutes=10)

Check = Callable[[models.user.User, AsyncClientSession], Awaitable[bool]]


async def _tried(token: str) -> Ticket:
    """Return a ticket, with this try counted."""
    ticket = await Ticket.try_once(token)
    if ticket is None:
        raise NotSignedInError("This ticket is no longer good; begin again with `signIn`.")
    return ticket


async def _second_step(info: Info, ticket: Ticket, method: Method, check: Check) -> SignedIn:
    """Sign in whose second proof is right: the proof, the ticket, the session and its entries are one transaction."""

    async def work(session: Any) -> tuple[Tokens, models.user.User] | None:
        user = await models.user.User.get(ticket.user, session=session)
        if user is None or await password_state(info, user, session) != ticket.password:
            return None
        if not await check(user, session):
            await audit(info.context, session, AuditAction.SIGN_IN_FAILED, user, method=method)
            return None
        if not await ticket.use(session):
            raise NotSignedInError("This ticket was used meanwhile; begin again with `signIn`.")
        return await begin(info, user, [*ticket.methods, method], session), user

    done = await info.context.services.database.transaction(work)
    if done is None:
        raise NotSignedInError("The code is wrong, or was used before.")
    return await signed_in(*done)


async def _fresh_viewer(info: Info, session: AsyncClientSession) -> models.user.User:
    """Return the viewer, if their device proved lately that it is they."""
    await require_fresh(info, session)
    return await account(info.context.viewer, session)


async def _fresh_codes(info: Info, user: models.user.User, session: AsyncClientSession) -> tuple[list[str], list[str]]:
    """Return new recovery codes and what is stored of them, and write that they were made."""
    codes = recovery.new_codes()
    await audit(info.context, session, AuditAction.RECOVERY_CODES_MADE, user, count=len(codes))
    return codes, [hashed_code(info, user.id, code) for code in codes]


async def _set(user: PydanticObjectId, session: AsyncClientSession, **fields: Any) -> None:
    await Factors.get_pymongo_collection().update_one({"_id": user}, {"$set": fields}, session=session)


async def _with_app(user: PydanticObjectId, session: AsyncClientSession) -> None:
    factors = await Factors.get(user, session=session)
    if factors is None or factors.totp is None:
        raise ConflictError("This account has no authenticator app; `beginTotp` sets one up.")


@strawberry.type
class FactorQueries:
    """What the viewer has."""

    @strawberry.field(description="By what the viewer can sign in; null for nobody.")
    async def viewer_factors(self, info: Info) -> ViewerFactors | None:
        """Read the viewer's factors."""
        user = info.context.viewer.user
        if user is None:
            return None
        factors = await Factors.get(user)
        return ViewerFactors(
            password=await Credential.get(user) is not None,
            totp=factors is not None and factors.totp is not None,
            recovery_codes_left=len(factors.recovery_codes) if factors else 0,
        )


@strawberry.type
class FactorMutations:
    """Mutations of second steps and factors."""

    @mutation("Finish signing in with a code of the authenticator app.")
    async def sign_in_with_totp(self, info: Info, ticket: str, code: str) -> SecondStepResult:
        """Count the try for the ticket and for the account, then check it."""
        tried = await _tried(ticket)
        counted = await count_code(tried.user)

        async def check(user: models.user.User, session: AsyncClientSession) -> bool:
            return await accept_code(info, user.id, code, session)

        answer: SecondStepResult = await _second_step(info, tried, Method.TOTP, check)
        await forgive(counted)
        return answer

    @mutation("Finish signing in with a recovery code; it works once.")
    async def sign_in_with_recovery_code(self, info: Info, ticket: str, code: str) -> SecondStepResult:
        """Count the try for the ticket, then check it."""

        async def check(user: models.user.User, session: AsyncClientSession) -> bool:
            if not await accept_recovery_code(info, user.id, code, session):
                return False
            await audit(info.context, session, AuditAction.RECOVERY_CODE_USED, user, actor=user.id)
            return True

        return await _second_step(info, await _tried(ticket), Method.RECOVERY_CODE, check)

    @mutation("Begin to set up an authenticator app; needs a fresh sign-in.")
    async def begin_totp(self, info: Info) -> BeginTotpResult:
        """Make a secret, which counts only once it has shown a code."""
        user_id = info.context.viewer.require_user()
        await require_fresh(info)
        await Factors.of(user_id)
        secret = totp.new_secret()
        sealed = info.context.services.keys.seal("totp", secret.encode(), str(user_id))
        pending = PendingTotp(secret=sealed, expires_at=now() + _PENDING).model_dump()
        began = await Factors.get_pymongo_collection().update_one(
            {"_id": user_id, "totp": None}, {"$set": {"pending": pending}}
        )
        user = await account(info.context.viewer)
        if not began.matched_count:
            raise ConflictError("This account has an authenticator app; `removeTotp` removes it.")
        return TotpSecret(secret=secret, address=totp.address(secret, user.email))

    @mutation("Have every sign-in with a password ask for a code of the app from now on.")
    async def confirm_totp(self, info: Info, code: str) -> ConfirmTotpResult:
        """Turn the app on; the code that shows it works is used by that."""
        user = info.context.viewer.require_user()
        keys = info.context.services.keys

        async def confirm(session: Any) -> list[str]:
            viewer = await _fresh_viewer(info, session)
            factors = await Factors.get(user, session=session)
            if factors is None or factors.pending is None or factors.pending.expires_at <= now():
                raise ConflictError("Begin with `beginTotp`; its secret is good for ten minutes.")
            sealed = factors.pending.secret
            step = totp.step_of(keys.unseal("totp", sealed, str(user)).decode(), code, now())
            if step is None:
                raise InvalidInputError(
                    "code: this is not what the app shows; check the device's clock.", path=("code",)
                )
            await audit(info.context, session, AuditAction.TOTP_ADDED, viewer)
            codes, hashes = await _fresh_codes(info, viewer, session)
            app = Totp(secret=sealed, last_step=step).model_dump()
            await _set(user, session, totp=app, pending=None, recovery_codes=hashes)
            return codes

        return RecoveryCodes(codes=await info.context.services.database.transaction(confirm))

    @mutation("Make new recovery codes; the earlier ones are no longer good. Needs a fresh sign-in.")
    async def make_recovery_codes(self, info: Info) -> MakeRecoveryCodesResult:
        """Replace what is left."""
        user = info.context.viewer.require_user()

        async def make(session: Any) -> list[str]:
            viewer = await _fresh_viewer(info, session)
            await _with_app(user, session)
            codes, hashes = await _fresh_codes(info, viewer, session)
            await _set(user, session, recovery_codes=hashes)
            return codes

        return RecoveryCodes(codes=await info.context.services.database.transaction(make))

    @mutation("Remove the authenticator app and its recovery codes; needs a fresh sign-in.")
    async def remove_totp(self, info: Info) -> RemoveFactorResult:
        """Have the password be enough again."""
        user = info.context.viewer.require_user()

        async def remove(session: Any) -> None:
            viewer = await _fresh_viewer(info, session)
            await _with_app(user, session)
            await audit(info.context, session, AuditAction.TOTP_REMOVED, viewer)
            await _set(user, session, totp=None, recovery_codes=[])

        await info.context.services.database.transaction(remove)
        return FactorRemoved()

    @mutation("Have the account no password any more, but passkeys alone; needs a fresh sign-in.")
    async def remove_password(self, info: Info) -> RemoveFactorResult:
        """Delete the password, unless it is the last way in."""
        user = info.context.viewer.require_user()

        async def remove(session: Any) -> None:
            viewer = await _fresh_viewer(info, session)
            await Credential.find({"_id": user}, session=session).delete(session=session)
            await keep_a_way_in(user, session)
            await audit(info.context, session, AuditAction.PASSWORD_REMOVED, viewer)

        await info.context.services.database.transaction(remove)
        return FactorRemoved()

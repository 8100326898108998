"""Opening an account, and keeping it one's own. Nothing here tells whether somebody else's exists.

What could tell, a look for the account included, is done by the relay (`workers.letters`), behind one answer for all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import strawberry
from pymongo.errors import DuplicateKeyError

import models.user
from auth import mailed
from auth.passwords import check_strength
from auth.sessions import Tokens
from models.account import LIFETIMES, MailedToken, Purpose, SignUp
from models.audit import AuditAction
from models.entity import now
from models.errors import InvalidInputError
from models.letter import LetterKind
from models.user import Credential, Method, fold_email
from resolvers import throttling
from resolvers.auditing import audit
from resolvers.context import Info, account, mutation
from resolvers.ending import end_sessions, tell_ended
from resolvers.posting import hurry, post
from resolvers.signing_in import begin, signed_in
from resolvers.stepping_up import require_fresh
from schema.account import (
    AskPasswordResetInput,
    AskPasswordResetResult,
    ChangeEmailInput,
    ChangeEmailResult,
    ChangePasswordInput,
    ChangePasswordResult,
    CheckYourMail,
    ConfirmEmailChangeResult,
    EmailChanged,
    PasswordChanged,
    ResetPasswordInput,
    ResetPasswordResult,
    SignUpInput,
    SignUpResult,
    VerifyEmailResult,
)

_T = TypeVar("_T")
_NEW = ("input", "password")


def _check_your_mail(lifetime: timedelta) -> CheckYourMail:
    return CheckYourMail(expires_in=int(lifetime.total_seconds()))


@strawberry.type
class AccountMutations:
    """Mutations of accounts, their addresses and passwords."""

    @mutation("Open an account: a mail tells how to verify its address, or that there is an account already.")
    async def sign_up(self, info: Info, input: SignUpInput) -> SignUpResult:  # noqa: A002 - Relay's word
        """Note what an account is to be, and have a link sent that makes it one."""
        waiting = SignUp.make(email=input.email, name=input.name, locale=input.locale, hash="")
        check_strength(input.password, waiting.email, waiting.name)
        await throttling.count_letter(info, waiting.email)
        waiting.hash = await info.context.services.passwords.hash(input.password)

        async def note(session: Any) -> None:
            await waiting.insert(session=session)
            await post(info, session, LetterKind.SIGN_UP, waiting.email, about=waiting.id)

        await info.context.services.database.transaction(note)
        hurry(info)
        return _check_your_mail(LIFETIMES[Purpose.SIGN_UP])

    @mutation("Follow the link of a sign-up, once: it opens the account, and signs in.")
    async def verify_email(self, info: Info, token: str) -> VerifyEmailResult:
        """Open an account."""

        async def verify(session: Any) -> tuple[Tokens, models.user.User]:
            user = await _open(info, session, await mailed.redeem(token, Purpose.SIGN_UP, session))
            return await begin(info, user, [Method.MAIL], session), user

        return await signed_in(*await _unless_taken(info, verify))

    @mutation("Follow the link to a new address, once: it is the account's from now on. Nobody is signed in by that.")
    async def confirm_email_change(self, info: Info, token: str) -> ConfirmEmailChangeResult:
        """Change an account's address."""

        async def change(session: Any) -> models.user.User:
            return await _change_email(info, session, await mailed.redeem(token, Purpose.EMAIL_CHANGE, session))

        await _unless_taken(info, change)
        hurry(info)
        return EmailChanged()

    @mutation("Ask for a mail with which a forgotten password can be set anew. The answer is the same for all.")
    async def ask_password_reset(
        self,
        info: Info,
        input: AskPasswordResetInput,  # noqa: A002
    ) -> AskPasswordResetResult:
        """Have a link sent, if there is such an account."""
        email = _email(input.email)
        await throttling.count_letter(info, email)

        async def note(session: Any) -> None:
            await post(info, session, LetterKind.PASSWORD_RESET, email)

        await info.context.services.database.transaction(note)
        hurry(info)
        return _check_your_mail(LIFETIMES[Purpose.PASSWORD_RESET])

    @mutation("Set a new password with a token that was mailed. All devices are signed out; second factors stay.")
    async def reset_password(self, info: Info, input: ResetPasswordInput) -> ResetPasswordResult:  # noqa: A002
        """Replace a password, and end every session that may be somebody else's."""
        services = info.context.services
        user = await models.user.User.get((await mailed.find(input.token, Purpose.PASSWORD_RESET)).user)
        if user is None:
            raise mailed.worthless()
        check_strength(input.password, user.email, user.name, path=_NEW)
        hashed = await services.passwords.hash(input.password)

        async def reset(session: Any) -> tuple[models.user.User, list[Any]]:
            found = await mailed.redeem(input.token, Purpose.PASSWORD_RESET, session)
            owner = await models.user.User.get(found.user, session=session)
            if owner is None or owner.email != found.email:
                raise mailed.worthless()
            owner.email_verified_at = owner.email_verified_at or now()
            await owner.save(session=session)
            await audit(info.context, session, AuditAction.PASSWORD_RESET, owner, actor=owner.id)
            return owner, await _replace_password(info, session, owner, hashed, {"user": owner.id})

        owner, ended = await services.database.transaction(reset)
        await throttling.begin_anew(info, owner.email)
        tell_ended(info, ended)
        hurry(info)
        return PasswordChanged(sessions_ended=len(ended))

    @mutation("Change the viewer's password. All other devices are signed out.")
    async def change_password(self, info: Info, input: ChangePasswordInput) -> ChangePasswordResult:  # noqa: A002
        """Replace the password of who knows it."""
        services, viewer = info.context.services, info.context.viewer
        await require_fresh(info)
        user = await account(info.context.viewer)
        await throttling.count(info, throttling.PASSWORD.of(user.id))
        credential = await Credential.get(user.id)
        if not await services.passwords.verify(credential.hash if credential else None, input.current):
            raise InvalidInputError("current: this is not your password.", path=("input", "current"))
        check_strength(input.password, user.email, user.name, path=_NEW)
        hashed = await services.passwords.hash(input.password)

        async def change(session: Any) -> list[Any]:
            await require_fresh(info, session)
            await audit(info.context, session, AuditAction.PASSWORD_CHANGED, user)
            others = {"user": user.id, "_id": {"$ne": viewer.session}}
            return await _replace_password(info, session, user, hashed, others)

        ended = await services.database.transaction(change)
        tell_ended(info, ended)
        hurry(info)
        return PasswordChanged(sessions_ended=len(ended))

    @mutation("Use another address: both are written to, and it is the account's once the link to it is followed.")
    async def change_email(self, info: Info, input: ChangeEmailInput) -> ChangeEmailResult:  # noqa: A002
        """Have a link sent to the new address, and the old one told."""
        await require_fresh(info)
        user, email = await account(info.context.viewer), _email(input.email)
        await throttling.count_letter(info, email)

        async def note(session: Any) -> None:
            await require_fresh(info, session)
            await post(info, session, LetterKind.EMAIL_CHANGE, email, user=user.id)
            if email != user.email:
                await post(info, session, LetterKind.EMAIL_CHANGE_ASKED, user.email, user=user.id)

        await info.context.services.database.transaction(note)
        hurry(info)
        return _check_your_mail(LIFETIMES[Purpose.EMAIL_CHANGE])


async def _unless_taken(info: Info, work: Callable[[Any], Awaitable[_T]]) -> _T:
    """Give an account an address; a link to one that has become another's meanwhile is worthless."""
    try:
        return await info.context.services.database.transaction(work)
    except DuplicateKeyError as error:
        raise mailed.worthless() from error


def _email(text: str) -> str:
    try:
        return fold_email(text)
    except ValueError as error:
        raise InvalidInputError(f"email: {error}.", path=("input", "email")) from error


async def _open(info: Info, session: Any, found: MailedToken) -> models.user.User:
    """Make a sign-up an account; others that wait for the same address become worthless."""
    waiting = await SignUp.get(found.sign_up, session=session)
    if waiting is None:
        raise mailed.worthless()
    user = models.user.User(email=waiting.email, name=waiting.name, locale=waiting.locale, email_verified_at=now())
    await user.insert(session=session)
    await Credential(id=user.id, hash=waiting.hash).insert(session=session)
    await SignUp.find({"email": waiting.email}, session=session).delete(session=session)
    await audit(info.context, session, AuditAction.ACCOUNT_OPENED, user, actor=user.id)
    await audit(info.context, session, AuditAction.EMAIL_VERIFIED, user, actor=user.id)
    return user


async def _change_email(info: Info, session: Any, found: MailedToken) -> models.user.User:
    """Give an account the address that a link went to; links that went to the old one become worthless."""
    user = await models.user.User.get(found.user, session=session)
    if user is None:
        raise mailed.worthless()
    old = user.email
    user.change(email=found.email, email_verified_at=now())
    await user.save(session=session)
    await mailed.void(user.id, session)
    if old == user.email:
        await audit(info.context, session, AuditAction.EMAIL_VERIFIED, user, actor=user.id)
        return user
    await audit(info.context, session, AuditAction.EMAIL_CHANGED, user, actor=user.id)
    await post(info, session, LetterKind.EMAIL_CHANGED, old, user=user.id)
    return user


async def _replace_password(
    info: Info, session: Any, user: models.user.User, hashed: str, which: dict[str, Any]
) -> list[Any]:
    """Store a password's hash, end these sessions, and tell the owner; links that were sent before are worthless."""
    credential = await Credential.get(user.id, session=session) or Credential(id=user.id, hash="")
    credential.hash = hashed
    await credential.save(session=session)
    await mailed.void(user.id, session)
    await post(info, session, LetterKind.PASSWORD_CHANGED, user.email, user=user.id)
    return await end_sessions(info, which, session)

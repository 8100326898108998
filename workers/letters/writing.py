"""Deciding what a letter tells, and to whom: here it is looked up whether an account exists.

The token of a link is made in the transaction that notes it, each time that a letter is tried: only its hash is stored,
and one that went out in vain is known to nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from auth import mailed
from auth.recording import record
from auth.signatures import Keys
from models.account import Purpose, SignUp
from models.audit import AuditAction, AuditEvent
from models.invitation import Invitation
from models.letter import Letter, LetterKind
from models.opaque import new_token, token_hash
from models.user import User
from workers.letters.texts import Text, Written, write


@dataclass(frozen=True)
class Desk:
    """What letters are written with: where the pages are that links lead to, and keys that sign the audit log."""

    app_url: str
    keys: Keys

    def link(self, page: str, token: str) -> str:
        """Return the address of a page; the token is behind a `#`, which browsers tell neither servers nor others."""
        return f"{self.app_url}/{page}#token={token}"


Writing = Callable[[Letter, Desk, AsyncClientSession], Awaitable[Written | None]]

VERIFY_PAGE: Final = "verify-email"
CHANGE_PAGE: Final = "confirm-email-change"
INVITATION_PAGE: Final = "invitation"
RESET_PAGE: Final = "reset-password"


async def written(letter: Letter, desk: Desk, session: AsyncClientSession) -> Written | None:
    """Return what a letter says; None where nobody is to be told. Call it in a transaction."""
    return await _WRITERS[letter.kind](letter, desk, session)


async def _sign_up(letter: Letter, desk: Desk, session: AsyncClientSession) -> Written | None:
    """Tell whoever signs up to verify, and whoever has an account that they have."""
    waiting = await SignUp.get(letter.about, session=session)
    user = await User.find_one({"email": letter.to}, session=session)
    if user is not None:
        if waiting is not None:
            await waiting.delete(session=session)
        return await _already(user, desk, session)
    if waiting is None:
        return None
    token = await mailed.issue(Purpose.SIGN_UP, letter.to, session, sign_up=waiting.id)
    return write(Text.VERIFY, waiting.locale, link=desk.link(VERIFY_PAGE, token))


async def _already(user: User, desk: Desk, session: AsyncClientSession) -> Written:
    token = await mailed.issue(Purpose.PASSWORD_RESET, user.email, session, user=user.id)
    return write(Text.ALREADY, user.locale, name=user.name, link=desk.link(RESET_PAGE, token))


async def _password_reset(letter: Letter, desk: Desk, session: AsyncClientSession) -> Written | None:
    user = await User.find_one({"email": letter.to}, session=session)
    if user is None:
        return None
    await _log(letter, desk, AuditAction.PASSWORD_RESET_ASKED, user, session)
    token = await mailed.issue(Purpose.PASSWORD_RESET, user.email, session, user=user.id)
    return write(Text.RESET, user.locale, name=user.name, link=desk.link(RESET_PAGE, token))


async def _email_change(letter: Letter, desk: Desk, session: AsyncClientSession) -> Written | None:
    """Have the owner of the new address confirm it, or tell them that they have an account."""
    user = await User.get(letter.user, session=session)
    if user is None:
        return None
    holder = await User.find_one({"email": letter.to}, session=session)
    if holder is not None and holder.id != user.id:
        return await _already(holder, desk, session)
    token = await mailed.issue(Purpose.EMAIL_CHANGE, letter.to, session, user=user.id)
    return write(Text.NEW_ADDRESS, user.locale, link=desk.link(CHANGE_PAGE, token))


async def _invitation(letter: Letter, desk: Desk, session: AsyncClientSession) -> Written | None:
    """Tell somebody that they are invited, in their language if they have an account, else in that of who invites.

    Neither name is told: whoever invites chose both, and the mail would say them for us.
    """
    invitation = await Invitation.get(letter.about, session=session)
    if invitation is None or not invitation.open:
        return None
    invited = await User.find_one({"email": letter.to}, session=session)
    speaker = invited or await User.get(invitation.invited_by, session=session)
    token = new_token()
    invitation.token_hash = token_hash(token)
    await invitation.save(session=session)
    return write(Text.INVITATION, speaker.locale if speaker else "en", link=desk.link(INVITATION_PAGE, token))


def _notice(what: Text) -> Writing:
    """Return what tells somebody about their account, without a link."""

    async def notice(letter: Letter, desk: Desk, session: AsyncClientSession) -> Written | None:
        del desk
        user = await User.get(letter.user, session=session)
        return None if user is None else write(what, user.locale, name=user.name)

    return notice


async def _log(letter: Letter, desk: Desk, action: AuditAction, user: User, session: AsyncClientSession) -> None:
    """Write what a letter does to an account in the audit log, once for all times that it is tried."""
    if not await letter.log_once(session):
        return
    event = AuditEvent(
        action=action, address=letter.address, request=letter.request, kind=User.__name__, subject=user.id
    )
    await record(desk.keys, session, event)


_WRITERS: Final[dict[LetterKind, Writing]] = {
    LetterKind.SIGN_UP: _sign_up,
    LetterKind.PASSWORD_RESET: _password_reset,
    LetterKind.PASSWORD_CHANGED: _notice(Text.PASSWORD_CHANGED),
    LetterKind.EMAIL_CHANGE: _email_change,
    LetterKind.EMAIL_CHANGE_ASKED: _notice(Text.CHANGE_ASKED),
    LetterKind.EMAIL_CHANGED: _notice(Text.EMAIL_CHANGED),
    LetterKind.INVITATION: _invitation,
}

"""Passkeys: adding, naming and removing them, and signing in with one."""

from __future__ import annotations

import logging
from typing import Any

import strawberry
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from strawberry.scalars import JSON

import models.passkey
import models.user
from auth.passkeys import RefusedError, Registered, check_registration, registration_options
from auth.sessions import Tokens
from models.audit import AuditAction
from models.challenge import Challenge, Purpose
from models.errors import ConflictError, InvalidInputError, NotFoundError
from models.factor import Factors, keep_a_way_in
from models.passkey import MOST_PASSKEYS
from models.user import Method
from resolvers import ceremonies, signing_in
from resolvers.auditing import audit
from resolvers.context import Info, account, mutation
from resolvers.stepping_up import require_fresh
from schema import ids
from schema.deleted import Deleted
from schema.node import show
from schema.passkey import (
    BeginPasskeyRegistrationResult,
    BeginPasskeySignInResult,
    FinishPasskeyRegistrationInput,
    FinishPasskeyRegistrationResult,
    FinishPasskeySignInResult,
    RemovePasskeyResult,
    RenamePasskeyInput,
    RenamePasskeyResult,
)

log = logging.getLogger(__name__)


async def _own(
    info: Info, global_id: str, session: AsyncClientSession, path: tuple[str, ...]
) -> models.passkey.Passkey:
    """Return a passkey of the viewer's; raises NotFoundError for anybody else's."""
    key = ids.key(global_id, "Passkey", path=path)
    which = {"_id": key, "user": info.context.viewer.require_user()}
    passkey = await models.passkey.Passkey.find_one(which, session=session)
    if passkey is None:
        raise NotFoundError("Passkey", path=path)
    return passkey


def _registered(info: Info, challenge: Challenge, answer: Any) -> Registered:
    """Return the new credential; raises InvalidInputError for an answer that is not good."""
    try:
        return check_registration(info.context.services.relying_party, challenge, answer)
    except RefusedError as error:
        log.info("Request %s: a new passkey was refused: %r", info.context.request_id, str(error))
        raise _begin_again("credential") from error


def _begin_again(field: str) -> InvalidInputError:
    message = f"{field}: this passkey was not accepted; begin again with `beginPasskeyRegistration`."
    return InvalidInputError(message, path=("input", field))


@strawberry.type
class PasskeyMutations:
    """Mutations of passkeys."""

    @mutation("Begin to add a passkey; needs a fresh sign-in.")
    async def begin_passkey_registration(self, info: Info) -> BeginPasskeyRegistrationResult:
        """Keep a challenge for this user, and say what the browser asks of the authenticator."""
        await require_fresh(info)
        user = await account(info.context.viewer)
        handle = (await Factors.of(user.id)).handle
        known = await models.passkey.Passkey.find({"user": user.id}).to_list(MOST_PASSKEYS)
        party = info.context.services.relying_party
        return await ceremonies.begin(
            Purpose.REGISTRATION,
            user.id,
            lambda challenge: registration_options(party, challenge, handle, user.email, user.name, known),
        )

    @mutation("Add the passkey that an authenticator made.")
    async def finish_passkey_registration(
        self,
        info: Info,
        input: FinishPasskeyRegistrationInput,  # noqa: A002 - Relay's word
    ) -> FinishPasskeyRegistrationResult:
        """Consume the challenge, check the answer, and keep the credential."""
        user = info.context.viewer.require_user()
        challenge = await Challenge.take(input.ticket, Purpose.REGISTRATION, user)
        if challenge is None:
            raise _begin_again("ticket")
        made = _registered(info, challenge, input.credential)
        passkey = models.passkey.Passkey.make(user=user, name=input.name, **vars(made))

        async def add(session: Any) -> None:
            await require_fresh(info, session)
            await Factors.one_at_a_time(user, session)
            await models.passkey.Passkey.check_room(user, session)
            await passkey.insert(session=session)
            await audit(info.context, session, AuditAction.PASSKEY_ADDED, passkey, syncs=passkey.syncs)

        try:
            await info.context.services.database.transaction(add)
        except DuplicateKeyError as error:
            raise ConflictError("This passkey is there already.", path=("input", "credential")) from error
        found: FinishPasskeyRegistrationResult = show(passkey)
        return found

    @mutation("Call a passkey something else.")
    async def rename_passkey(self, info: Info, input: RenamePasskeyInput) -> RenamePasskeyResult:  # noqa: A002
        """Change its name."""

        async def rename(session: Any) -> models.passkey.Passkey:
            passkey = await _own(info, input.id, session, ("input", "id"))
            passkey.change(name=input.name)
            await passkey.save(session=session)
            await audit(info.context, session, AuditAction.PASSKEY_RENAMED, passkey)
            return passkey

        found: RenamePasskeyResult = show(await info.context.services.database.transaction(rename))
        return found

    @mutation("Remove a passkey; needs a fresh sign-in.")
    async def remove_passkey(self, info: Info, id: strawberry.ID) -> RemovePasskeyResult:  # noqa: A002
        """Delete it, unless it is the last way in."""
        user = info.context.viewer.require_user()

        async def remove(session: Any) -> None:
            passkey = await _own(info, id, session, ("id",))
            await require_fresh(info, session)
            await passkey.delete(session=session)
            await keep_a_way_in(user, session)
            await audit(info.context, session, AuditAction.PASSKEY_REMOVED, passkey)

        await info.context.services.database.transaction(remove)
        return Deleted(id=id)

    @mutation("Begin to sign in with a passkey, whosever it is.")
    async def begin_passkey_sign_in(self, info: Info) -> BeginPasskeySignInResult:
        """Keep a challenge for nobody yet: the authenticator says whose passkey it is."""
        return await ceremonies.begin_assertion(info, Purpose.SIGN_IN, None)

    @mutation("Sign in with a passkey; it is two factors at once, so nothing else is asked for.")
    async def finish_passkey_sign_in(self, info: Info, ticket: str, credential: JSON) -> FinishPasskeySignInResult:
        """Consume the challenge, check the answer, and begin a session."""
        challenge = await ceremonies.take(ticket, Purpose.SIGN_IN, None)

        async def start(session: Any) -> tuple[Tokens, models.user.User] | None:
            passkey = await ceremonies.asserted(info, challenge, credential, session)
            user = await models.user.User.get(passkey.user, session=session) if passkey else None
            return (await signing_in.begin(info, user, [Method.PASSKEY], session), user) if user else None

        done = await info.context.services.database.transaction(start)
        if done is None:
            raise ceremonies.refused()
        return await signing_in.signed_in(*done)

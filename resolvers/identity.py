"""Signing up, in and out, and the viewer's own account."""

from __future__ import annotations

from typing import Any

import strawberry
from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

import models.asset
import models.user
from auth import passwords, sessions
from auth.permissions import Permission
from auth.sessions import Tokens
from models.audit import AuditAction
from models.errors import ConflictError, NotSignedInError
from models.user import Credential, Method
from resolvers.auditing import audit
from resolvers.context import Info, given, mutation, permitted
from resolvers.signing_in import admit, signed_in
from schema.node import show
from schema.user import (
    RefreshResult,
    SignedOut,
    SignInInput,
    SignInResult,
    SignUpInput,
    SignUpResult,
    UpdateViewerInput,
    UpdateViewerResult,
)


@strawberry.type
class IdentityMutations:
    """Mutations of accounts and devices."""

    @mutation("Open an account and sign in.")
    async def sign_up(self, info: Info, input: SignUpInput) -> SignUpResult:  # noqa: A002 - Relay's word
        """Create a user and their password in one transaction."""
        services = info.context.services
        user = models.user.User.make(email=input.email, name=input.name, locale=input.locale)
        hashed = await passwords.hash_password(input.password)

        async def create(session: Any) -> Tokens:
            await user.insert(session=session)
            await Credential(id=user.id, hash=hashed).insert(session=session)
            await audit(info, session, AuditAction.ACCOUNT_OPENED, user, actor=user.id)
            return await sessions.start(services.keys, user.id, [Method.PASSWORD], info.context.caller, session)

        try:
            tokens = await services.database.transaction(create)
        except DuplicateKeyError as error:
            raise ConflictError(
                "No account can be opened with this address; sign in if it is yours.", path=("input", "email")
            ) from error
        return await signed_in(tokens, user)

    @mutation("Sign in with a password.")
    async def sign_in(self, info: Info, input: SignInInput) -> SignInResult:  # noqa: A002
        """Check the password, at the same cost whether the account exists or not."""
        try:
            email = models.user.fold_email(input.email)
        except ValueError:
            email = ""
        user = await models.user.User.find_one({"email": email})
        credential = await Credential.get(user.id if user else PydanticObjectId())
        if not await passwords.verify_password(credential.hash if credential else None, input.password) or user is None:
            raise NotSignedInError("The address or the password is wrong.")
        return await admit(info, user, [Method.PASSWORD])

    @mutation("Exchange a refresh token for new tokens; it works once.")
    async def refresh(self, info: Info, refresh_token: str) -> RefreshResult:
        """Rotate a refresh token."""
        services = info.context.services
        return await signed_in(await sessions.rotate(services.database, services.keys, refresh_token))

    @mutation("Sign this device out; its refresh token is worthless from now on.")
    async def sign_out(self, refresh_token: str) -> SignedOut:
        """End the device's family of tokens."""
        await sessions.end(refresh_token)
        return SignedOut()

    @mutation("Change the viewer's own account.")
    async def update_viewer(self, info: Info, input: UpdateViewerInput) -> UpdateViewerResult:  # noqa: A002
        """Change name, language or picture."""
        user_id = info.context.viewer.require_user()
        changes = given(input, "name", "locale")

        async def update(session: Any) -> models.user.User:
            user = await models.user.User.get(user_id, session=session)
            if user is None:
                raise NotSignedInError("This account no longer exists.")
            if input.avatar_id is not strawberry.UNSET:
                changes["avatar"] = None
            if input.avatar_id:
                asset = await permitted(
                    info, models.asset.Asset, input.avatar_id, Permission.READ, session, path=("input", "avatarId")
                )
                changes["avatar"] = asset.id
            user.change(**changes)
            await user.save(session=session)
            return user

        found: UpdateViewerResult = show(await info.context.services.database.transaction(update))
        return found

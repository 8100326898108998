"""Signing in, and what the viewer shows of themselves."""

from __future__ import annotations

from typing import Any

import strawberry
from beanie import PydanticObjectId

import models.asset
import models.user
from auth.permissions import Permission
from models.audit import AuditAction
from models.errors import NotSignedInError
from models.user import Credential, Method
from resolvers import throttling
from resolvers.auditing import audit
from resolvers.context import Info, account, given, mutation, permitted
from resolvers.session import rotated
from resolvers.signing_in import admit, signed_in
from schema.node import show
from schema.user import (
    RefreshResult,
    SignInInput,
    SignInResult,
    UpdateViewerInput,
    UpdateViewerResult,
)


async def _failed(info: Info, user: models.user.User) -> None:
    """Write that a password was wrong; done after the answer, whose time would tell that there is an account."""

    async def write(session: Any) -> None:
        await audit(info.context, session, AuditAction.SIGN_IN_FAILED, user)

    await info.context.services.database.transaction(write)


async def _still(credential: Credential, hashed: str) -> bool:
    """Whether a password is still the account's, which may have waited long to be checked; store its hash anew."""
    known = {"_id": credential.id, "hash": credential.hash}
    kept = await Credential.get_pymongo_collection().update_one(known, {"$set": {"hash": hashed}})
    return kept.matched_count == 1


@strawberry.type
class IdentityMutations:
    """Mutations of accounts and devices."""

    @mutation("Sign in with a password.")
    async def sign_in(self, info: Info, input: SignInInput) -> SignInResult:  # noqa: A002 - Relay's word
        """Check the password, at the same cost whether the account exists or not, and whether it fits or not."""
        passwords = info.context.services.passwords
        try:
            email = models.user.fold_email(input.email)
        except ValueError:
            email = ""
        await throttling.count_sign_in(info, email)
        user = await models.user.User.find_one({"email": email})
        key = user.id if user else PydanticObjectId()
        await throttling.let_strangers_wait(info, email, key)
        credential = await Credential.get(key)
        fits = await passwords.verify(credential.hash if credential else None, input.password)
        if not fits or user is None or credential is None:
            if user is not None:
                info.context.services.afterwards.do(_failed(info, user))
            raise NotSignedInError("The address or the password is wrong.")
        hashed = await passwords.hash(input.password) if passwords.outdated(credential.hash) else credential.hash
        if not await _still(credential, hashed):
            raise NotSignedInError("The password was changed meanwhile; sign in with the new one.")
        await throttling.forgive_sign_ins(info, email)
        return await admit(info, user, [Method.PASSWORD])

    @mutation("Exchange a refresh token for new tokens; it works once.")
    async def refresh(self, info: Info, refresh_token: str) -> RefreshResult:
        """Rotate a refresh token."""
        return await signed_in(await rotated(info, refresh_token))

    @mutation("Change the viewer's own account.")
    async def update_viewer(self, info: Info, input: UpdateViewerInput) -> UpdateViewerResult:  # noqa: A002
        """Change name, language or picture."""
        changes = given(input, "name", "locale")

        async def update(session: Any) -> models.user.User:
            user = await account(info.context.viewer, session)
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

"""Making, changing and revoking API keys."""

from __future__ import annotations

from typing import Any

import strawberry

import models.api_key
import models.organization
from auth import api_keys
from auth.permissions import Permission
from models.api_key import MOST_KEYS
from models.audit import AuditAction
from models.entity import now
from models.errors import InvalidInputError
from resolvers.auditing import audit
from resolvers.context import Info, given, mutation, permitted
from resolvers.stepping_up import require_fresh
from schema.api_key import (
    ApiKeyCreated,
    CreateApiKeyInput,
    CreateApiKeyResult,
    RevokeApiKeyResult,
    UpdateApiKeyInput,
    UpdateApiKeyResult,
)
from schema.node import show

_LISTS = ("scopes", "operations", "origins")


def _refuse_past(input_: CreateApiKeyInput | UpdateApiKeyInput) -> None:
    """Refuse an end that has been; raises InvalidInputError."""
    ends = input_.expires_at
    if not ends or ends is strawberry.UNSET:
        return
    if ends.tzinfo is None:
        raise InvalidInputError("expiresAt: expected a time with its offset from UTC.", path=("expiresAt",))
    if ends <= now():
        raise InvalidInputError("expiresAt: this has been.", path=("expiresAt",))


def _chosen(input_: CreateApiKeyInput | UpdateApiKeyInput, *names: str) -> dict[str, Any]:
    """Return the fields that were given; a list that is null is an empty one."""
    return {name: [] if name in _LISTS and value is None else value for name, value in given(input_, *names).items()}


@strawberry.type
class ApiKeyMutations:
    """Mutations of API keys."""

    @mutation("Make an API key for an organization's programs. Its secret is shown this once.")
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyResult:  # noqa: A002 - Relay's word,
        """Store a key's hash, and show the key."""
        path, services = ("input", "organizationId"), info.context.services
        kind = models.organization.Organization
        organization = await permitted(info, kind, input.organization_id, Permission.MANAGE_KEYS, path=path)
        _refuse_past(input)
        secret = api_keys.make(live=services.live_keys)
        key = models.api_key.ApiKey.make(
            organization=organization.id,
            prefix=secret[: api_keys.SHOWN],
            hash=api_keys.hashed(secret),
            created_by=info.context.viewer.require_user(),
            **_chosen(input, "name", *_LISTS, "expires_at"),
        )

        async def create(session: Any) -> None:
            await require_fresh(info, session)
            await kind.one_at_a_time(organization.id, "key", session)
            standing = {"organization": organization.id, "revoked_at": None}
            if await models.api_key.ApiKey.find(standing, session=session).count() >= MOST_KEYS:
                words = f"organizationId: it has {MOST_KEYS} keys, which are as many as there may be"
                raise InvalidInputError(f"{words}; revoke one first.", path=path)
            await key.insert(session=session)
            await audit(
                info.context,
                session,
                AuditAction.API_KEY_CREATED,
                key,
                organization=organization.id,
                scopes=[*key.scopes],
            )

        await services.database.transaction(create)
        return ApiKeyCreated(api_key=show(key), secret=secret)

    @mutation("Change an API key; the edges know of it within a second.")
    async def update_api_key(self, info: Info, input: UpdateApiKeyInput) -> UpdateApiKeyResult:  # noqa: A002
        """Change what a key may do; all but its name asks for a fresh proof, since it may widen it."""
        _refuse_past(input)
        changes = _chosen(input, "name", *_LISTS, "expires_at")

        async def update(session: Any) -> models.api_key.ApiKey:
            key = await permitted(info, models.api_key.ApiKey, input.id, Permission.MANAGE_KEYS, session)
            if changes.keys() - {"name"}:
                await require_fresh(info, session)
            key.change(**changes)
            await key.save(session=session)
            await audit(
                info.context,
                session,
                AuditAction.API_KEY_CHANGED,
                key,
                organization=key.organization,
                fields=sorted(changes),
            )
            return key

        found: UpdateApiKeyResult = show(await info.context.services.database.transaction(update))
        return found

    @mutation("Revoke an API key for good; it is refused everywhere within a second.")
    async def revoke_api_key(self, info: Info, id: strawberry.ID) -> RevokeApiKeyResult:  # noqa: A002
        """End a key; again is the same."""

        async def revoke(session: Any) -> models.api_key.ApiKey:
            key = await permitted(info, models.api_key.ApiKey, id, Permission.MANAGE_KEYS, session, path=("id",))
            if key.revoke():
                await key.save(session=session)
                await audit(info.context, session, AuditAction.API_KEY_REVOKED, key, organization=key.organization)
            return key

        found: RevokeApiKeyResult = show(await info.context.services.database.transaction(revoke))
        return found

"""What was done to identity, access, publication and data: entries that are written in the action's own transaction."""

from __future__ import annotations

from enum import StrEnum

import pydantic
from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.entity import Entity

Detail = str | int | float | bool | list[str] | None


class AuditAction(StrEnum):
    """What can be done; `NOUN_VERB`, the verb in the past."""

    ACCOUNT_OPENED = "ACCOUNT_OPENED"
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED"
    ACCOUNT_EXPORTED = "ACCOUNT_EXPORTED"
    ACCOUNT_ERASED = "ACCOUNT_ERASED"
    EMAIL_VERIFIED = "EMAIL_VERIFIED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    PASSWORD_RESET_ASKED = "PASSWORD_RESET_ASKED"
    PASSWORD_RESET = "PASSWORD_RESET"
    PASSWORD_REMOVED = "PASSWORD_REMOVED"
    SIGNED_IN = "SIGNED_IN"
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SIGNED_OUT = "SIGNED_OUT"
    SESSION_REVOKED = "SESSION_REVOKED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"
    STEPPED_UP = "STEPPED_UP"
    PASSKEY_ADDED = "PASSKEY_ADDED"
    PASSKEY_RENAMED = "PASSKEY_RENAMED"
    PASSKEY_REMOVED = "PASSKEY_REMOVED"
    PASSKEY_COUNTER_WENT_BACK = "PASSKEY_COUNTER_WENT_BACK"
    TOTP_ADDED = "TOTP_ADDED"
    TOTP_REMOVED = "TOTP_REMOVED"
    RECOVERY_CODES_MADE = "RECOVERY_CODES_MADE"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED"
    ORGANIZATION_CREATED = "ORGANIZATION_CREATED"
    ORGANIZATION_CHANGED = "ORGANIZATION_CHANGED"
    OWNERSHIP_TRANSFERRED = "OWNERSHIP_TRANSFERRED"
    MEMBER_ADDED = "MEMBER_ADDED"
    MEMBER_ROLE_CHANGED = "MEMBER_ROLE_CHANGED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    MEMBER_LEFT = "MEMBER_LEFT"
    INVITATION_SENT = "INVITATION_SENT"
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED"
    INVITATION_DECLINED = "INVITATION_DECLINED"
    INVITATION_REVOKED = "INVITATION_REVOKED"
    API_KEY_CREATED = "API_KEY_CREATED"
    API_KEY_CHANGED = "API_KEY_CHANGED"
    API_KEY_REVOKED = "API_KEY_REVOKED"
    OPERATION_REGISTERED = "OPERATION_REGISTERED"
    OPERATION_REMOVED = "OPERATION_REMOVED"
    PROJECT_PUBLISHED = "PROJECT_PUBLISHED"
    PROJECT_UNPUBLISHED = "PROJECT_UNPUBLISHED"
    PROJECT_DELETED = "PROJECT_DELETED"
    DESIGN_PUBLISHED = "DESIGN_PUBLISHED"
    DESIGN_UNPUBLISHED = "DESIGN_UNPUBLISHED"
    DESIGN_DELETED = "DESIGN_DELETED"
    COMMENT_DELETED = "COMMENT_DELETED"
    ASSET_DELETED = "ASSET_DELETED"
    AUDIT_READ = "AUDIT_READ"
    AUDIT_EXPORTED = "AUDIT_EXPORTED"


class AuditEvent(Entity):
    """One entry. It holds ids and no personal data but the client's address, so that it can outlive an account.

    `organization` is whose chain it belongs to, None for that of identity. `actor` is the user who acted, `session` or
    `api_key` what with; `kind` and `subject` name what it was done to. `seq`, `previous` and `mac` are the sealer's.
    """

    organization: PydanticObjectId | None = None
    action: AuditAction
    actor: PydanticObjectId | None = None
    session: PydanticObjectId | None = None
    api_key: PydanticObjectId | None = None
    address: str = ""
    request: str = ""
    kind: str = ""
    subject: PydanticObjectId | None = None
    details: dict[str, Detail] = pydantic.Field(default_factory=dict)
    seq: int | None = None
    previous: str | None = None
    mac: str | None = None

    images = False

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "audit_events"

    async def write(self, session: AsyncClientSession) -> None:
        """Write it in the transaction of the action; it fails with the action, and the action with it."""
        await self.insert(session=session)

"""What was done to identity, access, publication and data: entries that are written in the action's own transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import pydantic
from beanie import PydanticObjectId
from beanie.odm.utils.dump import get_dict
from beanie.odm.utils.parsing import parse_obj
from pymongo import IndexModel

from models.collection import Collection
from models.entity import Entity
from models.personal import Erasing

Detail = str | int | float | bool | list[str] | None


class AuditAction(StrEnum):
    """What can be done; `NOUN_VERB`, the verb in the past."""

    ACCOUNT_OPENED = "ACCOUNT_OPENED"
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
    ORGANIZATION_DELETED = "ORGANIZATION_DELETED"
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
    DESIGN_VERSION_DELETED = "DESIGN_VERSION_DELETED"
    COMMENT_DELETED = "COMMENT_DELETED"
    ASSET_DELETED = "ASSET_DELETED"
    AUDIT_READ = "AUDIT_READ"
    AUDIT_EXPORTED = "AUDIT_EXPORTED"


SEALS = ("seq", "previous", "mac")
"""The attributes of an entry that the sealer writes; all others are as the action wrote them."""

NEWEST_FIRST = Collection(name="audit_events", by=("organization",), order=(("created_at", -1), ("_id", -1)))
"""How the log is read. No register has it: every reading is written down, so none may be answered by a loader."""


class AuditEvent(Entity):
    """One entry. It holds ids and no personal data but the client's address, so that it can outlive an account.

    `organization` is whose chain it belongs to, None for that of identity. `actor` is the user who acted, `session` or
    `api_key` what with; `kind` and `subject` name what it was done to. `signature` is the writer's, over all of these;
    `seq`, `previous` and `mac` are the sealer's (see `auth.chain`).
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
    signature: str = ""
    seq: int | None = None
    previous: str | None = None
    mac: str | None = None

    images = False
    personal = {"actor": Erasing.STAYS, "subject": Erasing.STAYS}
    exported = ("actor", "subject")
    secret = ("signature", "previous", "mac")
    outlives = True

    class Settings(Entity.Settings):
        """Beanie's. Those that wait to be sealed are few, and so is their index."""

        name = "audit_events"
        indexes = [
            IndexModel(
                [("organization", 1), ("seq", 1)],
                name="sealed",
                unique=True,
                partialFilterExpression={"seq": {"$type": "number"}},
            ),
            IndexModel([("created_at", 1), ("_id", 1)], name="unsealed", partialFilterExpression={"seq": None}),
            *(
                IndexModel([("organization", 1), *((name, 1) for name in by), *NEWEST_FIRST.order])
                for by in ((), ("action",), ("actor",), ("subject",))
            ),
        ]

    def row(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return cast("dict[str, Any]", get_dict(self, to_db=True, keep_nulls=True))


class AuditChain(Entity):
    """The end of one chain: the `seq` and the `mac` of the newest sealed entry of an organization (None: identity)."""

    organization: PydanticObjectId | None = None
    seq: int
    mac: str

    images = False
    personal = {}
    outlives = True

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "audit_chains"
        indexes = [IndexModel([("organization", 1)], unique=True)]


@dataclass(frozen=True)
class Wanted:
    """Which entries of a log are wanted: those of these actions (none named: of any), of an actor, about a subject.

    Where no action is named, none of `besides` is wanted. `since` and `until` bound the time of the entry; the first
    belongs to what is wanted, the second does not.
    """

    actions: tuple[AuditAction, ...] = ()
    actor: PydanticObjectId | None = None
    subject: PydanticObjectId | None = None
    since: datetime | None = None
    until: datetime | None = None
    besides: tuple[AuditAction, ...] = ()

    def query(self, organization: PydanticObjectId | None) -> dict[str, Any]:
        """Return the MongoDB filter for one log."""
        query: dict[str, Any] = {"organization": organization}
        if self.actions:
            query["action"] = self.actions[0] if len(self.actions) == 1 else {"$in": [*self.actions]}
        elif self.besides:
            query["action"] = {"$nin": [*self.besides]}
        query |= {name: value for name in ("actor", "subject") if (value := getattr(self, name)) is not None}
        bounds = {"$gte": self.since, "$lt": self.until}
        if times := {operator: moment for operator, moment in bounds.items() if moment is not None}:
            query["created_at"] = times
        return query

    def described(self) -> dict[str, Detail]:
        """Return what was asked for, as the log keeps it."""
        times = {"from": self.since, "to": self.until}
        named = {"by": self.actor, "about": self.subject}
        return {
            **({"actions": [str(action) for action in self.actions]} if self.actions else {}),
            **{name: str(value) for name, value in named.items() if value is not None},
            **{name: moment.isoformat() for name, moment in times.items() if moment is not None},
        }


def index(query: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the index that a filter is read by, in its order: of several, that of what is rarest.

    MongoDB would sort in memory where a cursor's condition has it enter several indexes at once.
    """
    by = next((name for name in ("subject", "actor", "action") if name in query), None)
    if by == "action" and "$nin" in query[by]:
        by = None
    return [("organization", 1), *([] if by is None else [(by, 1)]), *NEWEST_FIRST.order]


async def newest(query: Mapping[str, Any], behind: Sequence[Any] | None, limit: int) -> list[AuditEvent]:
    """Return entries that match, the newest first, after the one with these order keys."""
    conditions = [query] if behind is None else [query, NEWEST_FIRST.after(behind)]
    found = AuditEvent.get_pymongo_collection().find({"$and": conditions}, limit=limit, batch_size=limit + 1)
    rows = await found.sort([*NEWEST_FIRST.order]).hint(index(query)).to_list()
    return [cast("AuditEvent", parse_obj(AuditEvent, row)) for row in rows]

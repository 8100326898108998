"""Who is calling. "Missing and forbidden are the same answer" is written here, and only here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from auth.permissions import GRANTS, Permission
from models.entity import now
from models.errors import NotAllowedError, NotFoundError, NotSignedInError
from models.organization import Membership, Role
from models.user import Session


@dataclass(frozen=True)
class Viewer:
    """The caller: a user with their roles by organization, a partner's program with a key, or nobody.

    `session` is the signed-in device. `api_key` is the key that a program came with, `organization` whose that is; it
    has no user, and so may do nothing but read.
    """

    user: PydanticObjectId | None = None
    session: PydanticObjectId | None = None
    roles: MutableMapping[PydanticObjectId, Role] = field(default_factory=dict)
    api_key: PydanticObjectId | None = None
    organization: PydanticObjectId | None = None

    @property
    def known(self) -> bool:
        """Whether it is somebody, a user or a partner's program."""
        return self.user is not None or self.api_key is not None

    def require_user(self) -> PydanticObjectId:
        """Return the user's id; raises NotSignedInError for nobody."""
        if self.user is None:
            raise NotSignedInError
        return self.user

    def may(self, permission: Permission, organization: PydanticObjectId) -> bool:
        """Whether the caller's role in an organization grants a permission."""
        role = self.roles.get(organization)
        return role is not None and permission in GRANTS[role]

    def require(
        self, permission: Permission, organization: PydanticObjectId | None, kind: str, *, path: tuple[str, ...] = ()
    ) -> None:
        """Let the caller do something to a thing of an organization (None: there is no such thing), or say why not.

        Raises:
            NotSignedInError: nobody is signed in.
            NotFoundError: there is no such thing, or it belongs to an organization that the caller is not in.
            NotAllowedError: the caller is a member, and their role does not grant it.

        """
        self.require_user()
        if organization is None or not self.may(Permission.READ, organization):
            raise NotFoundError(kind, path=path)
        if not self.may(permission, organization):
            raise NotAllowedError(f"Your role here, {self.roles[organization]}, lacks {permission}.", path=path)


ROLES = {"_id": 0, "organization": 1, "role": 1}
"""What is read of a membership."""

_MOST_ROLES = 1000  # of one batch

ANONYMOUS = Viewer()
"""Nobody: the caller of every public operation, whatever credentials came with it."""


def device(viewer: Viewer) -> str:
    """Return what others may know a viewer's device by."""
    return hashlib.sha256(f"device:{viewer.session}".encode()).hexdigest()[:16]


async def load_viewer(user: PydanticObjectId, session: PydanticObjectId | None) -> Viewer:
    """Read a user's roles."""
    rows = await Membership.get_pymongo_collection().find({"user": user}, ROLES, batch_size=1000).to_list()
    return viewer_of(user, session, rows)


def viewer_of(user: PydanticObjectId, session: PydanticObjectId | None, rows: Iterable[Mapping[str, Any]]) -> Viewer:
    """Return a user with the roles that their memberships say, as these are stored (`ROLES` of them)."""
    return Viewer(user, session, {row["organization"]: Role(row["role"]) for row in rows})


async def renew(viewer: Viewer) -> Viewer:
    """Return a viewer as they are now: with their present roles, or nobody once their device is signed out."""
    if viewer.user is None or viewer.session is None:
        return ANONYMOUS
    pipeline = standing([viewer.user], [viewer.session], now())
    rows = await Session.get_pymongo_collection().aggregate(pipeline, batchSize=_MOST_ROLES)
    return present(viewer.user, viewer.session, await rows.to_list()) or ANONYMOUS


def standing(
    users: Sequence[PydanticObjectId], sessions: Sequence[PydanticObjectId], moment: datetime
) -> list[dict[str, Any]]:
    """Return the aggregation over sessions that reads which of some are signed in, and the roles of some users.

    Its rows are `{_id, user}` for a session and `{user, organization, role}` for a membership.
    """
    roles = {"_id": 0, "user": 1, **ROLES}
    belonging = [{"$match": {"user": _among(users)}}, {"$project": roles}]
    return [
        {"$match": {"_id": _among(sessions), "ended_at": None, "expires_at": {"$gt": moment}}},
        {"$project": {"user": 1}},
        {"$unionWith": {"coll": Membership.stored_in(), "pipeline": belonging}},
    ]


def present(user: PydanticObjectId, session: PydanticObjectId, rows: Iterable[Mapping[str, Any]]) -> Viewer | None:
    """Return a user at a device as `standing` found them, among others; None where the device is signed out."""
    signed_in, roles = False, {}
    for row in rows:
        if row["user"] != user:
            continue
        if "role" in row:
            roles[row["organization"]] = Role(row["role"])
        else:
            signed_in = signed_in or row["_id"] == session
    return Viewer(user, session, roles) if signed_in else None


def _among(ids: Sequence[PydanticObjectId]) -> Any:
    return ids[0] if len(ids) == 1 else {"$in": [*ids]}

"""Who is calling. "Missing and forbidden are the same answer" is written here, and only here."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from beanie import PydanticObjectId

from auth.permissions import GRANTS, Permission
from models.errors import NotAllowedError, NotFoundError, NotSignedInError
from models.organization import Membership, Role
from models.user import Session


@dataclass(frozen=True)
class Viewer:
    """The caller: a user with their roles by organization, or nobody.

    `session` is the signed-in device.
    """

    user: PydanticObjectId | None = None
    session: PydanticObjectId | None = None
    roles: MutableMapping[PydanticObjectId, Role] = field(default_factory=dict)

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


ANONYMOUS = Viewer()
"""Nobody: the caller of every public operation, whatever credentials came with it."""


async def load_viewer(user: PydanticObjectId, session: PydanticObjectId | None) -> Viewer:
    """Read a user's roles, as they are stored: every request of somebody signed in pays for this."""
    shown = {"_id": 0, "organization": 1, "role": 1}
    rows = await Membership.get_pymongo_collection().find({"user": user}, shown, batch_size=1000).to_list()
    return Viewer(user, session, {row["organization"]: Role(row["role"]) for row in rows})


async def renew(viewer: Viewer) -> Viewer:
    """Return a viewer as they are now: with their present roles, or nobody once their device is signed out."""
    if viewer.user is None or viewer.session is None:
        return ANONYMOUS
    session = await Session.get(viewer.session)
    if session is None or session.ended_at is not None:
        return ANONYMOUS
    return await load_viewer(viewer.user, viewer.session)

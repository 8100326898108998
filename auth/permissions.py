"""What a role may do. Each role includes those below it."""

from __future__ import annotations

from enum import StrEnum

from models.organization import Role


class Permission(StrEnum):
    """One thing that may be done to what belongs to an organization."""

    READ = "READ"
    COMMENT = "COMMENT"
    EDIT = "EDIT"
    PUBLISH = "PUBLISH"
    DELETE = "DELETE"
    MANAGE_MEMBERS = "MANAGE_MEMBERS"
    MANAGE_OPERATIONS = "MANAGE_OPERATIONS"
    MANAGE_KEYS = "MANAGE_KEYS"
    MANAGE_ORGANIZATION = "MANAGE_ORGANIZATION"
    READ_AUDIT = "READ_AUDIT"


_VIEWER = frozenset({Permission.READ, Permission.COMMENT})
_EDITOR = _VIEWER | {Permission.EDIT, Permission.PUBLISH}
_ADMIN = _EDITOR | {
    Permission.DELETE,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_OPERATIONS,
    Permission.MANAGE_KEYS,
}
_OWNER = _ADMIN | {Permission.MANAGE_ORGANIZATION, Permission.READ_AUDIT}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}

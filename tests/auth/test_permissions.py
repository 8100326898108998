"""The whole table of roles and permissions, against what `docs/identity/people.md` says of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from auth.permissions import GRANTS, Permission
from models.organization import Role

ROLES = (Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OWNER)
TABLE = {
    "READ": "VIEWER EDITOR ADMIN OWNER",
    "COMMENT": "VIEWER EDITOR ADMIN OWNER",
    "EDIT": "EDITOR ADMIN OWNER",
    "PUBLISH": "EDITOR ADMIN OWNER",
    "DELETE": "ADMIN OWNER",
    "MANAGE_MEMBERS": "ADMIN OWNER",
    "MANAGE_OPERATIONS": "ADMIN OWNER",
    "MANAGE_KEYS": "ADMIN OWNER",
    "MANAGE_ORGANIZATION": "OWNER",
    "READ_AUDIT": "OWNER",
}
"""Who has each permission. A new permission needs a line here, and one in the documentation."""

PAGE = Path(__file__).parents[2] / "docs" / "identity" / "people.md"


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_each_permission_of_each_role_is_as_expected(role: Role, permission: Permission) -> None:
    """Given every cell of the table, then the code grants what is expected, and nothing else."""
    assert (permission in GRANTS[role]) is (role.value in TABLE[permission.value].split())


def test_each_role_includes_those_below_it() -> None:
    """Given two neighbours, then the higher may do more, and all that the lower may."""
    assert set(ROLES) == set(Role) == GRANTS.keys()
    for lower, higher in itertools.pairwise(ROLES):
        assert GRANTS[lower] < GRANTS[higher]


def test_the_documentation_shows_the_same_table() -> None:
    """Given the page for integrators, then its table has a line for each permission, marked for the same roles."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.read_text().splitlines() if "| ✓ |" in line
    ]
    shown = {
        name.strip("`"): " ".join(role.value for role, mark in zip(ROLES, marks, strict=True) if mark)
        for name, *marks, _ in rows
    }
    assert shown == TABLE

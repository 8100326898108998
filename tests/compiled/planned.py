"""What plans are made of: the fields that are declared, not those that are resolved by hand."""

from __future__ import annotations

from typing import Any

from schema.limits import metadata_of

BY_HAND = frozenset(
    {
        *("PullProjects", "PullDesigns", "PullComments"),  # from a log of changes; see `tests.test_replication`
        *("AuditLog", "SecurityEvents"),  # each reading is written down; see `tests.test_audit`
        "ViewerInvitations",  # of a verified address alone; see `tests.test_invitation`
        "ApiKeyUsage",  # its days are read by hand; see `tests.test_api_key_usage`
        "AccountSecurity",  # factors are not of one document; see `tests.test_factor`
    }
)
"""The registered queries that are no plan's."""

FIELDS_BY_HAND = {"ApiKey.usage"}
"""Fields of other types that read by themselves."""


def planned(type_: Any) -> dict[str, Any]:
    """Return a type's fields by their names; none of those that graphql-core alone answers."""
    fields: dict[str, Any] = getattr(type_, "fields", {})
    if type_.name != "Query":
        return {name: field for name, field in fields.items() if f"{type_.name}.{name}" not in FIELDS_BY_HAND}
    return {name: field for name, field in fields.items() if metadata_of(field).get("entry")}

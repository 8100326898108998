"""What the edge must know of each operation: read from `plans.json`, or learned from the header `Edge-Plan`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

OPERATIONS = Path(__file__).parent / "operations"
"""The folder of the registered operations, `manifest.json` and `plans.json`."""

LONGEST_HEADER: Final = 8_000
"""The most characters of an `Edge-Plan`; other caches on the way take no longer lines."""

_LEARNED_BYTES: Final = 5_000  # a plan that was learned, with the sets made of it
_BYTES_A_CHARACTER: Final = 20  # of its variables and their defaults: lists of lists take most
_TEXTS = ("id", "name", "client", "scope", "digest", "audience")
_NUMBERS = ("max_age", "cost", "most_tags", "stale_while_revalidate", "stale_if_error")
_LISTS = ("variables", "nullable", "collections", "types")


EVERYBODY: Final = ""
"""Whoever comes may ask: the release's own operations."""

PARTNERS: Final = "PARTNERS"
"""Who has an API key may ask: the operations that the release has for partners."""

ORGANIZATION: Final = "ORGANIZATION"
"""Who has a key of an organization that has registered it may ask, or is a member of one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One registered operation: its document's SHA-256, and how its answers may be kept.

    `client` is whose it is, empty where it is none of the release's. `scope` is PUBLIC or VIEWER; `max_age`,
    `stale_while_revalidate` and `stale_if_error` in seconds. `variables` are those it declares, `defaults` what some
    of them default to; those of `nullable` mean the same absent as null. `fields` are the stored attributes that its
    answer depends on by entity type, where a type of `types` that is missing is read whole; `collections` the lists,
    `most_tags` a bound. `audience` is who may ask it (`EVERYBODY`, `PARTNERS`, `ORGANIZATION`). `digest` changes
    whenever anything of it does.
    """

    id: str
    name: str
    client: str
    scope: str
    max_age: int
    cost: int
    variables: tuple[str, ...]
    defaults: Mapping[str, Any]
    digest: str
    nullable: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    collections: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    most_tags: int = 0
    stale_while_revalidate: int = 0
    stale_if_error: int = 0
    audience: str = ""

    @property
    def cacheable(self) -> bool:
        """Whether a shared cache may keep its answers."""
        return self.scope == "PUBLIC" and self.max_age > 0

    @property
    def label(self) -> str:
        """Return by which name it is counted: all that are none of the release's by one, or there were no bound."""
        return self.name if self.client else "(learned)"

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes; nothing for those of the release, which are always there."""
        if self.client:
            return 0
        return _LEARNED_BYTES + _BYTES_A_CHARACTER * len(orjson.dumps([self.variables, self.defaults]))

    def encode(self) -> dict[str, Any]:
        """Return what `plans.json` says of it."""
        return {name: getattr(self, name) for name in self.__slots__}


def load(folder: Path = OPERATIONS) -> dict[str, Plan]:
    """Read `plans.json`: plans by document id."""
    rows = orjson.loads((folder / "plans.json").read_bytes())
    return {row["id"]: decode(row) for row in rows}


def decode(row: Mapping[str, Any]) -> Plan:
    """Read what `Plan.encode` wrote; raises TypeError for what is none."""
    lists = {name: tuple(map(sys.intern, row[name])) for name in _LISTS if name in row}
    fields = {sys.intern(kind): tuple(map(sys.intern, names)) for kind, names in row.get("fields", {}).items()}
    return Plan(**{**row, **lists, "fields": fields})


def announced(header: str, document_id: str) -> Plan | None:
    """Read an `Edge-Plan` header, `Plan.encode` as JSON; None for what is no plan of this document, or not in full."""
    if len(header) > LONGEST_HEADER:
        return None
    try:
        row = orjson.loads(header)
        plan = decode(row) if _well_formed(row) else None
    except (ValueError, TypeError):
        return None
    return plan if plan is not None and plan.id == document_id and plan.cacheable else None


def _well_formed(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str) and row[name].isascii() for name in _TEXTS)
        and all(type(row.get(name)) is int and row[name] >= 0 for name in _NUMBERS)
        and all(_names(row.get(name)) for name in _LISTS)
        and isinstance(row.get("defaults"), dict)
        and isinstance(row.get("fields"), dict)
        and all(_names(names) for names in row["fields"].values())
    )


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)

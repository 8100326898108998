"""What the edge must know of each registered operation, read from `plans.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

OPERATIONS = Path(__file__).parent / "operations"
"""The folder of the registered operations, `manifest.json` and `plans.json`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One registered operation: its document's SHA-256, and how its answers may be kept.

    `scope` is PUBLIC or VIEWER; `max_age`, `stale_while_revalidate` and `stale_if_error` in seconds. `variables` are
    those it declares, `defaults` what some of them default to; those of `nullable` mean the same absent as null.
    `fields` are the stored attributes that its answer depends on by entity type, where a type of `types` that is
    missing is read whole; `collections` the lists, `most_tags` a bound. `digest` changes whenever anything of it does.
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

    @property
    def cacheable(self) -> bool:
        """Whether a shared cache may keep its answers."""
        return self.scope == "PUBLIC" and self.max_age > 0

    def encode(self) -> dict[str, Any]:
        """Return what `plans.json` says of it."""
        return {name: getattr(self, name) for name in self.__slots__}


def load(folder: Path = OPERATIONS) -> dict[str, Plan]:
    """Read `plans.json`: plans by document id."""
    rows = orjson.loads((folder / "plans.json").read_bytes())
    return {row["id"]: decode(row) for row in rows}


def decode(row: Mapping[str, Any]) -> Plan:
    """Read what `Plan.encode` wrote; raises TypeError for what is none."""
    lists = {name: tuple(row[name]) for name in ("variables", "nullable", "collections", "types") if name in row}
    fields = {kind: tuple(names) for kind, names in row.get("fields", {}).items()}
    return Plan(**{**row, **lists, "fields": fields})

"""What the edge must know of each registered operation, read from `plans.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

OPERATIONS = Path(__file__).parent / "operations"
"""The folder of the registered operations, `manifest.json` and `plans.json`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One registered operation: its document's SHA-256, and how its answers may be kept.

    `scope` is PUBLIC or VIEWER; `max_age` in seconds; `variables` maps each declared variable to its default (a
    variable without one is not in `defaults`); `digest` changes whenever anything of the plan does.
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
    return {row["id"]: Plan(**{**row, "variables": tuple(row["variables"])}) for row in rows}

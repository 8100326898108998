"""What a batch of edits did, in numbers: the activity of a project is the log of its designs, told by these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def tally(effective: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many elements a batch added, changed and removed, from its `models.canvas.Outcome.effective`.

    An element counts once in each; as changed it counts where the batch set or moved it and did neither of the others.
    """
    keys: dict[str, set[str]] = {"add": set(), "set": set(), "move": set(), "remove": set()}
    for edit in effective:
        keys[edit["edit"]].update(edit.get("keys", (edit["key"],)))
    added, removed = keys["add"], keys["remove"]
    changed = (keys["set"] | keys["move"]) - added - removed
    return {"added": len(added), "changed": len(changed), "removed": len(removed)}

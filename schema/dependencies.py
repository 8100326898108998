"""What an answer depends on, recorded by the loaders while an operation runs."""

from __future__ import annotations

from typing import Any


class Dependencies:
    """The tags of one answer: entities, lists, and the types of both."""

    def __init__(self) -> None:
        self.tags: set[str] = set()

    def entity(self, kind: str, id_: Any) -> None:
        """Record that an entity was read, or found missing."""
        self.tags.add(kind)
        self.tags.add(f"{kind}:{id_}")

    def list(self, kind: str, tag: str) -> None:
        """Record that a list of one type was read."""
        self.tags.add(kind)
        self.tags.add(tag)

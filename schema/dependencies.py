"""What an answer depends on, recorded by the loaders while an operation runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bson import ObjectId

from edge.tags import EVERYTHING
from models.order_keys import FIRST, LAST


class Dependencies:
    """The tags of one answer: entities, lists, the types of both, and everything.

    `ranges` are the parts of lists that it shows, as (tag, low, high): it depends on the rows whose place is behind
    `low` and not behind `high` (see `models.order_keys`), and where more follows, whose values lie within these bounds.
    """

    def __init__(self) -> None:
        self.tags: set[str] = {EVERYTHING}
        self.ranges: set[tuple[str, ...]] = set()

    def entities(self, kind: str, ids: Iterable[Any]) -> None:
        """Record that entities of one type were read, or found missing."""
        # The driver's own spelling of its ids takes twice as long.
        tags = [f"{kind}:{id_.binary.hex() if type(id_) is ObjectId else id_}" for id_ in ids]
        if tags:
            self.tags.add(kind)
            self.tags.update(tags)

    def list(
        self, kind: str, tag: str, low: str | None = FIRST, high: str | None = LAST, bounds: tuple[str, ...] = ()
    ) -> None:
        """Record that a list of one type was read, between two places; all of it where they are not known.

        `bounds` are those of a narrowed list: see `Collection.bounds`.
        """
        self.tags.add(kind)
        self.tags.add(tag)
        part = (low, high) if low is not None and high is not None else (FIRST, LAST)
        self.ranges.add((tag, *part, *bounds))

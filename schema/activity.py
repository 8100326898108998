"""The activity of a project: who did what on its designs, from the log of edits."""

from __future__ import annotations

from datetime import datetime

import strawberry

import models.element
from schema.design import Design
from schema.node import Node
from schema.relations import computed, reference
from schema.user import User


@strawberry.type(description="A batch of edits that took effect, in numbers; `designEvents` tells the edits.")
class DesignEdit(Node, stores=models.element.DesignEdit):
    """One entry of a design's log."""

    seq: int = strawberry.field(description="Its number in the design's log.")
    created_at: datetime = strawberry.field(description="When it was applied.")
    added: int = strawberry.field(description="How many elements it added, those that it brought back included.")
    changed: int = strawberry.field(description="How many it set or moved, but for those that it added or removed.")
    removed: int = strawberry.field(description="How many it removed, with what lay in them.")
    author: User | None = reference("User", key="author", description="Who made it.")
    design: Design | None = reference("Design", key="design", description="The design that it is of.")

    @computed("batch", description="The name that its client gave it.")
    def batch_id(self) -> strawberry.ID:
        """Return the batch's name."""
        return strawberry.ID(self.document.batch)

"""Following a design: every batch of its log, without holes, and what else happens to it."""

from __future__ import annotations

from collections.abc import AsyncIterable

import strawberry

import models.design
from auth.permissions import Permission
from resolvers.context import Info, permitted
from schema.events import DesignEvent


@strawberry.type
class EventSubscriptions:
    """Subscriptions."""

    @strawberry.subscription(
        description="Every batch of edits after `afterSeq` (now, if it is left out), in order and without holes; "
        "comments; the loss of access, which ends it."
    )
    async def design_events(
        self, info: Info, design_id: strawberry.ID, after_seq: int | None = None
    ) -> AsyncIterable[DesignEvent]:
        """Let who may read a design follow it."""
        design = await permitted(info, models.design.Design, design_id, Permission.READ, path=("designId",))
        return info.context.services.feeds.follow(info.context.viewer, design, after_seq)

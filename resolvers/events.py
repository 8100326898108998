"""Following a design: every batch of its log, without holes, and what else happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import strawberry
from beanie import PydanticObjectId, SortDirection

import models.comment
import models.design
import models.user
from auth.permissions import Permission
from auth.viewer import renew
from models.element import DesignEdit
from resolvers.context import Info, permitted
from schema import ids
from schema.element import effective
from schema.events import AccessChanged, CommentChanged, DesignEvent, EditsCommitted, Heartbeat, ResyncRequired
from schema.node import show

_MOST_AT_ONCE = 256
_COMMENT = "comment:"


@strawberry.type
class EventSubscriptions:
    """Subscriptions."""

    @strawberry.subscription(
        description="Every batch of edits after `afterSeq` (now, if it is left out), in order and without holes; "
        "comments; the loss of access, which ends it."
    )
    async def design_events(
        self, info: Info, design_id: strawberry.ID, after_seq: int | None = None
    ) -> AsyncIterator[DesignEvent]:
        """Replay the log, then wait for signals and read on; the log alone is the truth."""
        services = info.context.services
        with services.signals.listen(f"design:{ids.decode(design_id, path=('designId',))[1]}") as listener:
            path = ("designId",)
            design = await permitted(info, models.design.Design, design_id, Permission.READ, path=path)
            seq = design.seq if after_seq is None else after_seq
            if not 0 <= seq <= design.seq:
                yield ResyncRequired(seq=design.seq)
                return
            quiet_since = asyncio.get_running_loop().time()
            notes: list[str] = []
            while True:
                entries = await _log(design.id, seq)  # before the check: what was written after a removal is not told
                if not await _may_follow(info, design.organization):
                    yield AccessChanged(message="You no longer have access to this design.")
                    return
                for entry in entries:
                    yield await _committed(entry)
                    seq = entry.seq
                for note in notes:
                    yield await _comment_changed(note.removeprefix(_COMMENT))
                now = asyncio.get_running_loop().time()
                if notes or seq > design.seq:
                    design.seq, quiet_since = seq, now
                elif now - quiet_since >= services.pace.heartbeat:
                    yield Heartbeat(seq=seq)
                    quiet_since = now
                patience = 0 if len(entries) == _MOST_AT_ONCE else services.pace.look  # a full page: the log has more
                notes = [note for note in await listener.wait(patience) if note.startswith(_COMMENT)]


async def _may_follow(info: Info, organization: PydanticObjectId) -> bool:
    """Whether the viewer is still signed in, and their role, read anew, still grants reading."""
    return (await renew(info.context.viewer)).may(Permission.READ, organization)


async def _log(design: PydanticObjectId, after: int) -> list[DesignEdit]:
    found = DesignEdit.find(
        {"design": design, "seq": {"$gt": after}},
        sort=[("seq", SortDirection.ASCENDING)],
        limit=_MOST_AT_ONCE,
        batch_size=_MOST_AT_ONCE,
    )
    return await found.to_list()


async def _committed(entry: DesignEdit) -> EditsCommitted:
    edits = [effective(edit) for edit in entry.edits]
    author = show(await models.user.User.get(entry.author))
    return EditsCommitted(seq=entry.seq, batch_id=strawberry.ID(entry.batch), author=author, edits=edits)


async def _comment_changed(id_: str) -> CommentChanged:
    comment = await models.comment.Comment.get(PydanticObjectId(id_))
    return CommentChanged(id=ids.encode("Comment", id_), comment=show(comment))

"""Following a design: every batch of its log, without holes, and what else happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import strawberry
from beanie import PydanticObjectId, SortDirection
from pymongo.asynchronous.client_session import AsyncClientSession

import models.comment
import models.design
import models.user
from auth.permissions import Permission
from auth.viewer import renew
from edge.stream import EntryId
from models.database import cluster_time, operation_time
from models.element import DesignEdit
from resolvers.context import Info, permitted
from schema import ids
from schema.element import effective
from schema.events import AccessChanged, CommentChanged, DesignEvent, EditsCommitted, Heartbeat, ResyncRequired
from schema.node import show
from storage.signals import Listener

_MOST_AT_ONCE = 256
_COMMENT = "comment:"
_WHOLE = 2**64 - 1
"""The ordinal behind all events of one time: an edge that has applied part of a transaction has not seen it."""


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
            async with (
                services.database.client.start_session() as session,
                aclosing(_events(info, design_id, after_seq, listener, session)) as events,
            ):
                async for event in events:
                    yield event


async def _events(
    info: Info, design_id: strawberry.ID, after_seq: int | None, listener: Listener, session: AsyncClientSession
) -> AsyncGenerator[DesignEvent, None]:
    """Follow a design; everything that is told is read in one session, whose time comes with it."""
    pace = info.context.services.pace
    design = await permitted(info, models.design.Design, design_id, Permission.READ, session, path=("designId",))
    seq = design.seq if after_seq is None else after_seq
    if not 0 <= seq <= design.seq:
        yield ResyncRequired(seq=design.seq, as_of=_as_of(info, session))
        return
    quiet_since = asyncio.get_running_loop().time()
    notes: list[str] = []
    while True:
        entries = await _log(design.id, seq, session)  # before the check: what came after a removal is not told
        if not await _may_follow(info, design.organization):
            yield AccessChanged(message="You no longer have access to this design.")
            return
        for entry in entries:
            yield await _committed(info, entry, session)
            seq = entry.seq
        for note in notes:
            yield await _comment_changed(info, note.removeprefix(_COMMENT), session)
        now = asyncio.get_running_loop().time()
        if notes or seq > design.seq:
            design.seq, quiet_since = seq, now
        elif now - quiet_since >= pace.heartbeat:
            yield Heartbeat(seq=seq, as_of=_as_of(info, session))
            quiet_since = now
        patience = 0 if len(entries) == _MOST_AT_ONCE else pace.look  # a full page: the log has more
        notes = [note for note in await listener.wait(patience) if note.startswith(_COMMENT)]


async def _may_follow(info: Info, organization: PydanticObjectId) -> bool:
    """Whether the viewer is still signed in, and their role, read anew, still grants reading."""
    return (await renew(info.context.viewer)).may(Permission.READ, organization)


async def _log(design: PydanticObjectId, after: int, session: AsyncClientSession) -> list[DesignEdit]:
    found = DesignEdit.find(
        {"design": design, "seq": {"$gt": after}},
        sort=[("seq", SortDirection.ASCENDING)],
        limit=_MOST_AT_ONCE,
        batch_size=_MOST_AT_ONCE,
        session=session,
    )
    return await found.to_list()


async def _committed(info: Info, entry: DesignEdit, session: AsyncClientSession) -> EditsCommitted:
    edits = [effective(edit) for edit in entry.edits]
    author = show(await models.user.User.get(entry.author, session=session))
    batch = strawberry.ID(entry.batch)
    return EditsCommitted(seq=entry.seq, batch_id=batch, author=author, edits=edits, as_of=_as_of(info, session))


async def _comment_changed(info: Info, id_: str, session: AsyncClientSession) -> CommentChanged:
    comment = await models.comment.Comment.get(PydanticObjectId(id_), session=session)
    return CommentChanged(id=ids.encode("Comment", id_), comment=show(comment), as_of=_as_of(info, session))


def _as_of(info: Info, session: AsyncClientSession) -> str:
    """Return the moment of what was read, signed like that of a client's own write."""
    moment = EntryId(cluster_time(operation_time(session)), _WHOLE)
    return info.context.services.keys.sign("own-write", str(moment))

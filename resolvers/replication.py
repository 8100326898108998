"""Copies that devices keep: pulling, pushing and streaming projects, designs and comments."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable
from typing import Any, Final

import strawberry
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from auth.viewer import Viewer, renew
from models.database import Database, cancelled, cluster_time, operation_time
from models.replication import Mark, Marks, position
from resolvers import pushed
from resolvers.context import Info, Services, mutation
from resolvers.pulling import bulk, check_limit, marks_of, organizations, pull
from resolvers.pushing import push
from resolvers.sources import Sink, Source
from schema.replication import (
    COMMENTS,
    DESIGNS,
    PROJECTS,
    CheckpointInput,
    CommentPushRow,
    CommentReplica,
    DesignPushRow,
    DesignReplica,
    ProjectPushRow,
    ProjectReplica,
    PullBulk,
    Replica,
)

_STREAMED_AT_ONCE: Final = 100
_OVERLAP_SECONDS: Final = 60  # a stream begins so long before it was asked for
_LEAST_SECONDS: Final = 0.5  # between two looks of a stream
_PULL: Final = (
    "after a checkpoint; all of them, without one. At most 500. "
    "For RxDB's GraphQL replication, as are its push and its stream."
)
_PUSH: Final = "Answers those that are not as the device took them for, or may not be changed so, as they are."
_STREAM: Final = "that change from now on; what changed before, a device pulls."

log = logging.getLogger(__name__)


async def _pull(info: Info, replica: Replica[Any], checkpoint: CheckpointInput | None, limit: int) -> PullBulk[Any]:
    viewer, keys = info.context.viewer, info.context.services.keys
    viewer.require_user()
    marks = marks_of(replica, checkpoint, viewer, keys)
    return bulk(replica, await pull(replica, organizations(viewer), marks, check_limit(limit)), viewer, keys)


class Replicating(Source):
    """One stream of a device."""

    def __init__(self, services: Services, viewer: Viewer, replica: Replica[Any]) -> None:
        self._services, self._viewer, self._replica = services, viewer, replica

    async def run(self, sink: Sink) -> None:
        """Tell of changes, of access gained and of access lost, until the device is signed out."""
        marks, viewer, look = await self._begin(), self._viewer, self._services.feeds.pace.look
        while viewer.user is not None and not cancelled():
            readable = organizations(viewer)
            topics = [f"{topic}:{organization}" for organization in readable for topic in ("changes", "access")]
            with self._services.signals.listen(*topics) as listener:
                while viewer.user is not None and organizations(viewer) == readable and not cancelled():
                    try:
                        marks = await self._tell(sink, viewer, readable, marks)
                        await asyncio.sleep(_LEAST_SECONDS)
                        await listener.wait(look)
                        viewer = await renew(viewer)
                    except PyMongoError as error:
                        log.warning("A device's stream waits for the database: %s", error)
                        await asyncio.sleep(_LEAST_SECONDS)

    async def _begin(self) -> Marks:
        """Return marks a little before now: what a device pulls while it connects may miss what is changed then."""
        begun = await _now(self._services.database) - (_OVERLAP_SECONDS << 32)
        return dict.fromkeys(organizations(self._viewer), Mark(position(begun, "")))

    async def _tell(self, sink: Sink, viewer: Viewer, readable: set[PydanticObjectId], marks: Marks) -> Marks:
        """Tell of all that is new."""
        while True:
            page = await pull(self._replica, readable, marks, _STREAMED_AT_ONCE)
            marks = page.marks
            if page.documents:
                payload = await sink.render(bulk(self._replica, page, viewer, self._services.keys))
                await sink.ready()
                sink.push(payload, last=True)
            if len(page.documents) < _STREAMED_AT_ONCE:
                return marks


async def _now(database: Database) -> int:
    """Return MongoDB's time."""
    async with database.client.start_session() as session:
        await database.client.admin.command("ping", session=session)
        return cluster_time(operation_time(session))


def _stream(info: Info, replica: Replica[Any]) -> Any:
    info.context.viewer.require_user()
    return Replicating(info.context.services, info.context.viewer, replica)


@strawberry.type
class ReplicationQueries:
    """What devices pull."""

    @strawberry.field(description=f"Projects that changed {_PULL}")
    async def pull_projects(
        self, info: Info, limit: int, checkpoint: CheckpointInput | None = None
    ) -> PullBulk[ProjectReplica]:
        """Pull projects."""
        return await _pull(info, PROJECTS, checkpoint, limit)

    @strawberry.field(description=f"Designs that changed {_PULL}")
    async def pull_designs(
        self, info: Info, limit: int, checkpoint: CheckpointInput | None = None
    ) -> PullBulk[DesignReplica]:
        """Pull designs."""
        return await _pull(info, DESIGNS, checkpoint, limit)

    @strawberry.field(description=f"Comments that changed {_PULL}")
    async def pull_comments(
        self, info: Info, limit: int, checkpoint: CheckpointInput | None = None
    ) -> PullBulk[CommentReplica]:
        """Pull comments."""
        return await _pull(info, COMMENTS, checkpoint, limit)


@strawberry.type
class ReplicationMutations:
    """What devices push."""

    @mutation(f"Projects that a device made, changed or deleted. {_PUSH}")
    async def push_projects(self, info: Info, rows: list[ProjectPushRow]) -> list[ProjectReplica]:
        """Push projects."""
        return await push(info, pushed.PROJECT, rows)

    @mutation(f"Designs that a device made, changed or deleted; not their canvases. {_PUSH}")
    async def push_designs(self, info: Info, rows: list[DesignPushRow]) -> list[DesignReplica]:
        """Push designs."""
        return await push(info, pushed.DESIGN, rows)

    @mutation(f"Comments that a device made, changed or deleted. {_PUSH}")
    async def push_comments(self, info: Info, rows: list[CommentPushRow]) -> list[CommentReplica]:
        """Push comments."""
        return await push(info, pushed.COMMENT, rows)


@strawberry.type
class ReplicationSubscriptions:
    """What devices hear of."""

    @strawberry.subscription(description=f"Projects {_STREAM}")
    async def stream_projects(self, info: Info) -> AsyncIterable[PullBulk[ProjectReplica]]:
        """Stream projects."""
        found: AsyncIterable[PullBulk[ProjectReplica]] = _stream(info, PROJECTS)
        return found

    @strawberry.subscription(description=f"Designs {_STREAM}")
    async def stream_designs(self, info: Info) -> AsyncIterable[PullBulk[DesignReplica]]:
        """Stream designs."""
        found: AsyncIterable[PullBulk[DesignReplica]] = _stream(info, DESIGNS)
        return found

    @strawberry.subscription(description=f"Comments {_STREAM}")
    async def stream_comments(self, info: Info) -> AsyncIterable[PullBulk[CommentReplica]]:
        """Stream comments."""
        found: AsyncIterable[PullBulk[CommentReplica]] = _stream(info, COMMENTS)
        return found

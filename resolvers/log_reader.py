"""Reading a design's log for those who follow it, and what must be known beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import strawberry
from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.read_concern import ReadConcern

import models.comment
import models.design
from auth.permissions import GRANTS, Permission
from auth.signatures import Keys
from auth.viewer import Viewer
from edge.stream import WHOLE, EntryId
from models.database import Database, cluster_time, operation_time
from models.element import DesignEdit
from models.entity import Entity
from models.organization import Membership, Role
from models.user import Session, User
from schema import ids
from schema.element import effective
from schema.events import CommentChanged, EditsCommitted
from schema.node import show

MOST_AT_ONCE: Final = 64
"""How many batches are read at once; while they are taken apart, everybody else waits."""

_ALL: Final = 10_000  # rows of a first batch, so that no second is asked for
_MAJORITY: Final = ReadConcern("majority")  # what only some have may never have been


@dataclass
class About:
    """What is known beside the log: whether the design is there, members who may read, devices signed in, authors."""

    there: bool = False
    members: set[PydanticObjectId] = field(default_factory=set)
    devices: set[PydanticObjectId] = field(default_factory=set)
    users: dict[PydanticObjectId, User] = field(default_factory=dict)

    def may_hear(self, viewer: Viewer) -> bool:
        """Whether somebody may follow still."""
        return self.there and viewer.user in self.members and viewer.session in self.devices


def _and(document: type[Entity], query: Mapping[str, Any], *fields: str, whole: bool = False) -> dict[str, Any]:
    """Return the stage that adds what a query finds in another collection, and says that it is from there."""
    source = {"of": {"$literal": document.__name__}}
    shown = {"$set": source} if whole else {"$project": {"_id": 1, **dict.fromkeys(fields, 1), **source}}
    return {"$unionWith": {"coll": document.stored_in(), "pipeline": [{"$match": query}, shown]}}


class Page(NamedTuple):
    """What tells of batches of the log, what is known beside them, and when that was so."""

    events: list[EditsCommitted]
    about: About
    as_of: str


class LogReader:
    """Reads one design's log, as far as a majority has it."""

    def __init__(self, database: Database, keys: Keys, design: models.design.Design) -> None:
        self._database, self._keys, self._design = database, keys, design

    async def kept(self) -> range:
        """Return the numbers after which the log can be replayed; the last is that of the newest batch."""
        designs = models.design.Design.get_pymongo_collection().with_options(read_concern=_MAJORITY)
        found = await designs.find_one({"_id": self._design.id}, {"seq": 1, "log_floor": 1}) or {}
        seq = int(found.get("seq", 0))
        return range(min(found.get("log_floor", 0), seq), seq + 1)

    async def read(self, after: int, viewers: Sequence[Viewer]) -> Page:
        """Return the next batches, at most 64, up to a hole, and what is known of those who want to hear of them."""
        async with self._database.client.start_session() as session:
            edits = DesignEdit.get_pymongo_collection().with_options(read_concern=_MAJORITY)
            rows = edits.find(
                {"design": self._design.id, "seq": {"$gt": after}},
                sort=[("seq", 1)],
                limit=MOST_AT_ONCE,
                batch_size=MOST_AT_ONCE,
                session=session,
            )
            found = await rows.to_list()  # which may have been trimmed meanwhile
            whole = [row for place, row in enumerate(found) if row["seq"] == found[0]["seq"] + place]
            entries = [DesignEdit.model_validate(row) for row in whole]
            # after the log: what came after a removal is not told
            about = await self._about({entry.author for entry in entries}, viewers, session)
            as_of = self._as_of(session)
        events = [
            EditsCommitted(
                seq=entry.seq,
                batch_id=strawberry.ID(entry.batch),
                author=show(about.users.get(entry.author)),
                edits=[effective(edit) for edit in entry.edits],
                as_of=as_of,
            )
            for entry in entries
        ]
        return Page(events, about, as_of)

    async def comment(self, id_: str) -> CommentChanged:
        """Return what tells of a comment as it is, or that it is gone."""
        async with self._database.client.start_session() as session:
            comment = await models.comment.Comment.get(PydanticObjectId(id_), session=session)
            return CommentChanged(id=ids.encode("Comment", id_), comment=show(comment), as_of=self._as_of(session))

    async def _about(
        self, authors: set[PydanticObjectId], viewers: Sequence[Viewer], session: AsyncClientSession
    ) -> About:
        """Read, in one command, who the authors are, whether the design is there, and what the viewers may."""
        users, devices = {viewer.user for viewer in viewers}, {viewer.session for viewer in viewers}
        designs = models.design.Design.get_pymongo_collection()
        pipeline: list[dict[str, Any]] = [
            {"$match": {"_id": self._design.id}},
            {"$project": {"_id": 1}},
            _and(Membership, {"organization": self._design.organization, "user": {"$in": [*users]}}, "user", "role"),
            _and(Session, {"_id": {"$in": [*devices]}, "ended_at": None}),
            _and(User, {"_id": {"$in": [*authors]}}, whole=True),
        ]
        about = About()
        async for row in await designs.aggregate(pipeline, batchSize=_ALL, session=session):
            match row.pop("of", ""):
                case "Membership" if Permission.READ in GRANTS[Role(row["role"])]:
                    about.members.add(row["user"])
                case "Session":
                    about.devices.add(row["_id"])
                case "User":
                    about.users[row["_id"]] = User.model_validate(row)
                case "":
                    about.there = True
        return about

    def _as_of(self, session: AsyncClientSession) -> str:
        """Return the moment of what was read, signed like that of a client's own write."""
        moment = EntryId(cluster_time(operation_time(session)), WHOLE)
        return self._keys.sign("own-write", str(moment))

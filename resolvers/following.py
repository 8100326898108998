"""Following designs: one reader of a design's log for all in this process who follow it.

The log is the truth. A reader goes on reading it whenever a signal comes, and now and then without one: signals may be
lost, which costs seconds, never a batch. What it reads is told to every follower in one turn of the loop, and those who
asked the same are sent the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

import models.comment
import models.design
from auth.signatures import Keys
from auth.viewer import Viewer, device
from models.database import Database, cancelled
from resolvers.attendance import Attendance
from resolvers.crowd import PRESENCE, Crowd
from resolvers.log_reader import MOST_AT_ONCE, LogReader
from resolvers.recent import Recent
from resolvers.sources import Sink, Source
from schema.events import (
    AccessChanged,
    DesignEvent,
    EditsCommitted,
    Heartbeat,
    PresenceChanged,
    ResyncRequired,
)
from storage.cancellation import to_its_end
from storage.presence import Presence
from storage.signals import Listener, Signals

_RETRY_SECONDS: Final = 0.5
_CATCHING_UP: Final = 4  # who read the log at once because they come new, while those who follow wait for theirs
_LATE_AT_ONCE: Final = 32
_COMMENT: Final = "comment:"
_NO_ACCESS: Final = "You no longer have access to this design."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How long subscriptions wait, in seconds.

    `heartbeat`: with nothing to tell, until they give a sign of life. `look`: without a signal, until they look at the
    log and at the viewers' roles by themselves, since signals may be lost.
    """

    heartbeat: float = 20.0
    look: float = 5.0


@dataclass(eq=False)
class _Follower:
    """Somebody who follows live: has been told everything up to `seq`."""

    viewer: Viewer
    sink: Sink
    seq: int
    late: bool  # is told after the others, since the same person follows many times
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kind(self) -> Hashable:
        """What those have in common who are sent the same bytes."""
        return self if self.sink.alike is None else self.sink.alike


class Following(Source):
    """One subscription to a design's events."""

    def __init__(self, feeds: Feeds, viewer: Viewer, design: models.design.Design, after_seq: int | None) -> None:
        self._feeds = feeds
        self._viewer = viewer
        self._design = design
        self._after = after_seq

    async def run(self, sink: Sink) -> None:
        """Tell a sink of every batch after the position, then of what happens, until access ends or it is cancelled.

        Raises:
            CrowdedError: as many others follow the design as may.

        """
        async with self._feeds.attendance.at(self._design.id, self._viewer.require_user()) as late:
            await self._tell(sink, late=late)

    async def _tell(self, sink: Sink, *, late: bool) -> None:
        kept = await to_its_end(self._feeds.reader(self._design).kept())  # else the driver loses a connection
        feed = self._feeds.join(self._design, kept[-1])
        try:
            follower = await self._catch_up(feed, kept, sink, late=late)
            if follower is not None:
                try:
                    await follower.ended.wait()
                finally:
                    feed.leave(follower)
                    self._left(feed)
        finally:
            self._feeds.part(feed)

    def _left(self, feed: Feed) -> None:
        """Show a device no more that follows no more."""
        if not any(each.viewer.session == self._viewer.session for each in feed.followers):
            self._feeds.leave(feed.design, device(self._viewer))

    async def _catch_up(self, feed: Feed, kept: range, sink: Sink, *, late: bool) -> _Follower | None:
        """Replay the log up to where the feed is, and follow from there; None where that cannot be."""
        follower = _Follower(self._viewer, sink, kept[-1] if self._after is None else self._after, late)
        if follower.seq not in kept:
            await feed.read(feed.seq, ())  # to know when that is so
            await feed.tell_one(follower, feed.resync())
            return None
        while follower.seq < feed.seq:
            async with self._feeds.catching_up:
                page = await to_its_end(feed.read(follower.seq, [follower]))
            if page.lost:
                await feed.tell_one(follower, AccessChanged(message=_NO_ACCESS))
                return None
            if not page.events or page.events[0].seq != follower.seq + 1:
                await feed.tell_one(follower, feed.resync())
                return None
            for event in page.events:
                payload = await feed.payload(sink, event)
                await sink.ready()
                sink.push(payload, last=True)
                follower.seq = event.seq
                await asyncio.sleep(0)  # others are not to wait for all of a page
        feed.follow(follower)
        return follower


class Feeds:
    """All designs that are followed in this process."""

    def __init__(
        self,
        database: Database,
        signals: Signals,
        presence: Presence,
        attendance: Attendance,
        keys: Keys,
        pace: Pace,
    ) -> None:
        self.database, self.signals, self.keys, self.pace = database, signals, keys, pace
        self.presence, self.attendance = presence, attendance
        self.catching_up = asyncio.Semaphore(_CATCHING_UP)
        self._leaving: set[asyncio.Task[None]] = set()
        self._feeds: dict[PydanticObjectId, Feed] = {}

    def follow(self, viewer: Viewer, design: models.design.Design, after_seq: int | None) -> Following:
        """Return a subscription of somebody who may read the design, from behind a batch on; None: from now on."""
        return Following(self, viewer, design, after_seq)

    def reader(self, design: models.design.Design) -> LogReader:
        """Return what reads a design's log."""
        return LogReader(self.database, self.keys, design)

    def join(self, design: models.design.Design, seq: int) -> Feed:
        """Have a design read for one more, which is at least at this number."""
        feed = self._feeds.get(design.id)
        if feed is None:
            feed = self._feeds[design.id] = Feed(self, design, seq)
            feed.start()
        feed.users += 1
        return feed

    def part(self, feed: Feed) -> None:
        """Have a design read for one less."""
        feed.users -= 1
        if not feed.users:
            del self._feeds[feed.design]
            feed.stop()

    def leave(self, design: PydanticObjectId, gone: str) -> None:
        """Have a device shown no more at a design."""

        async def leave() -> None:
            await self.presence.leave(str(design), gone)
            self.signals.tell(f"design:{design}", PRESENCE)

        task = asyncio.create_task(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


class _Page(NamedTuple):
    """What tells of batches of the log, who may not hear of it, and when that was so."""

    events: list[EditsCommitted]
    lost: list[_Follower]
    as_of: str


class Feed:
    """Reads one design's log, and tells those who follow. `seq` is the newest batch that was told."""

    def __init__(self, feeds: Feeds, design: models.design.Design, seq: int) -> None:
        self.design = design.id
        self.seq = seq
        self.users = 0
        self.followers: dict[_Follower, None] = {}
        self.read_at = ""  # the moment of the last read, signed
        self._organization = design.organization
        self._log = feeds.reader(design)
        self._feeds = feeds
        self._task: asyncio.Task[None] | None = None
        self._clock = asyncio.get_running_loop().time
        self._quiet_since = self._clock()
        self._crowd = Crowd(design.id, feeds.presence)
        self._recent = Recent()
        self._listener: Listener | None = None

    def start(self) -> None:
        """Begin to read."""
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()

    def follow(self, follower: _Follower) -> None:
        """Tell somebody from now on."""
        self.followers[follower] = None
        self._crowd.stir(somebody_new=True)  # who has come is told who is there
        if self._listener is not None:
            self._listener.hear(PRESENCE)

    def leave(self, follower: _Follower) -> None:
        """Tell somebody nothing any more."""
        self.followers.pop(follower, None)

    async def _run(self) -> None:
        """Read and tell, until nobody follows; a database that does not answer only makes it late."""
        pace = self._feeds.pace
        with self._feeds.signals.listen(f"design:{self.design}", f"access:{self._organization}") as listener:
            self._listener, notes, full = listener, [""], False
            every, turned_at = min(pace.look, pace.heartbeat), float("-inf")
            while not cancelled():
                try:
                    if PRESENCE in notes:
                        self._crowd.stir()
                    if full or self._clock() - turned_at >= every or any(note != PRESENCE for note in notes):
                        full, turned_at = await self._turn(notes), self._clock()
                    notes = []
                    if not self._crowd.due() and (crowd := await self._crowd.look()):
                        await self._tell(crowd)
                except Exception as error:
                    unexpected = None if isinstance(error, PyMongoError) else error
                    log.warning(
                        "Design %s cannot be told of (%s); trying again.", self.design, error, exc_info=unexpected
                    )
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                notes += await listener.wait(0 if full else min(turned_at + every - self._clock(), self._crowd.due()))

    async def _turn(self, notes: Sequence[str]) -> bool:
        """Tell what is new; return whether the log has more."""
        comments = [await self._log.comment(note.removeprefix(_COMMENT)) for note in notes if note.startswith(_COMMENT)]
        events, lost, as_of = await self.read(self.seq, self.followers)
        for follower in lost:
            await self.tell_one(follower, AccessChanged(message=_NO_ACCESS))
        if events and events[0].seq != self.seq + 1:  # the log was trimmed before it was read
            self.seq = events[-1].seq
            for follower in list(self.followers):
                await self.tell_one(follower, self.resync())
            return False
        for event in events:
            self.seq = event.seq
            await self._tell(event, event.seq)
        for comment in comments:
            await self._tell(comment)
        now = self._clock()
        if events or comments:
            self._quiet_since = now
        elif now - self._quiet_since >= self._feeds.pace.heartbeat:
            self._quiet_since = now
            await self._tell(Heartbeat(seq=self.seq, as_of=as_of))
        return len(events) == MOST_AT_ONCE

    async def read(self, after: int, followers: Iterable[_Follower]) -> _Page:
        """Return the next batches of the log, at most 64, and who may not hear of them."""
        judged = list(followers)
        events, about, as_of = await self._log.read(after, [each.viewer for each in judged])
        self.read_at = as_of
        return _Page(events, [each for each in judged if not about.may_hear(each.viewer)], as_of)

    async def payload(self, sink: Sink, event: DesignEvent) -> bytes:
        """Return what a sink is sent of an event; of a batch, what others were sent lately."""
        if not isinstance(event, EditsCommitted):
            return await sink.render(event)
        payload = self._recent.get(sink.alike, event.seq)
        if payload is None:
            payload = await sink.render(event)
            self._recent.keep(sink.alike, event.seq, payload)
        return payload

    def resync(self) -> ResyncRequired:
        """Return what is told to whom the log cannot be replayed."""
        return ResyncRequired(seq=self.seq, as_of=self.read_at)

    async def tell_one(self, follower: _Follower, event: DesignEvent) -> None:
        """Tell somebody the last that they hear."""
        self.leave(follower)
        follower.sink.push(await follower.sink.render(event), last=True)
        follower.ended.set()

    async def _tell(self, event: DesignEvent, seq: int | None = None) -> None:
        """Tell everybody who follows now and has not heard of it."""
        payloads: dict[Hashable, bytes] = {}
        behind: list[_Follower] = []
        followers = [each for each in self.followers if each.sink.presence or not isinstance(event, PresenceChanged)]
        followers.sort(key=lambda follower: follower.late)
        for follower in followers:
            if follower.kind not in payloads:
                payloads[follower.kind] = await self.payload(follower.sink, event)
        for number, follower in enumerate(followers):
            if follower.late and number % _LATE_AT_ONCE == 0:
                await asyncio.sleep(0)  # the others are not to wait for these
            if follower not in self.followers or (seq is not None and seq <= follower.seq):
                continue
            if seq is not None:
                follower.seq = seq
            if not follower.sink.push(payloads[follower.kind]):
                behind.append(follower)
        for follower in behind:
            await self.tell_one(follower, self.resync())

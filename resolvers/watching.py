"""Watching the sessions of devices whose connections last: these end with their session, at once.

One task watches for all connections of a process. Whoever ends a session says so by a signal; since signals may be
lost, all are looked at now and then as well, in one read, and at the moment when the next one expires.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final

from beanie import PydanticObjectId
from bson.errors import InvalidId
from pymongo.errors import PyMongoError

from models.database import cancelled
from models.entity import now
from models.user import Session
from storage.signals import MOST_NOTES, Listener, Signals

TOPIC: Final = "sessions"
"""Under which processes tell each other of sessions that have ended; the note is the session's id."""

_AT_ONCE: Final = 1000
_RETRY_SECONDS: Final = 0.5
_LEAST_SECONDS: Final = 0.001

log = logging.getLogger(__name__)


class SessionWatch:
    """Calls who watches a session when that has ended; `look` is how often all are looked at, in seconds."""

    def __init__(self, signals: Signals, look: float) -> None:
        self._signals, self._look = signals, look
        self._watchers: defaultdict[PydanticObjectId, dict[object, Callable[[], None]]] = defaultdict(dict)
        self._expiring: dict[PydanticObjectId, datetime] = {}
        self._listener: Listener | None = None

    @contextmanager
    def watching(self, session: PydanticObjectId | None, ended: Callable[[], None]) -> Iterator[None]:
        """Have `ended` called, once, when a session has ended or did before; None: there is none, and it never is."""
        if session is None:
            yield
            return
        place = object()
        self._watchers[session][place] = ended
        if self._listener is not None:
            self._listener.hear(str(session))
        try:
            yield
        finally:
            watchers = self._watchers.get(session, {})
            watchers.pop(place, None)
            if not watchers:
                self._watchers.pop(session, None)
                self._expiring.pop(session, None)

    async def run(self) -> None:
        """Watch until cancelled; a database that does not answer ends nothing, and makes ends late."""
        with self._signals.listen(TOPIC) as self._listener:
            notes: Sequence[str] = ()
            while not cancelled():
                try:
                    await self._check(self._noted(notes))
                except PyMongoError as error:
                    log.warning("Sessions cannot be looked at (%s); trying again.", error)
                    await asyncio.sleep(_RETRY_SECONDS)
                    notes = ()
                    continue
                notes = await self._listener.wait(self._patience())

    def _noted(self, notes: Sequence[str]) -> Iterable[PydanticObjectId]:
        """Return the sessions to look at: those that notes name, all without a note, or where some were lost."""
        if not notes or "" in notes or len(notes) >= MOST_NOTES:
            return [*self._watchers]
        return [id_ for id_ in map(_id, notes) if id_ is not None and id_ in self._watchers]

    def _patience(self) -> float:
        """Return for how long nothing need be looked at without a signal (s)."""
        soonest = min(self._expiring.values(), default=None)
        left = self._look if soonest is None else (soonest - now()).total_seconds()
        return max(_LEAST_SECONDS, min(left, self._look))

    async def _check(self, sessions: Iterable[PydanticObjectId]) -> None:
        """Look whether sessions have ended, and tell their watchers."""
        remaining = iter(sessions)
        while some := [*islice(remaining, _AT_ONCE)]:
            query = {"_id": {"$in": some}, "ended_at": None, "expires_at": {"$gt": now()}}
            rows = Session.get_pymongo_collection().find(query, {"expires_at": 1}, batch_size=_AT_ONCE + 1)
            living = {row["_id"]: row["expires_at"] async for row in rows}
            for session in some:
                if session in living:
                    self._expiring[session] = living[session]
                else:
                    self._tell(session)

    def _tell(self, session: PydanticObjectId) -> None:
        self._expiring.pop(session, None)
        for ended in self._watchers.pop(session, {}).values():
            ended()


def _id(note: str) -> PydanticObjectId | None:
    try:
        return PydanticObjectId(note)
    except InvalidId:
        return None

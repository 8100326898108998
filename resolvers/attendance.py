"""Who follows which design: a design has room for so many people, each with several devices."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from beanie import PydanticObjectId

from models.errors import CrowdedError
from storage.attendance import LEASE_SECONDS, Entry, Register

_RENEW_SECONDS: Final = LEASE_SECONDS / 3


@dataclass(eq=False)
class _Stay:
    """Somebody who is at a design by one subscription or more, all of which wait for the same answer."""

    entry: Entry
    admitted: asyncio.Task[bool]
    subscriptions: int = 0


class Attendance:
    """Who follows what in this process. Only those ask the register who were not here yet."""

    def __init__(self, register: Register, people: int, followings: int, promptly: int) -> None:
        self._register = register
        self._people = people
        self._followings = followings
        self._promptly = promptly
        self._stays: dict[tuple[PydanticObjectId, PydanticObjectId], _Stay] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def at(self, design: PydanticObjectId, user: PydanticObjectId) -> AsyncIterator[bool]:
        """Count somebody among those who follow a design, for as long as the context is open.

        It gives whether they follow it by so many subscriptions already that others are to be told first.

        Raises:
            CrowdedError: as many others follow it as may, or they follow it by as many subscriptions; says how many.

        """
        place = design, user
        stay = self._stays.get(place)
        if stay is None:
            entry = Entry(str(design), str(user), secrets.token_hex(4))
            admitted = asyncio.create_task(self._register.enter(entry, self._people))
            stay = self._stays[place] = _Stay(entry, admitted)
        if stay.subscriptions == self._followings:
            message = f"You follow this design {self._followings} times, as often as one may; end one of them."
            raise CrowdedError(message, path=("designId",))
        stay.subscriptions += 1
        late = stay.subscriptions > self._promptly
        try:
            if not await asyncio.shield(stay.admitted):
                message = f"{self._people} people are at this design, as many as may; try again when somebody has left."
                raise CrowdedError(message, path=("designId",))
            yield late
        finally:
            stay.subscriptions -= 1
            if not stay.subscriptions:
                del self._stays[place]
                task = asyncio.create_task(self._leave(stay))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def _leave(self, stay: _Stay) -> None:
        if await stay.admitted:
            await self._register.leave(stay.entry)

    async def run(self) -> None:
        """Keep everybody counted who is here, until cancelled."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            await self._register.stay([stay.entry for stay in self._stays.values()])

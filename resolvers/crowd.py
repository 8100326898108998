"""Who is at one design, as it is told: everybody's state in one event, and no more than twenty events a second."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import strawberry
from beanie import PydanticObjectId

import models.user
from schema.events import PresenceChanged
from schema.node import show
from schema.presence import CanvasPoint, Present
from storage.presence import Presence

PRESENCE: Final = "presence"
"""The note of signals that say that somebody moved, came, or left."""

_TICK_SECONDS = 0.05
_LOOK_SECONDS = 5.0  # how often it is looked whether somebody says nothing more


class Crowd:
    """Knows when to look who is there, and what was told last."""

    def __init__(self, design: PydanticObjectId, presence: Presence) -> None:
        self._design = str(design)
        self._presence = presence
        self._clock = asyncio.get_running_loop().time
        self._looked_at = float("-inf")
        self._stirred = False
        self._told: dict[str, Any] | None = {}
        self._users: dict[str, models.user.User] = {}

    def stir(self, *, somebody_new: bool = False) -> None:
        """Have it looked again soon; with somebody new it is told even if nobody moved."""
        self._stirred = True
        if somebody_new:
            self._told = None

    def due(self) -> float:
        """Return in how many seconds to look."""
        pause = _TICK_SECONDS if self._stirred else _LOOK_SECONDS if self._told else float("inf")
        return max(0.0, self._looked_at + pause - self._clock())

    async def look(self) -> PresenceChanged | None:
        """Look who is there; None where it was told already."""
        self._stirred, self._looked_at = False, self._clock()
        found = await self._presence.everyone(self._design)
        if found == self._told:
            return None
        self._told = found
        await self._learn({state["user"] for state in found.values()})
        return PresenceChanged(people=[self._present(device, found[device]) for device in sorted(found)])

    async def _learn(self, users: set[str]) -> None:
        """Read those who were not here before; who has left is forgotten, and read again when they come back."""
        self._users = {id_: user for id_, user in self._users.items() if id_ in users}
        new = [PydanticObjectId(id_) for id_ in users - self._users.keys()]
        if new:
            async for user in models.user.User.find({"_id": {"$in": new}}):
                self._users[str(user.id)] = user

    def _present(self, device: str, state: dict[str, Any]) -> Present:
        cursor = state["cursor"]
        return Present(
            id=strawberry.ID(device),
            user=show(self._users.get(state["user"])),
            colour=state["colour"],
            cursor=CanvasPoint(**cursor) if cursor else None,
            selection=state["selection"],
        )

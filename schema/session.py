"""Signed-in devices, as their own user sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.user
from auth.device_names import device_name
from auth.viewer import Viewer
from models.user import Method
from schema.context import Info
from schema.deleted import Deleted
from schema.errors import InvalidInput, NotFound, NotSignedIn
from schema.node import Node
from schema.relations import computed


@strawberry.type(description="A signed-in device of the viewer's; of nobody else's anything is shown.")
class Session(Node, stores=models.user.Session):
    """A signed-in device. What its tokens are known by is shown to nobody."""

    judged_by = ("user", "ended_at")
    created_at: datetime = strawberry.field(description="When it signed in.")
    expires_at: datetime = strawberry.field(description="When it is signed out, unless it is used before.")
    authenticated_at: datetime = strawberry.field(description="When its user last proved who they are.")
    address: str = strawberry.field(description="The address that it signed in from.")
    agent: str = strawberry.field(description="What it called itself (`User-Agent`).")

    @computed("agent", description="What it is, for people: a browser and a system, as far as it says.")
    def device(self) -> str:
        """Return the device's name."""
        return device_name(self.document.agent)

    @computed("created_at", "refreshed_at", description="When it last got a new access token.")
    def last_used_at(self) -> datetime:
        """Return when it was last refreshed, or else signed in."""
        used: datetime = self.document.refreshed_at or self.document.created_at
        return used

    @computed("methods", description="What its sign-in was proved by.")
    def methods(self) -> list[Method]:
        """Return the methods."""
        return [Method(method) for method in self.document.methods]

    @computed("id", description="Whether it is the device that asks.")
    def current(self, info: Info) -> bool:
        """Whether the viewer is at this device."""
        return bool(info.context.viewer.session == self.document.id)

    def visible(self, viewer: Viewer) -> bool:
        """Whether it is a device of the viewer's that is signed in."""
        return viewer.user is not None and viewer.user == self.document.user and self.document.ended_at is None


@strawberry.type(description="Devices are signed out.")
class SessionsRevoked:
    """What revoking several sessions answers."""

    count: int = strawberry.field(description="How many.")


RevokeSessionResult = Annotated[
    Deleted | NotSignedIn | NotFound | InvalidInput, strawberry.union("RevokeSessionResult")
]
RevokeOtherSessionsResult = Annotated[SessionsRevoked | NotSignedIn, strawberry.union("RevokeOtherSessionsResult")]

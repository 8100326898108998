"""Showing who is at a design."""

from __future__ import annotations

import colorsys
import hashlib
from typing import Annotated, Any

import pydantic
import strawberry

import models.design
from auth.permissions import Permission
from auth.viewer import device
from models.element import ElementKey, Length
from models.entity import invalid
from resolvers.context import Info, permitted
from resolvers.crowd import PRESENCE
from schema.presence import PresenceInput, PresenceResult, PresenceShown

_MOST_SELECTED = 200


class _Point(pydantic.BaseModel):
    x: Length
    y: Length


class _State(pydantic.BaseModel):
    """What is shown of a device."""

    cursor: _Point | None = None
    selection: Annotated[list[ElementKey], pydantic.Field(max_length=_MOST_SELECTED)] = pydantic.Field(
        default_factory=list
    )
    colour: Annotated[str, pydantic.Field(pattern=r"^#[0-9a-f]{6}$")]


def colour_of(name: str) -> str:
    """Return a colour for a device: strong, dark enough for white letters, and the same each time."""
    hue = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) / 0xFFFF
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, 0.42, 0.75))


@strawberry.type
class PresenceMutations:
    """Nothing of this is a write: it is kept for seconds, where it may be lost."""

    @strawberry.mutation(
        description="Show where the viewer is at a design, to everybody who follows it. Say it again within 30 s; "
        "while a pointer moves, up to 20 times a second."
    )
    async def show_presence(self, info: Info, design_id: strawberry.ID, presence: PresenceInput) -> PresenceResult:
        """Put the viewer's state where all processes see it, and wake those who tell of it."""
        design = await permitted(info, models.design.Design, design_id, Permission.READ, path=("designId",))
        services, own = info.context.services, device(info.context.viewer)
        given: dict[str, Any] = {
            "cursor": presence.cursor and vars(presence.cursor),
            "selection": presence.selection or [],
            "colour": presence.colour or colour_of(own),
        }
        try:
            state = _State.model_validate(given)
        except pydantic.ValidationError as error:
            found = invalid(error)
            raise type(found)(found.message, path=("presence", *found.path)) from error
        told = {**state.model_dump(), "user": str(info.context.viewer.require_user())}
        shown = await services.presence.put(str(design.id), own, told)
        if shown:
            services.signals.tell(f"design:{design.id}", PRESENCE)
        return PresenceShown(shown=shown)

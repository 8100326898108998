"""Assets: pictures in an organization's store, known by the hash of their content."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import pydantic
from beanie import Indexed, PydanticObjectId
from pymongo import IndexModel

from models.collection import Collection
from models.entity import Entity

UPLOAD_LIMIT = 50 * 1024 * 1024
"""The most bytes that an uploaded picture may have."""


class MediaType(StrEnum):
    """The pictures that are kept."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    AVIF = "image/avif"
    GIF = "image/gif"


class FocusPoint(pydantic.BaseModel):
    """What must stay in sight when a picture is cropped: fractions of its width and height, from the top left."""

    x: float = pydantic.Field(default=0.5, ge=0, le=1)
    y: float = pydantic.Field(default=0.5, ge=0, le=1)


class Asset(Entity):
    """A picture. The original lies in the asset store under `key`."""

    organization: PydanticObjectId
    content_hash: str = pydantic.Field(pattern=r"^[0-9a-f]{64}$")
    media_type: MediaType
    byte_size: int = pydantic.Field(ge=1, le=UPLOAD_LIMIT)
    width: int = pydantic.Field(ge=1)
    height: int = pydantic.Field(ge=1)
    placeholder: str = ""
    dominant_color: str = pydantic.Field(default="#808080", pattern=r"^#[0-9a-f]{6}$")
    focus: FocusPoint = pydantic.Field(default_factory=FocusPoint)
    alt: str = pydantic.Field(default="", max_length=1000)

    collections = (
        Collection(name="assets_by_organization", by=("organization",), order=(("created_at", -1), ("_id", -1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "assets"
        indexes = [IndexModel([("organization", 1), ("content_hash", 1)], unique=True)]

    @property
    def key(self) -> str:
        """Where the original lies in the asset store."""
        return f"{self.organization}/{self.content_hash}"


class Upload(Entity):
    """A permission to upload one picture, until it is completed or has expired. `id` names the staging key."""

    organization: PydanticObjectId
    user: PydanticObjectId
    asset: PydanticObjectId | None = None
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)]

    images = False

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "uploads"

    @property
    def key(self) -> str:
        """Where the bytes wait in the asset store."""
        return f"staging/{self.id}"

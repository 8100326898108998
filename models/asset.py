"""Assets: pictures in an organization's store, known by the hash of their content."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import pydantic
from beanie import Indexed, PydanticObjectId
from bson import ObjectId
from pymongo import IndexModel

from models.collection import Collection
from models.entity import Entity
from models.personal import Erasing
from models.project import Point

UPLOAD_LIMIT = 50 * 1024 * 1024
"""The most bytes that an uploaded picture may have."""


Sha256 = Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256, in lower-case hex."""


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
    """A picture. The original lies in the asset store under `key`.

    `content_hash` is that of the original as it is kept, `source_hash` that of the bytes that were uploaded. `location`
    is where a photograph was taken, if whoever uploaded it wished that to be known to their organization.
    """

    organization: PydanticObjectId
    content_hash: Sha256
    source_hash: Sha256 | None = None
    media_type: MediaType
    byte_size: int = pydantic.Field(ge=1, le=UPLOAD_LIMIT)
    width: int = pydantic.Field(ge=1)
    height: int = pydantic.Field(ge=1)
    placeholder: str = ""
    dominant_color: str = pydantic.Field(default="#808080", pattern=r"^#[0-9a-f]{6}$")
    focus: FocusPoint = pydantic.Field(default_factory=FocusPoint)
    location: Point | None = None
    alt: str = pydantic.Field(default="", max_length=1000)

    personal = {}
    collections = (
        Collection(name="assets_by_organization", by=("organization",), order=(("created_at", -1), ("_id", -1))),
    )

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "assets"
        indexes = [
            IndexModel([("organization", 1), ("content_hash", 1)], unique=True),
            IndexModel([("organization", 1), ("source_hash", 1)]),
        ]

    @property
    def key(self) -> str:
        """Where the original lies in the asset store."""
        return original_key(self.organization, self.content_hash)


def original_key(organization: ObjectId, content_hash: str) -> str:
    """Return where an original lies in the asset store."""
    return f"{organization}/{content_hash}"


class Upload(Entity):
    """A permission to upload one picture, until it is completed or has expired. `id` names the staging key.

    `sha256` and `media_type` are what the bytes will be, if who sends them has said so. With `keep_location` the place
    where the photograph was taken is kept; the project `locates` is said to lie there, if nobody has said where.
    `byte_size` is how many bytes were sent, once they have become a picture.
    """

    organization: PydanticObjectId
    user: PydanticObjectId
    sha256: Sha256 | None = None
    media_type: MediaType | None = None
    keep_location: bool = False
    locates: PydanticObjectId | None = None
    asset: PydanticObjectId | None = None
    byte_size: int = 0
    expires_at: Annotated[datetime, Indexed(expireAfterSeconds=0)]

    images = False
    personal = {"user": Erasing.SOON}

    class Settings(Entity.Settings):
        """Beanie's."""

        name = "uploads"

    @property
    def wants_place(self) -> bool:
        """Whether it matters where the photograph was taken."""
        return self.keep_location or self.locates is not None

    @property
    def key(self) -> str:
        """Where the bytes wait in the asset store."""
        return f"staging/{self.id}"

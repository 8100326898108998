"""Assets: pictures, and the addresses of their variants."""

from __future__ import annotations

import time
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

import models.asset
from models.errors import InvalidInputError
from schema.context import Info
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.node import Node
from schema.relations import computed


@strawberry.enum(description="How a picture fills its box.")
class Fit(Enum):
    """The two ways."""

    COVER = "cover"
    CONTAIN = "contain"


@strawberry.enum(description="A picture's format; where none is asked for, it is negotiated by `Accept`.")
class Format(Enum):
    """What the image worker makes."""

    AVIF = "avif"
    WEBP = "webp"
    JPEG = "jpeg"
    PNG = "png"


@strawberry.type(description="A variant of a picture.")
class Image:
    """A variant's address and the largest size that it can have."""

    url: str = strawberry.field(description="Its signed address.")
    width: int = strawberry.field(description="The box's width in pixels, snapped to a ladder of sizes.")
    height: int = strawberry.field(description="The box's height in pixels.")


@strawberry.type(description="What must stay in sight: fractions of width and height, from the top left.")
class FocusPoint:
    """See `models.asset.FocusPoint`."""

    x: float
    y: float


@strawberry.type(description="A picture.")
class Asset(Node, stores=models.asset.Asset):
    """A picture in an organization's store."""

    width: int = strawberry.field(description="The original's width in pixels.")
    height: int = strawberry.field(description="The original's height in pixels.")
    byte_size: int = strawberry.field(description="The original's size in bytes.")
    alt: str = strawberry.field(description="What it shows, in words.")
    placeholder: str = strawberry.field(description="A ThumbHash (base64) to show while it loads.")
    dominant_color: str = strawberry.field(description="Its main colour, `#rrggbb`.")
    created_at: datetime = strawberry.field(description="When it was uploaded.")

    @computed("media_type", description="The original's media type.")
    def media_type(self) -> str:
        """Return the media type."""
        return str(self.document.media_type)

    @computed("focus", description="What must stay in sight when it is cropped.")
    def focus(self) -> FocusPoint:
        """Return the focus point."""
        return FocusPoint(x=self.document.focus.x, y=self.document.focus.y)

    @computed(
        "organization", "content_hash", "focus", "width", "height", description="A variant for a box of this size."
    )
    def image(
        self,
        info: Info,
        width: int,
        height: int | None = None,
        fit: Fit = Fit.COVER,
        format: Format | None = None,  # noqa: A002 - the field's standard word
        quality: int | None = None,
    ) -> Image:
        """Return the address of a variant. Without a height the picture's own proportions are kept."""
        if width < 1 or (height is not None and height < 1):
            raise InvalidInputError("image: width and height are at least 1.", path=("width",))
        document, context = self.document, info.context
        wanted = height or max(1, round(width * document.height / document.width))
        wide, high = context.links.size(width, wanted)
        url = context.links.url(
            document.key,
            width=wide,
            height=high,
            fit=fit.value,
            format=None if format is None else format.value,
            quality=None if quality is None else max(1, min(quality, 100)),
            gravity=(document.focus.x, document.focus.y),
            expires=None if context.viewer.user is None else _soon(),
        )
        return Image(url=url, width=wide, height=high)


def _soon() -> int:
    """Return when a link for a signed-in viewer ends (Unix seconds): in 30 to 60 minutes, the same for a while."""
    return (int(time.time()) // 1800 + 2) * 1800


@strawberry.type(description="A permission to upload one picture.")
class AssetUpload:
    """Where to send the bytes, and the id to complete the upload with."""

    id: strawberry.ID = strawberry.field(description="Give it to `completeAssetUpload`.")
    url: str = strawberry.field(description="`PUT` the picture's bytes here.")
    expires_at: datetime = strawberry.field(description="Until when.")
    max_bytes: int = strawberry.field(description="The most bytes it may have.")


@strawberry.input
class CreateAssetUploadInput:
    """Whose picture it will be."""

    organization_id: strawberry.ID


@strawberry.input
class FocusPointInput:
    """Fractions of the picture's width and height, from the top left."""

    x: float
    y: float


@strawberry.input
class UpdateAssetInput:
    """Fields that are left out stay as they are."""

    id: strawberry.ID
    alt: str | None = strawberry.UNSET
    focus: FocusPointInput | None = strawberry.UNSET


CreateAssetUploadResult = Annotated[
    AssetUpload | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("CreateAssetUploadResult")
]
AssetResult = Annotated[Asset | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("AssetResult")]

"""Assets: pictures, and the addresses of their variants."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.asset
from schema.context import Info
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.location import Location
from schema.node import Node
from schema.pictures import Fit, Format, Image, Responsive, Signing, responsive, signed, variants
from schema.relations import computed


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

    @computed(
        "location",
        "organization",
        description="Where it was taken; null unless that was to be kept, and to all but members.",
    )
    def location(self, info: Info) -> Location | None:
        """Return the place, to members of its organization."""
        return Location.of(self.document.location) if self.document.organization in info.context.viewer.roles else None

    @computed("focus", description="What must stay in sight when it is cropped.")
    def focus(self) -> FocusPoint:
        """Return the focus point."""
        return FocusPoint(x=self.document.focus.x, y=self.document.focus.y)

    @computed(
        *("organization", "content_hash", "focus", "width", "height"),
        description="A variant for a box of this size.",
        once=signed(variants),
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
        variant = variants(Signing.of(info), width, height, fit, format, quality)
        d = self.document
        return variant(d.organization, d.content_hash, d.focus, d.width, d.height)

    @computed(
        *("organization", "content_hash", "focus", "width", "height"),
        description="A variant for every screen, each in the proportion of `aspectRatio`, or its own.",
        once=signed(responsive),
    )
    def responsive(
        self,
        info: Info,
        widths: list[int] | None = None,
        sizes: str = "100vw",
        aspect_ratio: float | None = None,
        format: Format | None = None,  # noqa: A002 - likewise
        quality: int | None = None,
    ) -> Responsive:
        """Return the attributes of an `img`. Widths are snapped; by default they are 320, 640, 960, 1280 and 1920."""
        variant = responsive(Signing.of(info), widths, sizes, aspect_ratio, format, quality)
        d = self.document
        return variant(d.organization, d.content_hash, d.focus, d.width, d.height)


@strawberry.type(description="A permission to upload one picture.")
class AssetUpload:
    """Where to send the bytes, and the id to complete the upload with."""

    id: strawberry.ID = strawberry.field(description="Give it to `completeAssetUpload`.")
    url: str = strawberry.field(description="`PUT` the picture's bytes here.")
    progress_url: str = strawberry.field(description="`GET` here how far it is.")
    expires_at: datetime = strawberry.field(description="Until when.")
    max_bytes: int = strawberry.field(description="The most bytes it may have.")
    asset: Asset | None = strawberry.field(description="The picture, if it is there already: nothing needs to be sent.")


@strawberry.input
class CreateAssetUploadInput:
    """Whose picture it will be, and what is known of it."""

    organization_id: strawberry.ID
    sha256: str | None = strawberry.field(
        default=None, description="The SHA-256 of its bytes, in hex: what is there already need not be sent again."
    )
    media_type: str | None = strawberry.field(default=None, description="Its media type, such as `image/jpeg`.")
    keep_location: bool = strawberry.field(
        default=False, description="Whether the place where it was taken is kept; without, it is removed for good."
    )
    locates_project_id: strawberry.ID | None = strawberry.field(
        default=None, description="A project to say of, if it has no location, that it lies where this was taken."
    )


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

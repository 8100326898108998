"""Addresses of pictures: one variant, or one for every screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import strawberry
from bson import ObjectId

from models.asset import FocusPoint, original_key
from models.errors import InvalidInputError
from schema.context import Info, PictureLinks

WIDTHS = (320, 640, 960, 1280, 1920)
"""Which widths a responsive picture has, in pixels, where none are asked for."""

DRAWING = (1600, 1200)
"""The shape of the drawing of a canvas."""

_MOST_WIDTHS = 12
_WIDEST_SHAPE = 10.0  # 10:1 and 1:10


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


@strawberry.type(description="A picture in several widths, as HTML's `img` takes it.")
class Responsive:
    """The attributes of an `img`."""

    src: str = strawberry.field(description="The widest, for browsers that know no `srcset`.")
    srcset: str = strawberry.field(description="Every width, none wider than the original.")
    sizes: str = strawberry.field(description="How wide it is shown, as it was asked for.")
    width: int = strawberry.field(description="The widest's width in pixels; with `height`, the space to keep free.")
    height: int = strawberry.field(description="The widest's height in pixels.")


@dataclass(frozen=True)
class Signing:
    """What makes addresses, and when these end (Unix seconds; None: never)."""

    links: PictureLinks
    expires: int | None = None

    @classmethod
    def of(cls, info: Info) -> Signing:
        """Return what signs for an operation: links for who is signed in end in 30 to 60 minutes, all together."""
        return cls(info.context.links, _soon() if info.context.viewer.known else None)

    def url(self, fit: Fit, format_: Format | None, quality: int | None) -> Callable[..., str]:
        """Return what makes the address of a variant of an original."""
        return partial(
            self.links.url,
            fit=fit.value,
            format=None if format_ is None else format_.value,
            quality=None if quality is None else max(1, min(quality, 100)),
            expires=self.expires,
        )


def signed(made: Callable[..., Callable[..., Any]]) -> Callable[..., Callable[..., Any]]:
    """Return what one of the functions below makes for an operation; see `computed(once=…)`."""
    return lambda info, **arguments: made(Signing.of(info), **arguments)


def variants(
    signing: Signing,
    width: int,
    height: int | None,
    fit: Fit,
    format: Format | None,  # noqa: A002 - the field's standard word
    quality: int | None,
) -> Callable[[ObjectId, str, FocusPoint, int, int], Image]:
    """Return what makes the variant of a picture for a box of this size; see `Asset.image`."""
    if width < 1 or (height is not None and height < 1):
        raise InvalidInputError("image: width and height are at least 1.", path=("width",))
    size, url = signing.links.size, signing.url(fit, format, quality)
    box = None if height is None else size(width, height)

    def variant(
        organization: ObjectId, content_hash: str, focus: FocusPoint, original_width: int, original_height: int
    ) -> Image:
        wide, high = box or size(width, max(1, round(width * original_height / original_width)))
        address = f"asset://{original_key(organization, content_hash)}"
        return Image(url=url(address, width=wide, height=high, gravity=(focus.x, focus.y)), width=wide, height=high)

    return variant


def responsive(
    signing: Signing,
    widths: Sequence[int] | None,
    sizes: str,
    aspect_ratio: float | None,
    format: Format | None,  # noqa: A002 - likewise
    quality: int | None,
) -> Callable[[ObjectId, str, FocusPoint, int, int], Responsive]:
    """Return what makes a picture in several widths; see `Asset.responsive`."""
    asked = WIDTHS if widths is None else widths
    if not 1 <= len(asked) <= _MOST_WIDTHS or min(asked) < 1:
        raise InvalidInputError(f"responsive: 1 to {_MOST_WIDTHS} widths of at least 1.", path=("widths",))
    if aspect_ratio is not None and not 1 / _WIDEST_SHAPE <= aspect_ratio <= _WIDEST_SHAPE:
        raise InvalidInputError("responsive: the aspect ratio is between 0.1 and 10.", path=("aspectRatio",))
    size, url = signing.links.size, signing.url(Fit.COVER, format, quality)
    ladder = sorted({size(width)[0] for width in asked})

    def variant(
        organization: ObjectId, content_hash: str, focus: FocusPoint, original_width: int, original_height: int
    ) -> Responsive:
        shape = aspect_ratio or original_width / original_height
        widest = min(original_width, original_height * shape)
        address = f"asset://{original_key(organization, content_hash)}"
        set_, wide, high, src = [], 0, 0, ""
        for step in [step for step in ladder if step <= widest] or ladder[:1]:
            wide, high = size(step, max(1, round(step / shape)))
            src = url(address, width=wide, height=high, gravity=(focus.x, focus.y))
            set_.append(f"{src} {min(wide, int(widest))}w")
        return Responsive(src=src, srcset=", ".join(set_), sizes=sizes, width=wide, height=high)

    return variant


def previews(
    signing: Signing,
    width: int,
    format: Format | None,  # noqa: A002 - likewise
) -> Callable[[ObjectId, int], Image]:
    """Return what makes the address of a drawing of a canvas; see `Design.preview`."""
    if width < 1:
        raise InvalidInputError("preview: the width is at least 1.", path=("width",))
    wide, _ = signing.links.size(width)
    high = round(wide * DRAWING[1] / DRAWING[0])
    fixed: dict[str, Any] = {"format": None if format is None else format.value, "expires": signing.expires}

    def preview(id_: ObjectId, seq: int) -> Image:
        return Image(url=signing.links.preview(str(id_), seq, width=wide, **fixed), width=wide, height=high)

    return preview


def _soon() -> int:
    """Return when a link for who is signed in ends (Unix seconds): in 30 to 60 minutes, the same for a while."""
    return (int(time.time()) // 1800 + 2) * 1800

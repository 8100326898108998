"""What every resolver gets on `info.context`: who asks, the loaders, what was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

import strawberry

from auth.viewer import ANONYMOUS, Viewer
from schema.dependencies import Dependencies
from schema.loaders import Loaders

ImageFormat = Literal["avif", "webp", "jpeg", "png"]


class PictureLinks(Protocol):
    """Makes signed addresses of pictures."""

    def size(self, width: int, height: int = 0) -> tuple[int, int]:
        """Return the size that a link to this size is for, snapped to a ladder."""
        ...

    def url(
        self,
        address: str,
        *,
        width: int,
        height: int,
        fit: Literal["cover", "contain"],
        format: ImageFormat | None,  # noqa: A002 - imgproxy's word
        quality: int | None,
        gravity: tuple[float, float],
        expires: int | None,
    ) -> str:
        """Return the address of a variant; with no format it is negotiated by `Accept`."""
        ...

    def preview(self, design: str, seq: int, *, width: int, format: ImageFormat | None, expires: int | None) -> str:  # noqa: A002 - likewise
        """Return the address of a drawing of a design's canvas as it is after edit `seq`."""
        ...


@dataclass
class Effects:
    """What an operation did beside answering: how many mutations it ran, and the times of writes that are known."""

    writes: int = 0
    moments: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Context:
    """One operation's context."""

    loaders: Loaders
    dependencies: Dependencies
    links: PictureLinks
    request_id: str
    viewer: Viewer = ANONYMOUS
    effects: Effects = field(default_factory=Effects)


Info = strawberry.Info[Context, None]

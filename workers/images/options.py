"""What a URL can ask for: the processing options of imgproxy's language that this worker speaks, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ResizingType = Literal["fit", "fill", "fill-down", "force", "auto"]
Format = Literal["avif", "webp", "jpeg", "png"]
GravityType = Literal["ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "sm", "fp"]


@dataclass(frozen=True)
class Gravity:
    """What a cut keeps: an edge or corner with offsets, the centre, a focus point (`fp`), or what draws the eye (`sm`).

    `x` and `y` are offsets from the edge: pixels, or parts of the picture when less than 1; for `fp` the point itself.
    """

    type: GravityType = "ce"
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Crop:
    """A cut before scaling: pixels of the original, parts of it when less than 1, all of it when 0."""

    width: float = 0.0
    height: float = 0.0
    gravity: Gravity | None = None


@dataclass(frozen=True)
class Options:
    """Everything a URL can ask for, with the defaults of what it leaves out."""

    resizing_type: ResizingType = "fit"
    width: int = 0
    height: int = 0
    min_width: int = 0
    min_height: int = 0
    enlarge: bool = False
    dpr: float = 1.0
    gravity: Gravity = Gravity()
    crop: Crop = Crop()
    auto_rotate: bool = True
    rotate: int = 0
    background: tuple[int, int, int] | None = None
    blur: float = 0.0
    sharpen: float = 0.0
    quality: int = 0
    format_quality: tuple[tuple[Format, int], ...] = ()
    format: Format | None = None
    strip_metadata: bool = True
    cachebuster: str = ""
    expires: int = 0
    filename: str = ""
    return_attachment: bool = False

    def variant(self) -> Options:
        """Leave only what the bytes depend on: two URLs with equal variants share one rendering and one ETag."""
        return replace(self, cachebuster="", expires=0, filename="", return_attachment=False)

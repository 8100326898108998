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
class Trim:
    """A uniform border to take away before anything else.

    `threshold` is how far a pixel may differ from the border's colour (None: that of the first pixel); `equal_across`
    and `equal_down` take as much from both sides, the lesser of the two.
    """

    threshold: float
    colour: tuple[int, int, int] | None = None
    equal_across: bool = False
    equal_down: bool = False


@dataclass(frozen=True)
class Watermark:
    """The worker's watermark over the result.

    `opacity` is 0 to 1; a gravity of None repeats it all over; `scale` is its size as a part of the result's, 0 leaves
    it as it is.
    """

    opacity: float
    gravity: Gravity | None = Gravity()
    scale: float = 0.0


@dataclass(frozen=True)
class Padding:
    """Empty space around the result, in pixels before `dpr`."""

    top: int = 0
    right: int = 0
    bottom: int = 0
    left: int = 0


@dataclass(frozen=True)
class Options:
    """Everything a URL can ask for, with the defaults of what it leaves out."""

    resizing_type: ResizingType = "fit"
    width: int = 0
    height: int = 0
    min_width: int = 0
    min_height: int = 0
    enlarge: bool = False
    extend: bool = False
    extend_gravity: Gravity = Gravity()
    zoom_x: float = 1.0
    zoom_y: float = 1.0
    dpr: float = 1.0
    gravity: Gravity = Gravity()
    crop: Crop = Crop()
    auto_rotate: bool = True
    rotate: int = 0
    flip_across: bool = False
    flip_down: bool = False
    trim: Trim | None = None
    padding: Padding = Padding()
    background: tuple[int, int, int] | None = None
    blur: float = 0.0
    sharpen: float = 0.0
    pixelate: int = 0
    watermark: Watermark | None = None
    quality: int = 0
    format_quality: tuple[tuple[Format, int], ...] = ()
    format: Format | None = None
    max_bytes: int = 0
    strip_metadata: bool = True
    keep_copyright: bool = False
    strip_color_profile: bool = True
    cachebuster: str = ""
    expires: int = 0
    filename: str = ""
    return_attachment: bool = False

    def variant(self) -> Options:
        """Leave only what the bytes depend on: two URLs with equal variants share one rendering and one ETag."""
        return replace(self, cachebuster="", expires=0, filename="", return_attachment=False)

"""What a picture's bytes are: type and size, a placeholder, its main colour, and the bytes without their metadata.

Everything here blocks (1 ms for `probe`, tens of milliseconds for what decodes): call it in a thread.

numpy is loaded by what needs it: the processes that render read headers alone, and it would take each of them 20 MiB.

    PictureError
    ├── NotAPictureError      not a JPEG, PNG, WebP, AVIF or GIF by its content
    ├── TooManyPixelsError    a picture, but larger than may be decoded
    └── BrokenPictureError    truncated or corrupt
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from storage.file_kinds import describe
from storage.metadata import has_metadata, is_whole
from storage.vips import pyvips

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"]

LARGEST_PIXELS = 50_000_000
LARGEST_BUFFERED_PIXELS = 16_000_000  # AVIF and interlaced PNG are decoded whole before the first row comes out

LOADERS: dict[MediaType, str] = {
    "image/jpeg": "jpegload_buffer",
    "image/png": "pngload_buffer",
    "image/webp": "webpload_buffer",
    "image/avif": "heifload_buffer",
    "image/gif": "gifload_buffer",
}
_SAVERS: dict[MediaType, tuple[str, dict[str, object]]] = {
    "image/jpeg": ("jpegsave_buffer", {"Q": 92}),
    "image/png": ("pngsave_buffer", {}),
    "image/webp": ("webpsave_buffer", {"Q": 92}),
    "image/avif": ("heifsave_buffer", {"Q": 80, "effort": 2, "compression": "av1"}),
    "image/gif": ("gifsave_buffer", {}),
}
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height
_SAMPLE_SIDE = 64
_FOCUS_SIDE = 256
_WHOLE = "fail_on=truncated"
_BROKEN = "The picture is broken or cut off."


class PictureError(Exception):
    """The bytes cannot be taken as a picture. The message may be shown to who sent them."""


class NotAPictureError(PictureError):
    """The content is none of the accepted types, whatever its name says."""


class TooManyPixelsError(PictureError):
    """The picture is larger than may be decoded."""


class BrokenPictureError(PictureError):
    """The picture is truncated or corrupt."""


@dataclass(frozen=True)
class Picture:
    """What a picture's header says.

    `width` and `height` are pixels as displayed, that is with the EXIF `orientation` (1 to 8) applied; `frames` is
    more than 1 for an animation; `alpha` is whether there is a channel of transparency.
    """

    media_type: MediaType
    width: int
    height: int
    frames: int = 1
    alpha: bool = False
    orientation: int = 1

    @property
    def sideways(self) -> bool:
        """Whether the stored pixels have width and height swapped."""
        return self.orientation in _SIDEWAYS


def sniff(data: bytes) -> MediaType | None:
    """Tell the media type by the first bytes; None if it is not an accepted one."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        header = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
        brands = {header[start : start + 4] for start in range(0, len(header), 4)}
        return "image/avif" if brands & {b"avif", b"avis"} else None
    return None


def probe(data: bytes) -> Picture:
    """Read a picture's header.

    A file cut off after its header passes; whatever decodes it (`placeholder`, a variant) raises BrokenPictureError.

    Raises:
        NotAPictureError: not a JPEG, PNG, WebP, AVIF or GIF.
        TooManyPixelsError: its frames together have over 50 million pixels; 16 million for AVIF and interlaced PNG.
        BrokenPictureError: the header cannot be read.

    """
    media_type = sniff(data)
    if media_type is None:
        raise NotAPictureError(f"The file is not a JPEG, PNG, WebP, AVIF or GIF picture; it is {describe(data)}.")
    with broken():
        image = getattr(pyvips.Image, LOADERS[media_type])(data)
    if media_type == "image/avif" and _field(image, "heif-compression", "") != "av1":
        raise NotAPictureError("The file is a HEIF picture, but not an AVIF.")
    frames = int(_field(image, "n-pages", 1))
    pixels = image.width * image.height * frames
    buffered = media_type == "image/avif" or (media_type == "image/png" and _field(image, "interlaced", 0))
    limit = LARGEST_BUFFERED_PIXELS if buffered else LARGEST_PIXELS
    if pixels > limit:
        raise TooManyPixelsError(f"The picture has {pixels:,} pixels; at most {limit:,} are accepted for its type.")
    orientation = _orientation(image)
    width, height = (image.height, image.width) if orientation in _SIDEWAYS else (image.width, image.height)
    return Picture(media_type, width, height, frames, bool(image.hasalpha()), orientation)


def placeholder(data: bytes) -> str:
    """Make the picture's ThumbHash, in base64 (some 25 to 35 characters).

    Raises:
        PictureError: as `probe`, and BrokenPictureError where the picture is cut off.

    """
    from storage import thumbhash  # noqa: PLC0415 - see above

    return base64.b64encode(thumbhash.encode(_sample(data))).decode()


def dominant_colour(data: bytes) -> str:
    """Find the colour that most of the picture has, as `#rrggbb`; white if it is wholly transparent.

    Raises:
        PictureError: as `probe`, and BrokenPictureError where the picture is cut off.

    """
    import numpy as np  # noqa: PLC0415 - see above

    pixels = _sample(data).reshape(-1, 4)
    opaque = pixels[pixels[:, 3] > 127, :3]  # noqa: PLR2004 - half transparent
    if not len(opaque):
        return "#ffffff"
    red, green, blue = (opaque >> 5).astype(np.int64).T
    bins = red << 6 | green << 3 | blue
    most = opaque[bins == np.bincount(bins).argmax()]
    return "#" + bytes(most.mean(axis=0).round().astype(np.uint8)).hex()


def focus(data: bytes) -> tuple[float, float]:
    """Find what draws the eye: fractions of the displayed width and height, from the top left.

    Raises:
        PictureError: as `probe`, and BrokenPictureError where the picture is cut off.

    """
    probe(data)
    with broken():
        image = pyvips.Image.thumbnail_buffer(
            data, _FOCUS_SIDE, height=_FOCUS_SIDE, size="down", output_profile="srgb", option_string=_WHOLE
        ).copy_memory()
        side = max(1, min(image.width, image.height) // 2)
        _, found = image.smartcrop(side, side, interesting="attention", attention_x=True, attention_y=True)
    return _fraction(found["attention_x"], image.width), _fraction(found["attention_y"], image.height)


def _fraction(place: int, side: int) -> float:
    return round(min(max((place + 0.5) / side, 0.0), 1.0), 3)


def normalise(data: bytes) -> bytes:
    """Apply the orientation, turn colours to sRGB, and strip all metadata, GPS first of all.

    The type stays. A file with nothing to strip, turn or convert comes back as the same bytes; any other is encoded
    anew at high quality, animations with all their frames (but an AVIF sequence as its first).

    Raises:
        PictureError: as `probe`, and BrokenPictureError where the picture is cut off.

    """
    picture = probe(data)
    if not is_whole(data, picture.media_type):
        raise BrokenPictureError(_BROKEN)
    loader, (saver, options) = LOADERS[picture.media_type], _SAVERS[picture.media_type]
    frames = {"n": -1} if picture.media_type in {"image/webp", "image/gif"} else {}
    with broken():
        image = getattr(pyvips.Image, loader)(data, fail_on="truncated", **frames)
        cmyk = image.interpretation == "cmyk"
        if picture.orientation == 1 and not cmyk and not has_metadata(data, picture.media_type):
            getattr(pyvips.Image, loader)(data, fail_on="truncated", access="sequential", **frames).avg()
            return data  # all of it was decoded: damage in the last frame of an animation is found as well
        image = image.autorot()
        if cmyk or image.get_typeof("icc-profile-data"):
            depth = 16 if image.format == "ushort" else 8
            fallback = "cmyk" if cmyk else "srgb"
            image = image.icc_transform("srgb", embedded=True, input_profile=fallback, depth=depth)
        return bytes(getattr(image, saver)(keep="none", **options))


def _sample(data: bytes) -> NDArray[np.uint8]:
    """Decode to at most 64 × 64 RGBA pixels, shape (height, width, 4)."""
    import numpy as np  # noqa: PLC0415 - see above

    probe(data)
    with broken():
        image = pyvips.Image.thumbnail_buffer(
            data, _SAMPLE_SIDE, height=_SAMPLE_SIDE, size="down", output_profile="srgb", option_string=_WHOLE
        )
        if not image.hasalpha():
            image = image.bandjoin(255)
        pixels = np.frombuffer(image.write_to_memory(), dtype=np.uint8)
    return pixels.reshape(image.height, image.width, 4)


def _field(image: Any, name: str, default: Any) -> Any:  # pyvips has no types
    return image.get(name) if image.get_typeof(name) else default


def _orientation(image: Any) -> int:
    orientation = int(_field(image, "orientation", 1))
    return orientation if orientation in range(1, 9) else 1


@contextmanager
def broken() -> Iterator[None]:
    """Turn libvips' errors into BrokenPictureError."""
    try:
        yield
    except pyvips.Error as error:
        raise BrokenPictureError(_BROKEN) from error

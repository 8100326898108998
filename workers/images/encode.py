"""The last step of a variant: its format, its quality, its metadata."""

from __future__ import annotations

from typing import Any

from workers.images.errors import TooLargeError
from workers.images.negotiate import choose_quality
from workers.images.options import Format, Options

_WHITE = (255, 255, 255)
_LARGEST_SIDE: dict[Format, int] = {"webp": 16_383, "avif": 16_384, "jpeg": 65_535, "png": 65_535}
_LEAST_QUALITY = 10
_SAVERS: dict[Format, tuple[str, dict[str, object]]] = {
    "avif": ("heifsave_buffer", {"compression": "av1", "effort": 2, "tune": "ssim"}),
    "webp": ("webpsave_buffer", {"effort": 2, "preset": "photo"}),
    "jpeg": ("jpegsave_buffer", {"optimize_coding": True}),
    "png": ("pngsave_buffer", {}),
}
_COPYRIGHT = ("exif-ifd0-Copyright", "exif-ifd0-Artist")


def fits(image: Any, fmt: Format) -> bool:
    """Answer whether the format has pictures of this size; each frame of an animation is one."""
    height = image.get("page-height") if image.get_typeof("page-height") else image.height
    return bool(max(image.width, height) <= _LARGEST_SIDE[fmt])


def encode(image: Any, fmt: Format, options: Options) -> bytes:
    """Encode a picture; one that must fit into `max_bytes`, in memory, is made with less and less quality.

    It has the least quality there is at worst, and PNG has none: who asks for too few bytes gets more.

    Raises:
        TooLargeError: the format has no pictures of this size.

    """
    if not fits(image, fmt):
        raise TooLargeError(f"In {fmt} a side has at most {_LARGEST_SIDE[fmt]} pixels; ask for a smaller size.")
    if fmt == "jpeg" and image.hasalpha():
        image = image.flatten(background=_WHITE)
    image, keep = _told(image, options)
    saver, settings = _SAVERS[fmt]
    if fmt == "png":
        return bytes(getattr(image, saver)(keep=keep, **settings))
    quality = choose_quality(options, fmt)
    body = bytes(getattr(image, saver)(keep=keep, Q=quality, **settings))
    while options.max_bytes and len(body) > options.max_bytes and quality > _LEAST_QUALITY:
        quality = max(_LEAST_QUALITY, int(quality * _lessened(options.max_bytes / len(body))))
        body = bytes(getattr(image, saver)(keep=keep, Q=quality, **settings))
    return body


def _lessened(part: float) -> float:
    """Return how much of the quality to keep when this part of the bytes may stay."""
    return 0.95 if part > 0.9 else 0.8 if part > 0.6 else 0.6  # noqa: PLR2004 - a rough curve, a few steps in all


def _told(image: Any, options: Options) -> tuple[Any, str]:
    """Leave of the metadata what shall be told; the second is libvips' word for what to keep."""
    icc = "" if options.strip_color_profile else "icc"
    if not options.strip_metadata:
        return image, "all" if icc else "exif:xmp:iptc:other"
    kept = {name: image.get(name) for name in _COPYRIGHT if options.keep_copyright and image.get_typeof(name)}
    image = image.copy()
    image.remove("orientation")  # of a picture that is shown as it is stored; an AVIF has it outside of its metadata
    if not kept:
        return image, icc or "none"
    for name in image.get_fields():
        if name == "exif-data" or (name.startswith("exif-") and name not in kept):
            image.remove(name)
    return image, "exif:icc" if icc else "exif"

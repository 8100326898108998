"""Which format an answer has, when the URL names none: by what the client accepts and what the picture needs.

Clients fall in three classes, which an edge keeps in its cache key: those that take AVIF (every browser that does
takes WebP too), those that take WebP, and the others. Only a type named outright counts: browsers that know neither
say `image/*` and `*/*` as well.
"""

from __future__ import annotations

import re
from typing import Literal

from workers.images.options import Format, Options

Accepted = Literal["avif", "webp", "other"]

LEAST_AVIF_PIXELS = 100 * 100  # AVIF's container outweighs what it saves on pictures up to this size
MOST_AVIF_PIXELS = 8_000_000  # making one takes up to 45 bytes of memory a pixel
DEFAULT_QUALITY: dict[Format, int] = {"avif": 62, "webp": 79, "jpeg": 80, "png": 0}
MEDIA_TYPES: dict[Format, str] = {fmt: f"image/{fmt}" for fmt in DEFAULT_QUALITY}
_REFUSED = re.compile(r"q=0(?:\.0{0,3})?")


def accepted(accept: str) -> Accepted:
    """Reduce an `Accept` header to its class. A type with `q=0` is refused; other weights do not matter."""
    types = set()
    for media_range in accept.lower().split(","):
        name, *parameters = (part.strip() for part in media_range.split(";"))
        if not any(_REFUSED.fullmatch(parameter) for parameter in parameters):
            types.add(name)
    if "image/avif" in types:
        return "avif"
    return "webp" if "image/webp" in types else "other"


def choose_format(client: Accepted, *, width: int, height: int, alpha: bool, animated: bool = False) -> Format:
    """Choose the format of a variant.

    Args:
        client: the class of the client.
        width: of the variant, in pixels.
        height: of the variant, in pixels.
        alpha: whether the variant can have transparent pixels.
        animated: whether the variant has several frames; those never become AVIF.

    """
    if client == "avif" and LEAST_AVIF_PIXELS < width * height <= MOST_AVIF_PIXELS and not animated:
        return "avif"
    if client != "other":
        return "webp"
    return "png" if alpha else "jpeg"


def choose_quality(options: Options, fmt: Format) -> int:
    """Choose the quality, 1 to 100: the URL's, else its choice for the format, else ours; PNG has none."""
    return options.quality or dict(options.format_quality).get(fmt, 0) or DEFAULT_QUALITY[fmt]

"""What is done to a picture that has its size: filters, space around it, the watermark.

Images of libvips in and out. Space and watermark need sRGB of eight bits: see `coloured`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storage.vips import pyvips
from workers.images.geometry import Cut, Plan, place
from workers.images.options import Options, Trim, Watermark

TRANSPARENT = (0, 0, 0, 0)
_OPAQUE = 255
_RGB_BANDS = 3
_SHARPENED = (0.001, 10.0)
_LEAST_TRIMMED = 3  # libvips looks at a pixel with those around it


def trim(image: Any, wanted: Trim) -> Any:
    """Take a uniform border away; a picture that is nothing but border stays as it is. Needs all pixels in memory."""
    if min(image.width, image.height) < _LEAST_TRIMMED:
        return image
    background = list(wanted.colour) if wanted.colour else image.getpoint(0, 0)[:_RGB_BANDS]
    flat = image.flatten(background=background) if image.hasalpha() else image
    left, top, width, height = flat.find_trim(threshold=wanted.threshold, background=background)
    if width == 0 or height == 0:
        return image
    right, bottom = image.width - left - width, image.height - top - height
    if wanted.equal_across:
        left = right = min(left, right)
    if wanted.equal_down:
        top = bottom = min(top, bottom)
    return image.crop(left, top, image.width - left - right, image.height - top - bottom)


def coloured(image: Any, options: Options) -> Any:
    """Return a picture as sRGB of eight bits, or in the colours of its own profile if that is to stay.

    A conversion costs more than all the rest: what has no profile is sRGB as it is.
    """
    if image.get_typeof("icc-profile-data") and (options.strip_color_profile or image.interpretation != "srgb"):
        image = image.icc_transform("srgb", embedded=True)
    return image if (image.interpretation, image.format) == ("srgb", "uchar") else image.colourspace("srgb")


def filtered(image: Any, options: Options) -> Any:
    """Blur, sharpen, pixelate."""
    if options.blur:
        image = _weighed(image, lambda opaque: opaque.gaussblur(options.blur))
    if options.sharpen:
        least, most = _SHARPENED  # libvips knows no more
        image = image.sharpen(sigma=min(max(options.sharpen, least), most))
    if options.pixelate > 1:
        image = _weighed(image, lambda opaque: _pixelated(opaque, options.pixelate))
    return image


def framed(image: Any, plan: Plan, options: Options) -> Any:
    """Add the empty space around a picture: transparent, or of the background's colour."""
    width, height = plan.filled
    if (width, height) != (image.width, image.height):
        shape = Cut(image.width, image.height, options.extend_gravity, options.dpr)
        image = _embedded(image, *place(width, height, shape), width, height)
    if any(plan.padding):
        top, _, _, left = plan.padding
        image = _embedded(image, left, top, *plan.result)
    if options.background is not None and image.hasalpha():
        image = image.flatten(background=options.background)
    return image


def marked(image: Any, mark: Any, wanted: Watermark, ratio: float) -> Any:
    """Lay a watermark (sRGB with transparency) over a picture; `ratio` scales its offsets and its own size."""
    scale = wanted.scale * min(image.width / mark.width, image.height / mark.height) if wanted.scale else ratio
    fitting = min(scale, image.width / mark.width, image.height / mark.height)
    width, height = (max(1, round(side * fitting)) for side in (mark.width, mark.height))
    mark = mark.thumbnail_image(width, height=height, size="force")
    mark = (mark * [1, 1, 1, wanted.opacity]).cast("uchar").copy(interpretation="srgb").copy_memory()
    if wanted.gravity is None:
        across, down = -(-image.width // mark.width), -(-image.height // mark.height)
        left, top = 0, 0
        mark = mark.replicate(across, down).crop(0, 0, image.width, image.height)
    else:
        left, top = place(image.width, image.height, Cut(mark.width, mark.height, wanted.gravity, ratio))
    alpha = image.hasalpha()
    under = image if alpha else image.bandjoin(_OPAQUE)
    over = under.composite2(mark, "over", x=left, y=top).cast("uchar")
    return over if alpha else over.extract_band(0, n=_RGB_BANDS)


def _embedded(image: Any, left: int, top: int, width: int, height: int) -> Any:
    image = image if image.hasalpha() else image.bandjoin(_OPAQUE)
    return image.embed(left, top, width, height, extend="background", background=TRANSPARENT)


def _weighed(image: Any, change: Callable[[Any], Any]) -> Any:
    """Mix pixels by their opacity, so that what is transparent lends no colour."""
    if not image.hasalpha():
        return change(image)
    return change(image.premultiply().cast("uchar")).unpremultiply().cast("uchar").copy(interpretation="srgb")


def _pixelated(image: Any, size: int) -> Any:
    """Show squares of `size` pixels in their mean colour; those at the right and lower edge may be cut."""
    width, height = image.width, image.height
    wide, high = min(size, width), min(size, height)
    whole = image.embed(0, 0, -(-width // wide) * wide, -(-height // high) * high, extend="copy")
    return whole.shrink(wide, high).zoom(wide, high).crop(0, 0, width, height)


def opened_mark(data: bytes) -> Any:
    """Decode a watermark; raises pyvips.Error where it is no picture."""
    mark = pyvips.Image.new_from_buffer(data, "", access="random").colourspace("srgb")
    return (mark if mark.hasalpha() else mark.bandjoin(_OPAQUE)).copy_memory()

"""One picture: the original's bytes and the options in, the variant's bytes out. It blocks: run it in a thread.

The header is read and the limits are checked before anything is decoded. The deadline is held by libvips' progress:
it ends decoding and scaling within milliseconds; a codec's own last step, bounded by the limits on pixels, runs on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from storage import pictures
from storage.pictures import Picture
from storage.vips import LIBVIPS_VERSION, pyvips
from workers.images import geometry
from workers.images.errors import DeadlineError, ImageError, TooLargeError, UnusableError
from workers.images.negotiate import MEDIA_TYPES, Accepted, choose_format, choose_quality
from workers.images.options import Format, Options

VERSION = f"1-{LIBVIPS_VERSION}"  # what a variant's bytes depend on beside the URL: our own revision, and libvips'
DEADLINE_SECONDS = 15.0

_WHITE = (255, 255, 255)
_LARGEST_WEBP_SIDE = 16_383
_SAVERS: dict[Format, tuple[str, dict[str, object]]] = {
    "avif": ("heifsave_buffer", {"compression": "av1", "effort": 1}),
    "webp": ("webpsave_buffer", {"effort": 4}),
    "jpeg": ("jpegsave_buffer", {"optimize_coding": True}),
    "png": ("pngsave_buffer", {}),
}


@dataclass(frozen=True)
class Variant:
    """A rendered picture: its bytes, media type, and size in pixels."""

    body: bytes
    media_type: str
    width: int
    height: int


def render(data: bytes, options: Options, client: Accepted, *, deadline: float = DEADLINE_SECONDS) -> Variant:
    """Make a variant. An animation is shown by its first frame.

    Args:
        data: the original's bytes.
        options: what is asked for; its `format` overrides the client's class.
        client: the class of formats that the client accepts.
        deadline: in seconds from now.

    Raises:
        TooLargeError: the original or the variant has too many pixels.
        UnusableError: the original is broken, or not a picture.
        DeadlineError: it took too long.

    """
    watch = _Watch(deadline)
    try:
        picture = pictures.probe(data)
        return _encode(watch.over_image(_draw(data, picture, options, watch)), options, client)
    except pictures.TooManyPixelsError as error:
        raise TooLargeError(str(error)) from error
    except pictures.PictureError as error:
        raise UnusableError(str(error)) from error
    except pyvips.Error as error:
        raise watch.explain() from error


class _Watch:
    """Ends the evaluation of libvips images when its time is over.

    It must outlive their evaluation, and holds them for that: pyvips frees a callback with the Python object it was
    connected through, even while libvips goes on to call it. The callback holds no images, so that no cycle keeps
    their memory until the garbage collector comes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._watched: list[Any] = []  # images of pyvips, which has no types

    def over_image(self, image: Any) -> Any:
        """Begin to watch an image, and return it."""
        end = self._end

        def check(evaluated: Any, _: object) -> None:
            if time.monotonic() > end:
                evaluated.set_kill(True)

        image.set_progress(True)
        image.signal_connect("eval", check)
        self._watched.append(image)
        return image

    def explain(self) -> ImageError:
        """Tell what an error of libvips means."""
        if time.monotonic() > self._end:
            return DeadlineError(f"The picture took longer than {self._seconds:g} seconds.")
        return UnusableError("The original is broken or cut off.")


def _draw(data: bytes, picture: Picture, options: Options, watch: _Watch) -> Any:
    """Scale, turn, cut and filter."""
    swapped = (options.rotate in {90, 270}) != (picture.sideways and not options.auto_rotate)
    size = (picture.height, picture.width) if swapped else (picture.width, picture.height)
    plan = geometry.plan(*size, options)
    width, height = (plan.height, plan.width) if options.rotate in {90, 270} else (plan.width, plan.height)
    image = pyvips.Image.thumbnail_buffer(
        data,
        width,
        height=height,
        size="force",
        no_rotate=not options.auto_rotate,
        output_profile="srgb",
        option_string="fail_on=truncated",
    )
    image = watch.over_image(image)
    if options.rotate:
        image = image.copy_memory().rot(f"d{options.rotate}")
    for cut in plan.cuts:
        image = _cut(image, cut)
    if options.blur:
        image = image.gaussblur(options.blur)
    if options.sharpen:
        image = image.sharpen(sigma=options.sharpen)
    if options.background is not None and image.hasalpha():
        image = image.flatten(background=options.background)
    return image


def _cut(image: Any, cut: geometry.Cut) -> Any:
    if cut.gravity.type == "sm":  # looks at the whole picture before it takes a part: a sequential image cannot
        return image.copy_memory().smartcrop(cut.width, cut.height, interesting="attention")
    left, top = geometry.place(image.width, image.height, cut)
    return image.extract_area(left, top, cut.width, cut.height)


def _encode(image: Any, options: Options, client: Accepted) -> Variant:
    width, height = image.width, image.height
    fmt = options.format or choose_format(client, width=width, height=height, alpha=image.hasalpha())
    if fmt == "webp" and max(width, height) > _LARGEST_WEBP_SIDE:
        raise TooLargeError(f"A WebP has at most {_LARGEST_WEBP_SIDE} pixels a side; ask for a smaller size.")
    if fmt == "jpeg" and image.hasalpha():
        image = image.flatten(background=_WHITE)
    saver, settings = _SAVERS[fmt]
    if fmt != "png":
        settings = settings | {"Q": choose_quality(options, fmt)}
    body = getattr(image, saver)(keep="none" if options.strip_metadata else "all", **settings)
    return Variant(bytes(body), MEDIA_TYPES[fmt], width, height)

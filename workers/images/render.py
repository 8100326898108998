"""One picture: the original's bytes and the options in, the variant's bytes out. It blocks.

The header is read and the limits are checked before anything is decoded. The deadline is held by libvips' progress:
it ends decoding and scaling within milliseconds; a codec's own last step, bounded by the limits on pixels, runs on.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any

from storage import pictures
from storage.pictures import LARGEST_BUFFERED_PIXELS, Picture
from storage.vips import LIBVIPS_VERSION, pyvips
from workers.images import effects, geometry
from workers.images.encode import encode, fits
from workers.images.errors import DeadlineError, ImageError, TooLargeError, UnusableError
from workers.images.negotiate import MEDIA_TYPES, Accepted, choose_format
from workers.images.options import Crop, Format, Gravity, Options

VERSION = f"4-{LIBVIPS_VERSION}"  # what a variant's bytes depend on beside the URL: our own revision, and libvips'
DEADLINE_SECONDS = 15.0
MOST_FRAMES = 100

_ANIMATED = {"image/gif", "image/webp"}
_WHOLE = "fail_on=truncated"
_NO_MEMORY = re.compile(r"memory (?:alloc|error)|(?:out of|insufficient) memory|encoder plugin", re.IGNORECASE)


@dataclass(frozen=True)
class Variant:
    """A rendered picture: its bytes, media type, and size in pixels."""

    body: bytes
    media_type: str
    width: int
    height: int


def render(
    data: bytes,
    options: Options,
    client: Accepted,
    *,
    deadline: float = DEADLINE_SECONDS,
    mark: Any = None,
    drawing: bool = False,
) -> Variant:
    """Make a variant.

    An animation of up to 100 frames stays one where WebP is sent; else it is shown by its first frame.

    Args:
        data: the original's bytes.
        options: what is asked for; its `format` overrides the client's class.
        client: the class of formats that the client accepts.
        deadline: in seconds from now.
        drawing: the original is an SVG of our own, which is drawn in the size asked for.
        mark: the watermark, as `effects.opened_mark` gives it; needed where the options ask for it.

    Raises:
        TooLargeError: the original or the variant has too many pixels.
        UnusableError: the original is broken, or not a picture.
        DeadlineError: it took too long.
        MemoryError: this process has not enough left; a fresh one may.

    """
    watch = _Watch(deadline)
    try:
        original = _Original.drawn(data) if drawing else _Original(data, pictures.probe(data))
        if moves(original.picture, options, client):
            return _animation(original, options, watch, mark)
        image = _ready(_still(original, options, watch, mark), options, watch)
        fmt = options.format or _negotiated(image, client)
        return Variant(encode(image, fmt, options), MEDIA_TYPES[fmt], image.width, image.height)
    except pictures.TooManyPixelsError as error:
        raise TooLargeError(str(error)) from error
    except pictures.PictureError as error:
        raise UnusableError(str(error)) from error
    except pyvips.Error as error:
        raise watch.explain(error) from error


def moves(picture: Picture, options: Options, client: Accepted) -> bool:
    """Answer whether the variant is an animation."""
    webp = options.format == "webp" or (options.format is None and client != "other")
    return webp and picture.media_type in _ANIMATED and 1 < picture.frames <= MOST_FRAMES


@dataclass(frozen=True)
class _Original:
    """What a variant is made of; `drawing`: it is an SVG of our own."""

    data: bytes
    picture: Picture
    drawing: bool = False

    @classmethod
    def drawn(cls, data: bytes) -> _Original:
        """Take an SVG of our own."""
        image = pyvips.Image.svgload_source(pyvips.Source.new_from_memory(data))
        return cls(data, Picture("image/png", image.width, image.height), drawing=True)

    def scaled(self, width: int, height: int, options: Options) -> Any:
        """Scale it to exactly this size while it is read."""
        asked = {"height": height, "size": "force", "no_rotate": not options.auto_rotate}
        if self.drawing:
            return pyvips.Image.thumbnail_source(pyvips.Source.new_from_memory(self.data), width, **asked).flatten()
        return pyvips.Image.thumbnail_buffer(self.data, width, option_string=_WHOLE, **asked)


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

    def explain(self, error: Exception) -> ImageError | MemoryError:
        """Tell what an error of libvips means."""
        if time.monotonic() > self._end:
            return DeadlineError(f"The picture took longer than {self._seconds:g} seconds.")
        if _NO_MEMORY.search(str(error)):
            return MemoryError(str(error))
        return UnusableError("The original is broken or cut off.")


def _still(original: _Original, options: Options, watch: _Watch, mark: Any) -> Any:
    """Draw the picture, or the first frame of an animation."""
    if options.trim is not None and not original.drawing:
        return _trimmed(original, options, watch, mark)
    picture = original.picture
    plan = _plan(picture.width, picture.height, options, sideways=picture.sideways)
    return _finished(watch.over_image(original.scaled(*_before_turning(plan, options), options)), plan, options, mark)


def _trimmed(original: _Original, options: Options, watch: _Watch, mark: Any) -> Any:
    """Draw a picture without its border, which is decoded whole for that."""
    picture = original.picture
    size = (picture.width, picture.height)
    stored = size[::-1] if picture.sideways and not options.auto_rotate else size
    image = _held(watch.over_image(effects.coloured(original.scaled(*stored, options), options)))
    image = effects.trim(image, options.trim) if options.trim else image
    plan = _plan(image.width, image.height, options, sideways=False)
    return _finished(watch.over_image(_resized(image, plan, options)), plan, options, mark)


def _animation(original: _Original, options: Options, watch: _Watch, mark: Any) -> Variant:
    """Draw each frame, and put them together."""
    picture, options = original.picture, _steady(original.data, options)
    plan = _plan(picture.width, picture.height, options, sideways=picture.sideways)
    width, height = plan.result
    if width * height * picture.frames > geometry.LARGEST_RESULT_PIXELS:
        raise TooLargeError("The animation would have too many pixels in all; ask for a smaller size.")
    strip = watch.over_image(pyvips.Image.new_from_buffer(original.data, f"n=-1,{_WHOLE}", access="sequential"))
    strip, side = strip.copy_memory(), strip.height // picture.frames
    frames = [_frame(strip, number * side, side, options) for number in range(picture.frames)]
    drawn = [_finished(_resized(frame, plan, options), plan, options, mark) for frame in frames]
    joined = pyvips.Image.arrayjoin(drawn, across=1)
    joined.set_type(pyvips.GValue.gint_type, "page-height", height)
    return Variant(encode(_ready(joined, options, watch), "webp", options), MEDIA_TYPES["webp"], width, height)


def _frame(strip: Any, top: int, side: int, options: Options) -> Any:
    """Take a frame out of an animation: one that is none itself, or libvips would scale each part of it."""
    frame = strip.crop(0, top, strip.width, side).copy()
    for name in ("page-height", "n-pages"):
        frame.remove(name)
    return frame.autorot() if options.auto_rotate else frame


def _steady(data: bytes, options: Options) -> Options:
    """Take what draws the eye in the first frame for what does in all of them, lest the picture jump about."""
    if "sm" not in {options.gravity.type, options.crop.gravity and options.crop.gravity.type}:
        return options
    point = Gravity("fp", *pictures.focus(data))
    crop = options.crop
    if crop.gravity is not None and crop.gravity.type == "sm":
        crop = Crop(crop.width, crop.height, point)
    return replace(options, crop=crop, gravity=point if options.gravity.type == "sm" else options.gravity)


def _ready(image: Any, options: Options, watch: _Watch) -> Any:
    """Watch over the last step; what must fit into so many bytes may be encoded several times, and is drawn once."""
    image = watch.over_image(image)
    return watch.over_image(image.copy_memory()) if options.max_bytes else image


def _negotiated(image: Any, client: Accepted) -> Format:
    """Choose the format that the client likes best, or one that has pictures of this size."""
    size = {"width": image.width, "height": image.height}
    fmt = choose_format(client, **size, alpha=image.hasalpha())
    return fmt if fits(image, fmt) else choose_format("other", **size, alpha=image.hasalpha())


def _held(image: Any) -> Any:
    """Read a picture into memory, for what cannot be done from its top to its bottom."""
    if image.width * image.height > LARGEST_BUFFERED_PIXELS:
        raise TooLargeError(
            f"A picture that is trimmed, turned, flipped, or cut by what draws the eye has at most "
            f"{LARGEST_BUFFERED_PIXELS:,} pixels at that point."
        )
    return image.copy_memory()


def _resized(image: Any, plan: geometry.Plan, options: Options) -> Any:
    """Scale a picture that is in memory, and stands upright."""
    width, height = _before_turning(plan, options)
    return image.thumbnail_image(width, height=height, size="force", no_rotate=True)


def _before_turning(plan: geometry.Plan, options: Options) -> tuple[int, int]:
    """Return the size to scale to: what is turned by a quarter afterwards has its sides swapped."""
    return (plan.height, plan.width) if options.rotate in {90, 270} else (plan.width, plan.height)


def _plan(width: int, height: int, options: Options, *, sideways: bool) -> geometry.Plan:
    """Plan for an original of this size as it is displayed; `sideways`: it is stored with both sides swapped."""
    swapped = (options.rotate in {90, 270}) != (sideways and not options.auto_rotate)
    return geometry.plan(*((height, width) if swapped else (width, height)), options)


def _finished(image: Any, plan: geometry.Plan, options: Options, mark: Any) -> Any:
    """Turn, cut, filter, frame and mark what has been scaled."""
    if options.rotate or options.flip_down:
        image = _held(image)  # a sequential image cannot be read from its end
    if options.rotate:
        image = image.rot(f"d{options.rotate}")
    if options.flip_across:
        image = image.fliphor()
    if options.flip_down:
        image = image.flipver()
    for cut in plan.cuts:
        image = _cut(image, cut)
    image = effects.filtered(effects.coloured(image, options), options)
    image = effects.framed(image, plan, options)
    if options.watermark is not None:
        image = effects.marked(image, mark, options.watermark, options.dpr)
    return image


def _cut(image: Any, cut: geometry.Cut) -> Any:
    if cut.gravity.type == "sm":  # looks at the whole picture before it takes a part: a sequential image cannot
        return _held(image).smartcrop(cut.width, cut.height, interesting="attention")
    left, top = geometry.place(image.width, image.height, cut)
    return image.extract_area(left, top, cut.width, cut.height)

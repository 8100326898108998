"""The grammar of the options: `name:argument:…`, by an option's long or short name.

An empty or left-out argument keeps what was set before, later options override earlier ones, and whatever is unknown
or malformed is an `OptionError` that names the option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, get_args

from workers.images import arguments as read
from workers.images.errors import OptionError
from workers.images.options import Crop, Format, Options, Padding, Trim, Watermark

Presets = Mapping[str, tuple[str, ...]]
NONE: Presets = MappingProxyType({})

_PRESET = ("preset", "pr")
_Changes = dict[str, Any]  # names and values of the fields of Options
_Parser = Callable[[list[str], Options], _Changes]


def parse_options(segments: Iterable[str], presets: Presets = NONE) -> Options:
    """Read the option segments of a URL in their order.

    Args:
        segments: `name:argument:…`.
        presets: named lists of segments, which `preset:name` stands for; the one named `default` comes first in every
            URL. They are known to be sound: see `parse_presets`.

    Raises:
        OptionError: names the first option that is unknown or malformed.

    """
    options = Options()
    for segment in _without_presets([*presets.get("default", ()), *segments], presets):
        name, *arguments = segment.split(":")
        if name not in _OPTIONS:
            raise OptionError(name, "is not known here")
        most, parse = _OPTIONS[name]
        if len(arguments) > most:
            raise OptionError(name, "has more arguments than it takes")
        try:
            options = replace(options, **parse(arguments, options))
        except ValueError as error:
            raise OptionError(name, str(error)) from error
    return options


def parse_presets(text: str) -> Presets:
    """Read presets as imgproxy writes them: `name=option:argument/option:argument`, separated by commas.

    A preset may name others that stand before it.

    Raises:
        ValueError: one has no name, or an option of it is unknown or malformed; the message says which.

    """
    presets: dict[str, tuple[str, ...]] = {}
    for written in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = written.partition("=")
        if not name or not equals:
            raise ValueError(f"{written!r} is no preset: write name=option:argument/option:argument.")
        segments = tuple(value.split("/"))
        try:
            known = {one: presets[one] for one in presets if one != "default"}
            parse_options(segments, known)
        except OptionError as error:
            raise ValueError(f"The preset {name!r} is not sound: {error}") from error
        presets[name] = tuple(_without_presets(segments, known))
    return MappingProxyType(presets)


def _without_presets(segments: Iterable[str], presets: Presets) -> Iterator[str]:
    """Yield the segments with presets replaced by what they stand for."""
    for segment in segments:
        option, *names = segment.split(":")
        if option not in _PRESET:
            yield segment
            continue
        for name in names:
            if name not in presets:
                raise OptionError(option, f"names {name[:32]!r}, which is not known here")
            yield from presets[name]


def _fields(*readers: tuple[str, Callable[[str], object]]) -> _Parser:
    """Make a parser that reads each argument into a field; empty ones leave it as it is."""

    def parse(arguments: list[str], _: Options) -> _Changes:
        pairs = zip(readers, arguments, strict=False)
        return {name: reader(text) for (name, reader), text in pairs if text}

    return parse


def _gravity(arguments: list[str], _: Options) -> _Changes:
    return {"gravity": read.gravity(arguments)} if any(arguments) else {}


def _crop(arguments: list[str], options: Options) -> _Changes:
    width, height, *gravity = arguments if len(arguments) > 1 else [*arguments, ""]
    kept = options.crop
    crop = Crop(
        read.crop_side(width) if width else kept.width,
        read.crop_side(height) if height else kept.height,
        read.gravity(gravity) if any(gravity) else kept.gravity,
    )
    return {"crop": crop}


def _resize(arguments: list[str], options: Options) -> _Changes:
    return _fields(("resizing_type", read.resizing_type))(arguments[:1], options) | _size(arguments[1:], options)


def _size(arguments: list[str], options: Options) -> _Changes:
    sides = _fields(("width", read.side), ("height", read.side), ("enlarge", read.flag))
    return sides(arguments[:3], options) | _extend(arguments[3:], options)


def _extend(arguments: list[str], _: Options) -> _Changes:
    changes: _Changes = {"extend": read.flag(arguments[0])} if any(arguments[:1]) else {}
    if any(arguments[1:]):
        changes["extend_gravity"] = read.placing(arguments[1:])
    return changes


def _zoom(arguments: list[str], _: Options) -> _Changes:
    if not any(arguments):
        return {}
    across, down = [*arguments, arguments[0]][:2]
    return {"zoom_x": read.ratio(across or "1"), "zoom_y": read.ratio(down or "1")}


def _trim(arguments: list[str], _: Options) -> _Changes:
    threshold, colour, across, down = [*arguments, "", "", "", ""][:4]
    if not threshold:
        return {"trim": None}
    flags = (bool(text) and read.flag(text) for text in (across, down))
    return {"trim": Trim(read.threshold(threshold), read.colour([colour]) if colour else None, *flags)}


def _padding(arguments: list[str], _: Options) -> _Changes:
    """Read as CSS does: what is left out is as its opposite side, and the right side as the top."""
    top, right, bottom, left = [*arguments, "", "", "", ""][:4]
    right, bottom = right or top, bottom or top
    return {"padding": Padding(*(read.side(text or "0") for text in (top, right, bottom, left or right)))}


def _flip(arguments: list[str], options: Options) -> _Changes:
    return _fields(("flip_across", read.flag), ("flip_down", read.flag))(arguments, options)


def _watermark(arguments: list[str], _: Options) -> _Changes:
    opacity, position, x, y, scale = [*arguments, "", "", "", "", ""][:5]
    if not opacity or read.opacity(opacity) == 0:
        return {"watermark": None}
    gravity = None if position == "re" else read.placing([position or "ce", x, y])
    return {"watermark": Watermark(read.opacity(opacity), gravity, read.number(scale, 0, 1) if scale else 0.0)}


def _background(arguments: list[str], _: Options) -> _Changes:
    return {"background": read.colour(arguments) if any(arguments) else None}


def _format_quality(arguments: list[str], options: Options) -> _Changes:
    if len(arguments) % 2:
        raise ValueError("must be pairs of format and quality")
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    qualities = dict(options.format_quality) | {read.parse_format(name): read.quality(text) for name, text in pairs}
    return {"format_quality": tuple(sorted(qualities.items()))}


def _filename(arguments: list[str], _: Options) -> _Changes:
    name, encoded = [*arguments, ""][:2]
    return {"filename": read.filename(name, encoded=bool(encoded) and read.flag(encoded))}


_TABLE: dict[tuple[str, ...], tuple[int, _Parser]] = {  # names: the most arguments, and how to read them
    ("resize", "rs"): (8, _resize),
    ("size", "s"): (7, _size),
    ("resizing_type", "rt"): (1, _fields(("resizing_type", read.resizing_type))),
    ("width", "w"): (1, _fields(("width", read.side))),
    ("height", "h"): (1, _fields(("height", read.side))),
    ("min-width", "mw"): (1, _fields(("min_width", read.side))),
    ("min-height", "mh"): (1, _fields(("min_height", read.side))),
    ("enlarge", "el"): (1, _fields(("enlarge", read.flag))),
    ("extend", "ex"): (4, _extend),
    ("zoom", "z"): (2, _zoom),
    ("dpr",): (1, _fields(("dpr", read.ratio))),
    ("gravity", "g"): (3, _gravity),
    ("crop", "c"): (5, _crop),
    ("auto_rotate", "ar"): (1, _fields(("auto_rotate", read.flag))),
    ("rotate", "rot"): (1, _fields(("rotate", read.angle))),
    ("flip", "fl"): (2, _flip),
    ("trim", "t"): (4, _trim),
    ("padding", "pd"): (4, _padding),
    ("background", "bg"): (3, _background),
    ("blur", "bl"): (1, _fields(("blur", read.sigma))),
    ("sharpen", "sh"): (1, _fields(("sharpen", read.sigma))),
    ("pixelate", "pix"): (1, _fields(("pixelate", read.side))),
    ("watermark", "wm"): (5, _watermark),
    ("strip_metadata", "sm"): (1, _fields(("strip_metadata", read.flag))),
    ("keep_copyright", "kcr"): (1, _fields(("keep_copyright", read.flag))),
    ("strip_color_profile", "scp"): (1, _fields(("strip_color_profile", read.flag))),
    ("max_bytes", "mb"): (1, _fields(("max_bytes", read.byte_count))),
    ("quality", "q"): (1, _fields(("quality", read.quality))),
    ("format_quality", "fq"): (2 * len(get_args(Format)), _format_quality),
    ("format", "f", "ext"): (1, _fields(("format", read.parse_format))),
    ("cachebuster", "cb"): (1, _fields(("cachebuster", str))),
    ("expires", "exp"): (1, _fields(("expires", read.time))),
    ("filename", "fn"): (2, _filename),
    ("return_attachment", "att"): (1, _fields(("return_attachment", read.flag))),
}
_OPTIONS = {name: entry for names, entry in _TABLE.items() for name in names}

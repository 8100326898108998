"""The grammar of the options: `name:argument:…`, by an option's long or short name.

An empty or left-out argument keeps what was set before, later options override earlier ones, and whatever is unknown
or malformed is an `OptionError` that names the option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

from workers.images import arguments as read
from workers.images.errors import OptionError
from workers.images.options import Crop, Format, Options

_Changes = dict[str, Any]  # names and values of the fields of Options
_Parser = Callable[[list[str], Options], _Changes]


def parse_options(segments: Iterable[str]) -> Options:
    """Read the option segments of a URL in their order.

    Raises:
        OptionError: names the first option that is unknown or malformed.

    """
    options = Options()
    for segment in segments:
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


def _fields(*readers: tuple[str, Callable[[str], object]]) -> _Parser:
    """Make a parser that reads each argument into a field; empty ones leave it as it is."""

    def parse(arguments: list[str], _: Options) -> _Changes:
        pairs = zip(readers, arguments, strict=False)
        changes = {name: reader(text) for (name, reader), text in pairs if text}
        changes.pop("extend", None)
        return changes

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


_SIZE = (("width", read.side), ("height", read.side), ("enlarge", read.flag), ("extend", read.refused_flag))
_TABLE: dict[tuple[str, ...], tuple[int, _Parser]] = {  # names: the most arguments, and how to read them
    ("resize", "rs"): (5, _fields(("resizing_type", read.resizing_type), *_SIZE)),
    ("size", "s"): (4, _fields(*_SIZE)),
    ("resizing_type", "rt"): (1, _fields(("resizing_type", read.resizing_type))),
    ("width", "w"): (1, _fields(("width", read.side))),
    ("height", "h"): (1, _fields(("height", read.side))),
    ("min-width", "mw"): (1, _fields(("min_width", read.side))),
    ("min-height", "mh"): (1, _fields(("min_height", read.side))),
    ("enlarge", "el"): (1, _fields(("enlarge", read.flag))),
    ("dpr",): (1, _fields(("dpr", read.ratio))),
    ("gravity", "g"): (3, _gravity),
    ("crop", "c"): (5, _crop),
    ("auto_rotate", "ar"): (1, _fields(("auto_rotate", read.flag))),
    ("rotate", "rot"): (1, _fields(("rotate", read.angle))),
    ("background", "bg"): (3, _background),
    ("blur", "bl"): (1, _fields(("blur", read.sigma))),
    ("sharpen", "sh"): (1, _fields(("sharpen", read.sigma))),
    ("strip_metadata", "sm"): (1, _fields(("strip_metadata", read.flag))),
    ("quality", "q"): (1, _fields(("quality", read.quality))),
    ("format_quality", "fq"): (2 * len(get_args(Format)), _format_quality),
    ("format", "f", "ext"): (1, _fields(("format", read.parse_format))),
    ("cachebuster", "cb"): (1, _fields(("cachebuster", str))),
    ("expires", "exp"): (1, _fields(("expires", read.time))),
    ("filename", "fn"): (2, _filename),
    ("return_attachment", "att"): (1, _fields(("return_attachment", read.flag))),
}
_OPTIONS = {name: entry for names, entry in _TABLE.items() for name in names}

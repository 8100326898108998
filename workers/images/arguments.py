"""The arguments of options as values: each function reads one; its ValueError completes "The option …"."""

from __future__ import annotations

import base64
import binascii
import re
from typing import get_args
from urllib.parse import unquote

from workers.images.options import Format, Gravity, GravityType, ResizingType

LARGEST_SIDE = 16_384
LARGEST_RATIO = 8.0
LARGEST_SIGMA = 100.0
LARGEST_BYTES = 1 << 30
_LARGEST_OFFSET = 100_000.0
_LATEST = 1 << 53
_BEST_QUALITY = 100
_LONGEST_FILENAME = 200
_COLOUR = re.compile(r"(?:[0-9a-fA-F]{3}){1,2}")
_INTEGER = re.compile(r"[0-9]{1,16}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_FLAGS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
_FORMATS: dict[str, Format] = {"avif": "avif", "webp": "webp", "jpg": "jpeg", "jpeg": "jpeg", "png": "png"}


def integer(text: str, most: int) -> int:
    """Read a whole number from 0 to `most`."""
    if not _INTEGER.fullmatch(text) or int(text) > most:
        raise ValueError(f"must be a whole number from 0 to {most}")
    return int(text)


def number(text: str, least: float, most: float) -> float:
    """Read a decimal number within bounds."""
    if not _NUMBER.fullmatch(text) or not least <= float(text) <= most:
        raise ValueError(f"must be a number from {least:g} to {most:g}")
    return float(text)


def side(text: str) -> int:
    """Read a width or height in pixels."""
    return integer(text, LARGEST_SIDE)


def crop_side(text: str) -> float:
    """Read a side of a crop: pixels, or a part when less than 1."""
    return number(text, 0, LARGEST_SIDE)


def flag(text: str) -> bool:
    """Read a yes or no."""
    if text not in _FLAGS:
        raise ValueError("must be 1 or 0")
    return _FLAGS[text]


def resizing_type(text: str) -> ResizingType:
    """Read how a picture is fitted to its size."""
    names: tuple[ResizingType, ...] = get_args(ResizingType)
    for name in names:
        if text == name:
            return name
    raise ValueError(f"must be one of {', '.join(names)}")


def ratio(text: str) -> float:
    """Read a ratio of device pixels, more than 0."""
    value = number(text, 0, LARGEST_RATIO)
    if value == 0:
        raise ValueError("must be more than 0")
    return value


def angle(text: str) -> int:
    """Read an angle in degrees clockwise, a multiple of 90."""
    if text not in {"0", "90", "180", "270"}:
        raise ValueError("must be 0, 90, 180 or 270")
    return int(text)


def sigma(text: str) -> float:
    """Read the strength of a blur or of sharpening, as a Gaussian's sigma in pixels."""
    return number(text, 0, LARGEST_SIGMA)


def opacity(text: str) -> float:
    """Read an opacity."""
    return number(text, 0, 1)


def threshold(text: str) -> float:
    """Read how far colours may differ."""
    return number(text, 0, 255)


def byte_count(text: str) -> int:
    """Read a number of bytes; 0 is any."""
    return integer(text, LARGEST_BYTES)


def quality(text: str) -> int:
    """Read a quality; 0 leaves it to the worker."""
    return integer(text, _BEST_QUALITY)


def time(text: str) -> int:
    """Read a Unix time in seconds."""
    return integer(text, _LATEST)


def parse_format(text: str) -> Format:
    """Read the name of a format."""
    if text not in _FORMATS:
        raise ValueError(f"must be one of {', '.join(_FORMATS)}")
    return _FORMATS[text]


def gravity(arguments: list[str]) -> Gravity:
    """Read a gravity: its type, and what belongs to it."""
    name, *offsets = arguments
    if name not in get_args(GravityType):
        raise ValueError(f"must be one of {', '.join(get_args(GravityType))}")
    if name == "sm" and any(offsets):
        raise ValueError("takes no offsets with sm")
    if name == "fp":
        if len(offsets) != 2:  # noqa: PLR2004 - a point
            raise ValueError("must be fp:x:y with x and y from 0 to 1")
        return Gravity("fp", *(number(part, 0, 1) for part in offsets))
    shifts = [number(part or "0", -_LARGEST_OFFSET, _LARGEST_OFFSET) for part in offsets]
    return Gravity(name, *shifts)  # type: ignore[arg-type]  # just checked against the literal's values


def placing(arguments: list[str]) -> Gravity:
    """Read where a smaller picture lies in a larger one: a gravity other than `sm`, which looks at what it cuts."""
    found = gravity(arguments)
    if found.type == "sm":
        raise ValueError("cannot be placed by sm")
    return found


def colour(arguments: list[str]) -> tuple[int, int, int]:
    """Read a colour, as `rgb` or `rrggbb` in hex, or as three numbers."""
    match arguments:
        case [digits] if _COLOUR.fullmatch(digits):
            step = len(digits) // 3
            parts = (digits[start : start + step] * (3 - step) for start in range(0, len(digits), step))
            red, green, blue = (int(part, 16) for part in parts)
        case [_, _, _]:
            red, green, blue = (integer(part, 255) for part in arguments)
        case _:
            raise ValueError("must be a colour as rrggbb or red:green:blue")
    return red, green, blue


def filename(name: str, *, encoded: bool) -> str:
    """Read the name of a download, escaped or in base64url."""
    if encoded:
        try:
            text = base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise ValueError("must be base64url of UTF-8") from error
    else:
        text = unquote(name)
    if len(text) > _LONGEST_FILENAME or not text.isprintable() or any(sign in text for sign in '/\\"'):
        raise ValueError(f"must be at most {_LONGEST_FILENAME} printable characters without slashes and quotes")
    return text

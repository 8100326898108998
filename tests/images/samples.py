"""Pictures to test with, drawn from numbers: soft gradients that compress as photographs do."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from storage.vips import pyvips
from workers.images.url import signature

KEY, SALT = b"secret", b"hello"


def draw(width: int, height: int, *, alpha: bool = False) -> Any:
    """Draw a picture: red grows to the right, green downwards; with `alpha`, its left half is transparent."""
    y, x = np.mgrid[0:height, 0:width]
    bands = [x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), x * 0 + 60]
    if alpha:
        bands.append(np.where(x < width // 2, 0, 255))
    return pyvips.Image.new_from_array(np.stack(bands, -1).astype(np.uint8))


def with_fields(image: Any, fields: Mapping[str, object]) -> Any:
    """Give a picture metadata: whole numbers by their own type, bytes as blobs, the rest as strings."""
    image = image.copy()
    for name, value in fields.items():
        kind = pyvips.GValue.gint_type if isinstance(value, int) else pyvips.GValue.gstr_type
        image.set_type(pyvips.GValue.blob_type if isinstance(value, bytes) else kind, name, value)
    return image


def jpeg(width: int = 400, height: int = 300, *, orientation: int = 1) -> bytes:
    """Make a JPEG; with another orientation than 1, its EXIF says so and carries a GPS position."""
    image = draw(width, height)
    if orientation == 1:
        return bytes(image.jpegsave_buffer(Q=90, keep="none"))
    gps = {"exif-ifd3-GPSLatitude": "40/1 24/1 59/1", "orientation": orientation}
    return bytes(with_fields(image, gps).jpegsave_buffer(Q=90))


def png(width: int = 400, height: int = 300, *, alpha: bool = True) -> bytes:
    """Make a PNG, half transparent unless told otherwise."""
    return bytes(draw(width, height, alpha=alpha).pngsave_buffer(keep="none"))


def avif(width: int = 400, height: int = 300) -> bytes:
    """Make an AVIF."""
    return bytes(draw(width, height).heifsave_buffer(compression="av1", effort=0, keep="none"))


def animation(kind: str, width: int = 60, height: int = 40) -> bytes:
    """Make a GIF or WebP of two frames."""
    frames = pyvips.Image.arrayjoin([draw(width, height), draw(width, height).invert()], across=1)
    return bytes(getattr(with_fields(frames, {"page-height": height}), f"{kind}save_buffer")())


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Make one chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_header(width: int, height: int, *, interlaced: bool = False) -> bytes:
    """Make a PNG that claims a size and has next to no pixels: a bomb's header."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def load(data: bytes) -> Any:
    """Decode a picture."""
    return pyvips.Image.new_from_buffer(data, "")


def pixel(data: bytes, x: int, y: int) -> list[float]:
    """Read one pixel of an encoded picture."""
    return list(load(data).getpoint(x, y))


def near(found: list[float], wanted: list[float], within: float = 12) -> bool:
    """Compare pixels as a lossy format allows."""
    return len(found) == len(wanted) and all(abs(a - b) <= within for a, b in zip(found, wanted, strict=True))


def source(key: str, extension: str = "") -> str:
    """Encode an asset's key as a URL's source."""
    return base64.urlsafe_b64encode(f"asset://{key}".encode()).rstrip(b"=").decode() + extension


def signed(rest: str, key: bytes = KEY, salt: bytes = SALT) -> str:
    """Sign a path, which begins with a slash."""
    return f"/{signature(rest, key, salt)}{rest}"

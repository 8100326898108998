"""Small files that cost much to read, or would if anybody believed them: made by numbers, the same each time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from storage.vips import pyvips
from tests.images.samples import animation, avif, draw, jpeg, png, png_chunk, png_header, with_fields

FINE, LARGE, UNUSABLE = frozenset({200}), frozenset({413}), frozenset({422})
ODD = FINE | UNUSABLE  # decoders may differ in what they forgive
HEAVY = FINE | LARGE  # just within the limits: small variants are made, large ones are refused
_SIDE = 7000
_PNG_HEAD_BYTES = 33


class Hostile(NamedTuple):
    """A file, and the statuses that may answer it."""

    data: bytes
    statuses: frozenset[int]


def bombs() -> Iterator[tuple[str, Hostile]]:
    """Make all of them, by name."""
    for part in (_claims(), _real(), _animated(), _chunks(), _segments()):
        yield from part


def _claims() -> Iterator[tuple[str, Hostile]]:
    """Headers that claim more than there is."""
    yield "png header 65535²", Hostile(png_header(65_535, 65_535), LARGE)
    yield "png interlaced 20 MP", Hostile(png_header(5000, 4000, interlaced=True), LARGE)
    yield "png of 2^31 pixels a side", Hostile(png_header(2**31 - 1, 2**31 - 1), LARGE | UNUSABLE)
    yield "jpeg 65500²", Hostile(_jpeg_of_size(65_500, 65_500), LARGE)
    canvas = b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + animation("gif")[10:]
    yield "gif 65535²", Hostile(canvas, FINE | LARGE)  # or as large as its frame is
    yield "webp of 16383²", Hostile(_webp_of_size(16_383, 16_383), LARGE | UNUSABLE)
    small = avif(64, 64)
    place = small.index(b"ispe") + 8
    claim = small[:place] + struct.pack(">II", _SIDE, _SIDE) + small[place + 8 :]
    yield "avif that claims 49 MP", Hostile(claim, LARGE | UNUSABLE)


def _real() -> Iterator[tuple[str, Hostile]]:
    """As many pixels as they say, most of them in next to no bytes."""
    yield "png real 400 MP", Hostile(_empty_png(20_000, 20_000), LARGE)
    yield "png real 49 MP", Hostile(_empty_png(_SIDE, _SIDE), HEAVY)
    plain = pyvips.Image.black(_SIDE, _SIDE, bands=3).copy(interpretation="srgb").invert()
    largest = plain.crop(0, 0, 4000, 4000).heifsave_buffer(compression="av1", effort=0)
    yield "avif real 16 MP", Hostile(bytes(largest), HEAVY)
    yield "webp real 49 MP", Hostile(bytes(plain.webpsave_buffer(lossless=True, effort=0)), HEAVY)
    yield "jpeg real 49 MP, progressive", Hostile(bytes(plain.jpegsave_buffer(interlace=True)), HEAVY)
    yield "gif real 49 MP", Hostile(bytes(plain[0].gifsave_buffer(effort=1, bitdepth=1, dither=0)), HEAVY)


def _animated() -> Iterator[tuple[str, Hostile]]:
    """Many frames, large ones, and such as nobody sees."""
    large = bytes(pyvips.Image.black(400, 400).gifsave_buffer())
    start = _first_frame(large)
    yield "gif of 400 large frames", Hostile(large[:start] + large[start:-1] * 400 + b";", LARGE)
    strip = pyvips.Image.arrayjoin([draw(700, 700).rot90() if odd else draw(700, 700) for odd in (0, 1)] * 25, across=1)
    yield "webp of 50 large frames", Hostile(bytes(_paged(strip, 700).webpsave_buffer(effort=0)), HEAVY)
    single = bytes(draw(60, 40).gifsave_buffer())
    start = _first_frame(single)
    yield "gif of 3000 frames", Hostile(single[:start] + single[start:-1] * 3000 + b";", FINE)
    outside = bytearray(single)
    place = outside.index(b"\x2c", start)
    outside[place + 1 : place + 5] = b"\xff\xff\xff\xff"
    yield "gif with a frame outside", Hostile(bytes(outside), ODD | LARGE)
    whole = png(60, 40)
    control = png_chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield "png that claims to be animated", Hostile(_behind_head(whole, control), FINE)


def _chunks() -> Iterator[tuple[str, Hostile]]:
    """Parts of a PNG or WebP that are larger inside than outside, or too many."""
    whole, inflated = png(60, 40), zlib.compress(bytes(80 << 20), 9)
    for name, content in {
        "iCCP": b"icc\0\0" + inflated,
        "zTXt": b"Comment\0\0" + inflated,
        "iTXt": b"Comment\0\1\0\0\0" + inflated,
    }.items():
        yield f"png with 80 MB in {name}", Hostile(_behind_head(whole, png_chunk(name.encode(), content)), ODD)
    yield "png of 20000 texts", Hostile(_behind_head(whole, png_chunk(b"tEXt", b"Comment\0secret") * 20_000), ODD)
    start = whole.index(b"IDAT") - 4
    length = struct.unpack(">I", whole[start : start + 4])[0]
    pixels = whole[start + 8 : start + 8 + length]
    single = b"".join(png_chunk(b"IDAT", pixels[place : place + 1]) for place in range(length))
    yield "png of single bytes", Hostile(whole[:start] + single + whole[start + 12 + length :], FINE)
    none = png_chunk(b"IDAT", b"") * 20_000
    yield "png of 20000 empty chunks", Hostile(whole[:start] + none + whole[start:], ODD)
    profile = draw(6, 4).icc_transform("p3", input_profile="srgb").get("icc-profile-data")
    webp = bytes(with_fields(draw(60, 40), {"icc-profile-data": profile}).webpsave_buffer(keep="icc"))
    place = webp.index(b"ICCP") + 4
    yield "webp with a profile of 4 GiB", Hostile(webp[:place] + b"\xf0\xff\xff\xff" + webp[place + 4 :], ODD)


def _segments() -> Iterator[tuple[str, Hostile]]:
    """Parts of a JPEG, too many of them or in a circle."""
    photo, progressive = jpeg(60, 40), bytes(draw(60, 40).jpegsave_buffer(interlace=True))
    yield "jpeg with 3000 comments", Hostile(_behind_start(photo, b"\xff\xfe\x00\x08secret" * 3000), FINE)
    place = photo.index(b"\xff\xc4")
    table = photo[place : place + 2 + int.from_bytes(photo[place + 2 : place + 4], "big")]
    yield "jpeg with 3000 tables", Hostile(photo[:place] + table * 3000 + photo[place:], FINE)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    yield "jpeg of 5000 scans", Hostile(progressive[:-2] + scan * 5000 + b"\xff\xd9", ODD)
    for name, entry in {
        "in a circle": b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\x08\0\0\0",
        "with a directory inside itself": b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0" + bytes(4),
        "past its end": b"\x0e\x01\x02\0\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\xff\xff\xff\x7f",
    }.items():
        yield f"exif {name}", Hostile(_behind_start(photo, exif(b"\x01\0" + entry)), FINE)
    yield "exif of 65535 entries", Hostile(_behind_start(photo, exif(b"\xff\xff" + bytes(12))), FINE)
    header = b"ICC_PROFILE\0\x01\xff"
    yield "a 255th of a profile", Hostile(_behind_start(photo, _segment(0xE2, header + bytes(128))), FINE)
    huge = b"ICC_PROFILE\0\x01\x01" + b"\xff\xff\xff\xff" + bytes(300)
    yield "a profile that claims 4 GiB", Hostile(_behind_start(photo, _segment(0xE2, huge)), FINE)


def exif(directory: bytes) -> bytes:
    """Make a JPEG's segment of EXIF (little-endian) whose first directory is this."""
    return _segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + directory)


def _segment(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def _behind_start(photo: bytes, part: bytes) -> bytes:
    return photo[:2] + part + photo[2:]


def _behind_head(whole: bytes, part: bytes) -> bytes:
    return whole[:_PNG_HEAD_BYTES] + part + whole[_PNG_HEAD_BYTES:]


def _first_frame(gif: bytes) -> int:
    """Find where the first frame begins, behind the colours of all."""
    return 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)


def _paged(strip: Any, height: int) -> Any:
    return with_fields(strip, {"page-height": height})


def _empty_png(width: int, height: int) -> bytes:
    """Make a black PNG of one bit a pixel."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def _jpeg_of_size(width: int, height: int) -> bytes:
    """Make a small JPEG whose header claims another size."""
    data = jpeg(16, 16)
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def _webp_of_size(width: int, height: int) -> bytes:
    """Make a small lossy WebP whose frame claims another size."""
    data = bytes(draw(16, 16).webpsave_buffer(keep="none"))
    place = data.index(b"\x9d\x01\x2a") + 3
    return data[:place] + struct.pack("<HH", width, height) + data[place + 4 :]

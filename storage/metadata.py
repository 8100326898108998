"""Whether a picture's file carries more than its picture: EXIF, GPS, XMP, comments, colour profiles, trailing bytes.

Decided by allow-lists over each format's container and not by what a decoder happens to report, since phones hide
second pictures and videos, each with their own GPS, behind the end of the first. Where in doubt the answer is yes:
the cost of a false yes is one re-encoding. Nothing here decodes pixels, and no input makes it raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLAIN_PNG = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB cICP sBIT bKGD hIST pHYs acTL fcTL fdAT".split(),
)
_PLAIN_WEBP = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"))
_PLAIN_AVIF = frozenset((b"ftyp", b"meta", b"mdat", b"moov"))
_AVIF_EXTRAS = (b"Exif", b"mime", b"irot", b"imir", b"prof", b"rICC")
_GIF_PLAIN = (b"\xf9", b"\xff\x0bNETSCAPE2.0")  # how a frame is shown, and how often an animation repeats
_PNG_SIGNATURE_BYTES = 8
_RIFF_HEADER_BYTES = 12

_JPEG_END, _JPEG_SCAN, _JPEG_COMMENT, _JFIF, _ADOBE = 0xD9, 0xDA, 0xFE, 0xE0, 0xEE
_JPEG_APPLICATION = range(0xE0, 0xF0)
_JFIF_BYTES = 16  # without a thumbnail
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def has_metadata(data: bytes, media_type: str) -> bool:
    """Answer whether the file of the given type carries anything but the picture, or cannot be followed to its end."""
    match media_type:
        case "image/jpeg":
            return _jpeg(data)
        case "image/png":
            return _chunks(_png_chunks(data), _PLAIN_PNG, len(data), last=b"IEND")
        case "image/webp":
            return _chunks(_webp_chunks(data), _PLAIN_WEBP, len(data))
        case "image/avif":
            extras = any(extra in data for extra in _AVIF_EXTRAS)
            return extras or _chunks(_boxes(data), _PLAIN_AVIF, len(data))
        case "image/gif":
            return _gif(data)
        case _:
            return True


def is_whole(data: bytes, media_type: str) -> bool:
    """Answer whether a PNG or GIF goes on to its end mark; decoders of all other types tell by themselves.

    Those of PNG do not miss the mark, and those of GIF take one that is cut off between frames for a shorter one.
    """
    match media_type:
        case "image/png":
            return any(name == b"IEND" for name, _ in _png_chunks(data))
        case "image/gif":
            return _gif_is_whole(data)
        case _:
            return True


def _gif_is_whole(data: bytes) -> bool:
    position = 13 + _colour_table(data, 10)
    while position < len(data):
        match data[position]:
            case 0x21:
                position = _after_blocks(data, position + 2)
            case 0x2C:
                position = _after_blocks(data, position + 11 + _colour_table(data, position + 9))
            case sign:
                return sign == 0x3B  # noqa: PLR2004 - the trailer
    return False


def _jpeg(data: bytes) -> bool:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:  # noqa: PLR2004 - the marker byte
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        content = data[position + 4 : position + 9]
        if marker == _JPEG_COMMENT or (marker in _JPEG_APPLICATION and not _plain_application(marker, length, content)):
            return True
        position += 2 + length
        if marker == _JPEG_SCAN:
            found = _AFTER_SCAN.search(data, position)
            if found is None:
                return True
            position = found.end() - 2
            if data[position + 1] == _JPEG_END:
                return position + 2 != len(data)
    return True


def _plain_application(marker: int, length: int, content: bytes) -> bool:
    if marker == _JFIF:
        return content == b"JFIF\x00" and length == _JFIF_BYTES
    return marker == _ADOBE and content == b"Adobe"


def _gif(data: bytes) -> bool:
    position = 13 + _colour_table(data, 10)
    while position < len(data):
        match data[position]:
            case 0x21 if data.startswith(_GIF_PLAIN, position + 1):
                position = _after_blocks(data, position + 2)
            case 0x2C:
                position = _after_blocks(data, position + 11 + _colour_table(data, position + 9))
            case 0x3B:
                return position + 1 != len(data)
            case _:
                return True
    return True


def _colour_table(data: bytes, place: int) -> int:
    """Read the size in bytes of the colour table that the flags at `place` announce."""
    flags = data[place] if place < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return position + 1


def _chunks(chunks: Iterator[tuple[bytes, int]], plain: frozenset[bytes], size: int, last: bytes | None = None) -> bool:
    """Answer whether a chunk is not plain, or the chunks do not end where the file does."""
    followed = list(chunks)
    if not followed or any(name not in plain for name, _ in followed):
        return True
    name, end = followed[-1]
    return end != size or name != (last or name)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield each chunk's name and where it ends, the end chunk as the last."""
    position, name = _PNG_SIGNATURE_BYTES, b""
    while position + 12 <= len(data) and name != b"IEND":
        name = data[position + 4 : position + 8]
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        yield name, position


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    position = _RIFF_HEADER_BYTES
    while position + 8 <= len(data):
        name, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
        yield name, position


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield each top-level ISO box's name and where it ends; a size of 0 means to the end, 1 is never plain here."""
    position = 0
    while position + 8 <= len(data):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        position = len(data) if length == 0 else position + max(length, 8)
        yield name, position

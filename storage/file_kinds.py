"""What a file is that is no picture of ours, in words for who sent it: by its first bytes."""

from __future__ import annotations

_KINDS: tuple[tuple[int, bytes, str], ...] = (  # where, what stands there, what it is
    (0, b"PK\x03\x04", "a ZIP archive, or a document made of one"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"\x1f\x8b", "a gzip file"),
    (257, b"ustar", "a tar archive"),
    (0, b"II*\x00", "a TIFF picture, or a camera's raw file"),
    (0, b"MM\x00*", "a TIFF picture, or a camera's raw file"),
    (0, b"BM", "a BMP picture"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (8, b"WAVE", "a sound"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
)
_HEIF = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"}
_LOOKED_AT = 1024


def describe(data: bytes) -> str:
    """Say what a file seems to be, such as "a PDF document"; only its first kilobyte counts."""
    if not data:
        return "empty"
    if data[4:8] == b"ftyp":
        return "a HEIC picture" if data[8:12] in _HEIF else "a video"
    for place, sign, kind in _KINDS:
        if data.startswith(sign, place):
            return kind
    text = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "an SVG drawing"
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "text" if text.isascii() and text.decode().replace("\n", " ").replace("\r", " ").isprintable() else "unknown"

"""Pictures that mean harm, or are merely odd: made by numbers, so that they are the same each time."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

from tests.images.bombs import FINE, ODD, UNUSABLE, Hostile, bombs, exif
from tests.images.samples import animation, avif, draw, jpeg, png, png_header, with_fields


def corpus() -> dict[str, Hostile]:
    """Make every file, by name."""
    found: dict[str, Hostile] = {}
    for part in (bombs(), _strangers(), _truncated(), _orientations(), _colours(), _shapes(), _junk()):
        found |= dict(part)
    return found


def _strangers() -> Iterator[tuple[str, Hostile]]:
    """Files of other kinds, some behind the first bytes of ours; what they say is nobody's business."""
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>secret</text></svg>"
    entity = b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x; secret</svg>"
    for name, data in {
        "empty": b"",
        "text": b"hello secret",
        "svg": svg,
        "svg that reads files": entity,
        "html": b"<!doctype html><script>alert('secret')</script>",
        "pdf": b"%PDF-1.7\n1 0 obj (secret)",
        "zip": b"PK\x03\x04" + b"secret" * 20,
        "tiff": bytes(draw(20, 20).tiffsave_buffer()),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
        "heic that claims to be an avif": avif(64, 64).replace(b"av01", b"hvc1"),
        "bmp": b"BM" + bytes(60),
        "photoshop": b"8BPS\0\1" + bytes(60),
        "jpeg xl": b"\xff\x0a" + bytes(60),
        "jpeg xl in a box": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60),
        "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60),
        "icon": b"\0\0\1\0\1\0" + bytes(60),
        "video": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        "svg behind a PNG's signature": b"\x89PNG\r\n\x1a\n" + entity,
        "svg behind a JPEG's signature": b"\xff\xd8\xff" + svg,
        "svg behind a GIF's signature": b"GIF89a" + svg,
        "svg behind a WebP's signature": b"RIFF\xff\0\0\0WEBP" + svg,
        "svg behind an AVIF's signature": b"\0\0\0\x14ftypavif\0\0\0\0avif" + svg,
        "zip behind a GIF's signature": b"GIF89aPK\x03\x04" + b"secret" * 20,
        "png behind a JPEG's signature": b"\xff\xd8\xff" + png(20, 20),
        "jpeg behind a PNG's signature": b"\x89PNG\r\n\x1a\n" + jpeg(20, 20),
    }.items():
        yield name, Hostile(data, UNUSABLE)


def _truncated() -> Iterator[tuple[str, Hostile]]:
    """Good files, cut off at every tenth."""
    for name, data in good().items():
        for tenth in range(1, 10):
            yield f"{name} cut at {tenth}/10", Hostile(data[: len(data) * tenth // 10], ODD)


def _orientations() -> Iterator[tuple[str, Hostile]]:
    """All that EXIF knows, and ten that it does not; and each written down in ways that it does not have."""
    photo = jpeg(60, 40)
    for orientation in range(18):
        fields = {"orientation": orientation, "exif-ifd0-Orientation": str(orientation)}
        yield f"orientation {orientation}", Hostile(bytes(with_fields(draw(60, 40), fields).jpegsave_buffer()), FINE)
        for kind in (4, (1, 2, 5, 9, 12, 13)[orientation % 6]):  # long; byte, text, rational, signed, double, nothing
            entry = b"\1\0" + struct.pack("<HHII", 0x0112, kind, 1, orientation) + bytes(4)
            data = photo[:2] + exif(entry) + photo[2:]
            yield f"orientation {orientation} of type {kind}", Hostile(data, FINE)


def _colours() -> Iterator[tuple[str, Hostile]]:
    """Colour spaces, depths and profiles."""
    image, display = draw(60, 40), draw(60, 40).icc_transform("p3", input_profile="srgb")
    printed = bytes(image.colourspace("cmyk").jpegsave_buffer())
    transform = printed.index(b"Adobe") + 11
    wide = bytes(display.get("icc-profile-data"))
    profiles = {
        "adobe rgb": adobe_rgb(wide),
        "cut profile": wide[: len(wide) // 2],
        "profile of another space": image.icc_transform("cmyk", input_profile="srgb").get("icc-profile-data"),
        "profile that is none": b"no profile" * 30,
    }
    for name, profile in profiles.items():
        for kind, drawn in (
            ("colours", image),
            ("grey", image.colourspace("b-w")),
            ("print", image.colourspace("cmyk")),
        ):
            data = bytes(with_fields(drawn, {"icc-profile-data": profile}).jpegsave_buffer(keep="icc"))
            yield f"{name} of {kind}", Hostile(data, FINE)
    for name, data in {
        "cmyk": printed,
        "cmyk with a profile": image.icc_transform("cmyk", input_profile="srgb").jpegsave_buffer(keep="icc"),
        "ycck": printed[:transform] + b"\2" + printed[transform + 1 :],
        "4:4:4": image.jpegsave_buffer(subsample_mode="off"),
        "16 bits": image.colourspace("rgb16").pngsave_buffer(bitdepth=16),
        "grey": image.colourspace("b-w").jpegsave_buffer(),
        "grey with transparency": image.colourspace("b-w").bandjoin(128).pngsave_buffer(),
        "grey of 16 bits": image.colourspace("grey16").pngsave_buffer(bitdepth=16),
        "16 bits with transparency": draw(60, 40, alpha=True).colourspace("rgb16").pngsave_buffer(bitdepth=16),
        "palette": image.pngsave_buffer(palette=True),
        "palette of 4": image.pngsave_buffer(palette=True, bitdepth=2),
        "avif of 10 bits": image.colourspace("rgb16").heifsave_buffer(compression="av1", bitdepth=10, effort=0),
        "avif of 12 bits": image.colourspace("rgb16").heifsave_buffer(compression="av1", bitdepth=12, effort=0),
        "transparent avif": draw(60, 40, alpha=True).heifsave_buffer(compression="av1", effort=0),
        "1 bit": (image.colourspace("b-w") > 128).pngsave_buffer(bitdepth=1),
        "wide gamut": display.jpegsave_buffer(keep="icc"),
        "transparent": draw(60, 40, alpha=True).webpsave_buffer(),
        "lossless": image.webpsave_buffer(lossless=True),
        "interlaced": image.pngsave_buffer(interlace=True),
        "progressive": image.jpegsave_buffer(interlace=True),
    }.items():
        yield name, Hostile(bytes(data), FINE)


def _shapes() -> Iterator[tuple[str, Hostile]]:
    """Sizes at the edge of what there is."""
    for width, height in ((1, 1), (2, 1), (1, 3), (16_384, 1), (1, 16_384), (17, 19), (257, 255)):
        yield f"{width} × {height} png", Hostile(png(width, height), FINE)
        yield f"{width} × {height} jpeg", Hostile(jpeg(width, height), FINE)
    yield "animated gif", Hostile(animation("gif"), FINE)
    yield "animated webp", Hostile(animation("webp"), FINE)


def _junk() -> Iterator[tuple[str, Hostile]]:
    """Headers that lie."""
    photo = jpeg()
    yield "jpeg with a segment past its end", Hostile(photo[:2] + b"\xff\xe1\xff\xff" + photo[2:], ODD)
    yield "jpeg without tables", Hostile(photo.replace(b"\xff\xc4", b"\xff\xfe"), ODD)
    yield "png without pixels", Hostile(png_header(10, 10)[:-12], ODD)
    yield "png of no size", Hostile(png_header(0, 0), UNUSABLE)
    yield "png with wrong sums", Hostile(png().replace(b"IDAT", b"IDAT\0", 1), UNUSABLE)
    yield "picture with a program behind it", Hostile(photo + b"MZ" + bytes(5000), FINE)


def good() -> dict[str, bytes]:
    """Return small good files of every type."""
    return {
        "jpeg": jpeg(120, 80),
        "jpeg with exif": jpeg(90, 60, orientation=6),
        "progressive jpeg": bytes(draw(100, 70).jpegsave_buffer(interlace=True)),
        "png": png(120, 80),
        "interlaced png": bytes(draw(64, 48).pngsave_buffer(interlace=True)),
        "webp": bytes(draw(120, 80).webpsave_buffer()),
        "lossless webp": bytes(draw(60, 40, alpha=True).webpsave_buffer(lossless=True)),
        "avif": avif(120, 80),
        "gif": animation("gif", 40, 30),
        "animated webp": animation("webp", 40, 30),
    }


def mutations(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield good files with damage: bits, runs, lengths, what is doubled, left out, or another file's."""
    chance, files = random.Random(seed), list(good().items())  # noqa: S311 - the same each time
    for number in range(count):
        name, data = files[number % len(files)]
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 4))):
            _damage(chance, damaged, files[chance.randrange(len(files))][1])
        yield f"{name} {seed}/{number}", mended(bytes(damaged)) if chance.random() < 0.5 else bytes(damaged)


def _damage(chance: random.Random, data: bytearray, other: bytes) -> None:
    place = chance.randrange(min(len(data), chance.choice((64, 512, 1 << 20)))) if data else 0
    length = chance.choice((1, 2, 4, 16, 100))
    match chance.randrange(7):
        case 0 if data:
            data[place] ^= 1 << chance.randrange(8)
        case 1:
            data[place : place + length] = chance.randbytes(length)
        case 2:
            data[place : place + 4] = chance.choice(
                (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1")
            )
        case 3:
            data[place:place] = data[place : place + length]
        case 4:
            del data[place : place + length]
        case 5:
            data[place:] = other[min(place, len(other)) :]
        case _:
            data[place:] = chance.randbytes(min(length, len(data) - place + 1))


def mended(png: bytes) -> bytes:
    """Put the right sum behind each chunk, so that damage comes further than to the check; other files stay."""
    found, place = bytearray(png), 8
    while png.startswith(b"\x89PNG") and place + 12 <= len(png):
        end = place + 8 + int.from_bytes(png[place : place + 4], "big")
        found[end : end + 4] = struct.pack(">I", zlib.crc32(png[place + 4 : end])) if end + 4 <= len(png) else b""
        place = end + 4
    return bytes(found)


def adobe_rgb(matrix_profile: bytes) -> bytes:
    """Make a profile with the primaries of Adobe RGB (1998), adapted to D50, out of another such."""
    primaries = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
    }
    profile = bytearray(matrix_profile)
    for tag, numbers in primaries.items():
        entry = profile.index(tag)
        start = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
        profile[start : start + 12] = struct.pack(">3i", *(round(number * 65536) for number in numbers))
    return bytes(profile)

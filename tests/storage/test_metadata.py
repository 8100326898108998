"""Which files carry more than their picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.metadata import has_metadata, is_whole
from tests.images.samples import animation, avif, draw, jpeg, png, png_chunk

TYPES = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/other"]
JPEG, PNG = jpeg(60, 40), png(60, 40)
WEBP = bytes(draw(60, 40).webpsave_buffer(keep="none"))
GIF = bytes(draw(60, 40).gifsave_buffer(keep="none"))
AVIF = avif(60, 40)
PROGRESSIVE = bytes(draw(60, 40).jpegsave_buffer(interlace=True, keep="none"))
PLAIN = {"image/jpeg": JPEG, "image/png": PNG, "image/webp": WEBP, "image/gif": GIF, "image/avif": AVIF}


def segment(marker: int, content: bytes) -> bytes:
    """Make a JPEG segment."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


@pytest.mark.parametrize("media_type", PLAIN)
def test_plain_files_have_none(media_type: str) -> None:
    """A file with nothing but its picture; cut off or with something behind, it has."""
    data = PLAIN[media_type]
    assert not has_metadata(data, media_type)
    assert has_metadata(data + b"more", media_type)
    assert has_metadata(data[:-9], media_type)
    assert has_metadata(data[:10], media_type)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), False),
        (segment(0xEE, b"Adobe\0\x64\0\0\0\0\1"), False),
        (segment(0xE0, b"JFXX\0\x10 a thumbnail"), True),
        (segment(0xE1, b"Exif\0\0II*\0"), True),
        (segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), True),
        (segment(0xE2, b"ICC_PROFILE\0\1\1"), True),
        (segment(0xED, b"Photoshop 3.0\0"), True),
        (segment(0xFE, b"a comment"), True),
    ],
)
def test_jpeg_segments(content: bytes, found: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    """Only the plain JFIF and Adobe segments say nothing of who took the picture."""
    for data in (JPEG, PROGRESSIVE):
        assert has_metadata(data[:2] + content + data[2:], "image/jpeg") == found


@pytest.mark.parametrize(
    ("name", "found"), [(b"pHYs", False), (b"tEXt", True), (b"eXIf", True), (b"iCCP", True), (b"teSt", True)]
)
def test_png_chunks(name: bytes, found: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    """Chunks that draw are plain, all others are not."""
    assert has_metadata(PNG[:33] + png_chunk(name, bytes(9)) + PNG[33:], "image/png") == found


def test_webp_chunks() -> None:
    """EXIF and XMP chunks are found, also in one of odd length with its padding."""
    assert has_metadata(WEBP + b"EXIF\3\0\0\0abc\0", "image/webp")
    assert not has_metadata(WEBP + b"ALPH\3\0\0\0abc\0", "image/webp")


def test_gif_extensions() -> None:
    """Comments and foreign applications are found, the loop of an animation is plain."""
    assert not has_metadata(animation("gif"), "image/gif")
    end = GIF[:-1]
    assert has_metadata(end + b"\x21\xfe\x05hello\x00;", "image/gif")
    assert has_metadata(end + b"\x21\xff\x0bXMP DataXMP\x01x\x00;", "image/gif")
    assert not has_metadata(end + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00;", "image/gif")


def test_avif_boxes() -> None:
    """EXIF items, turned pictures and unknown boxes are found; a last box may run to the end."""
    assert has_metadata(AVIF + b"\0\0\0\x0cuuidabcd", "image/avif")
    assert has_metadata(AVIF + b"\0\0\0\x0cmdatExif", "image/avif")
    assert not has_metadata(AVIF + b"\0\0\0\0mdatmore", "image/avif")


@given(st.sampled_from(TYPES), st.binary(max_size=300), st.integers(0, 400))
def test_no_input_raises(media_type: str, noise: bytes, place: int) -> None:
    """Whatever the bytes, the answer is yes or no; of an unknown type it is yes."""
    data = PLAIN.get(media_type, b"")
    answer = has_metadata(data[:place] + noise + data[place:], media_type)
    assert answer in ({True} if media_type == "image/other" else {True, False})


@pytest.mark.parametrize("data", [PNG, GIF, animation("gif")])
def test_what_ends_before_its_end_mark_is_not_whole(data: bytes) -> None:
    """Wherever it is cut; what stands behind the mark does no harm."""
    media_type = "image/png" if data is PNG else "image/gif"
    assert is_whole(data, media_type)
    assert is_whole(data + b"more", media_type)
    assert not any(is_whole(data[:length], media_type) for length in range(len(data)))


@given(st.sampled_from(TYPES), st.binary(max_size=60), st.integers(0, 400))
def test_anything_is_whole_or_not(media_type: str, noise: bytes, place: int) -> None:
    """No input makes it raise."""
    data = PLAIN.get(media_type, b"")
    assert is_whole(data[:place] + noise, media_type) in {True, False}

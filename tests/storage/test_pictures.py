"""Pictures: told by their content, limited by their header, and freed of what should not be published."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.pictures import (
    BrokenPictureError,
    NotAPictureError,
    Picture,
    PictureError,
    TooManyPixelsError,
    dominant_colour,
    focus,
    normalise,
    placeholder,
    probe,
    sniff,
)
from storage.vips import LIBVIPS_VERSION, pyvips, trim_memory
from tests.images.samples import animation, avif, draw, jpeg, load, near, pixel, png, png_header, with_fields

BARE = {
    "image/jpeg": jpeg(),
    "image/png": png(),
    "image/webp": bytes(draw(400, 300).webpsave_buffer(keep="none")),
    "image/avif": avif(),
    "image/gif": bytes(draw(400, 300).gifsave_buffer(keep="none")),
}


@pytest.mark.parametrize("media_type", BARE)
def test_types_are_told_by_content(media_type: str) -> None:
    """Each accepted format is recognised with its size."""
    picture = probe(BARE[media_type])
    assert (picture.media_type, picture.width, picture.height, picture.frames) == (media_type, 400, 300, 1)


def test_the_header_tells_transparency_and_frames() -> None:
    """Alpha and the number of frames are read without decoding."""
    assert probe(png()).alpha
    assert not probe(jpeg()).alpha
    assert probe(animation("gif")).frames == 2
    assert probe(animation("webp")).frames == 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_as_displayed(orientation: int) -> None:
    """An EXIF orientation that turns the picture swaps its sides."""
    picture = probe(jpeg(400, 300, orientation=orientation))
    assert picture.orientation == orientation
    assert picture.sideways == (orientation >= 5)
    assert (picture.width, picture.height) == ((300, 400) if orientation >= 5 else (400, 300))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"BM" + bytes(60),
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Archives, documents, SVG, sound and HEIC are told apart by their first bytes."""
    assert sniff(data) is None
    for function in (probe, placeholder, dominant_colour, focus, normalise):
        with pytest.raises(NotAPictureError):
            function(data)


def test_a_bomb_is_refused_by_its_header() -> None:
    """Sizes over the limit are refused before decoding; interlaced PNG and AVIF have a lower limit."""
    assert probe(png_header(7000, 7000)) == Picture("image/png", 7000, 7000)
    with pytest.raises(TooManyPixelsError, match="4,294,836,225 pixels; at most 50,000,000"):
        probe(png_header(65_535, 65_535))
    with pytest.raises(TooManyPixelsError, match="at most 16,000,000"):
        probe(png_header(4001, 4000, interlaced=True))


def test_all_frames_of_an_animation_count() -> None:
    """The limit is on the pixels of all frames together: 13 of four million are too many."""
    screen = b"GIF89a" + (2000).to_bytes(2, "little") * 2 + b"\x80\0\0" + bytes(6)
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    assert probe(screen + frame * 12 + b";").frames == 12
    with pytest.raises(TooManyPixelsError, match="52,000,000"):
        probe(screen + frame * 13 + b";")


def test_a_large_avif_is_refused() -> None:
    """An AVIF of over 16 million pixels is refused, though it has few bytes."""
    large = pyvips.Image.black(4096, 4096).copy(interpretation="b-w")
    data = bytes(large.heifsave_buffer(compression="av1", effort=0, keep="none"))
    with pytest.raises(TooManyPixelsError, match="at most 16,000,000"):
        probe(data)


@pytest.mark.parametrize("media_type", BARE)
def test_a_truncated_picture_is_broken(media_type: str) -> None:
    """A file cut in half is refused by whatever decodes it, and one cut in its header by the probe too."""
    data = BARE[media_type]
    for function in (placeholder, dominant_colour, focus):
        with pytest.raises(BrokenPictureError):
            function(data[: len(data) // 2])
    with pytest.raises(BrokenPictureError):
        normalise(data[: len(data) // 2])
    with pytest.raises(PictureError):
        probe(data[:26])


def _variations() -> Iterator[tuple[str, bytes]]:
    """Yield every format in each way that its decoder has a path of its own for, none with metadata."""
    photo = draw(300, 200)
    for kind, options in (
        ("jpeg", {}),
        ("jpeg", {"interlace": True}),
        ("png", {}),
        ("png", {"interlace": True}),
        ("webp", {}),
        ("webp", {"lossless": True}),
        ("heif", {"compression": "av1", "effort": 0}),
        ("gif", {}),
    ):
        yield f"{kind} {options}", bytes(getattr(photo, f"{kind}save_buffer")(keep="none", **options))
    yield from ((f"animated {kind}", bare_animation(kind)) for kind in ("gif", "webp"))


def bare_animation(kind: str) -> bytes:
    """Make an animation of two frames without metadata."""
    frames = with_fields(pyvips.Image.arrayjoin([draw(90, 60), draw(90, 60).invert()], across=1), {"page-height": 60})
    return bytes(getattr(frames, f"{kind}save_buffer")(keep="none"))


@pytest.mark.parametrize("data", [data for _, data in _variations()], ids=[name for name, _ in _variations()])
def test_what_is_cut_anywhere_is_not_kept(data: bytes) -> None:
    """Whole, it is kept as it is; without its last byte, its last few, or more of it, it is refused."""
    assert normalise(data) is data
    size = len(data)
    for length in {*(size - end for end in (*range(1, 20), 50, 200)), *(size * tenths // 10 for tenths in range(10))}:
        with pytest.raises(PictureError):
            normalise(data[: max(length, 0)])


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_damage_in_the_last_frame_is_found(kind: str) -> None:
    """All frames of an animation are decoded, and not only the one that the placeholder shows."""
    data = bare_animation(kind)
    start = data.rindex(b"\x2c\0\0\0\0") + 1200 if kind == "gif" else data.rindex(b"VP8") + 25
    damaged = data[:start] + b"\x5a" * (len(data) - start - 40) + data[-40:]
    assert placeholder(damaged)
    with pytest.raises(BrokenPictureError):
        normalise(damaged)


def test_the_focus_is_where_it_is_displayed() -> None:
    """Given a picture that is stored lying on its side, then what is on its left is at its top."""
    ground = (pyvips.Image.black(800, 600, bands=3) + 90).cast("uchar").copy(interpretation="srgb")
    left = ground.draw_rect([250, 220, 40], 60, 280, 50, 50, fill=True)
    found = focus(bytes(with_fields(left, {"orientation": 6}).jpegsave_buffer(Q=90)))
    assert [*found] == pytest.approx([0.5, 0.1], abs=1 / 16)


def test_the_placeholder_is_a_thumbhash() -> None:
    """It is short, and its shape follows the picture's."""
    wide, tall = placeholder(jpeg(400, 300)), placeholder(jpeg(300, 400))
    assert len(base64.b64decode(wide)) <= 25
    assert base64.b64decode(wide)[4] & 0x80
    assert not base64.b64decode(tall)[4] & 0x80
    assert base64.b64decode(placeholder(png()))[2] & 0x80  # has transparency


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_every_number_of_bands_has_a_placeholder(bands: int) -> None:
    """Grey and colour, with and without alpha, eight bits and sixteen."""
    image = draw(40, 30, alpha=True)
    image = {1: image[0], 2: image[0].bandjoin(image[3]), 3: image[:3], 4: image}[bands]
    space = "b-w" if bands < 3 else "srgb"
    eight = image.copy(interpretation=space)
    sixteen = eight.colourspace("grey16" if bands < 3 else "rgb16")
    for variant in (eight.pngsave_buffer(), sixteen.pngsave_buffer(bitdepth=16)):
        assert placeholder(bytes(variant))
        assert dominant_colour(bytes(variant)).startswith("#")


def test_the_dominant_colour_is_the_largest() -> None:
    """A third of red in grey noise of many shades wins; what is transparent does not count."""
    picture = draw(300, 300).draw_rect([200, 16, 16], 0, 0, 180, 300, fill=True)
    assert dominant_colour(bytes(picture.pngsave_buffer())) == "#c81010"
    hidden = draw(100, 100, alpha=True).draw_rect([200, 16, 16, 0], 0, 0, 90, 100, fill=True)
    hidden = hidden.draw_rect([16, 16, 200, 255], 90, 0, 10, 100, fill=True)
    assert dominant_colour(bytes(hidden.pngsave_buffer())).startswith("#1010c")
    assert dominant_colour(bytes((draw(10, 10).bandjoin(0)).pngsave_buffer())) == "#ffffff"


@pytest.mark.parametrize("media_type", BARE)
def test_a_plain_picture_stays_as_it_is(media_type: str) -> None:
    """With nothing to strip or turn the bytes are the same."""
    assert normalise(BARE[media_type]) is BARE[media_type]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_orientation_is_applied_and_gps_is_gone(orientation: int) -> None:
    """The pixels are turned, no EXIF is left, and doing it again changes nothing."""
    data = jpeg(400, 300, orientation=orientation)
    assert "GPS" in str(load(data).get_fields())

    clean = normalise(data)

    assert b"Exif" not in clean
    assert "exif-data" not in load(clean).get_fields()
    assert (probe(clean).width, probe(clean).height, probe(clean).orientation) == (
        probe(data).width,
        probe(data).height,
        1,
    )
    upright = load(data).autorot()
    assert near(pixel(clean, 10, 10), upright.getpoint(10, 10))
    assert normalise(clean) is clean


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "heif", "gif"])
def test_metadata_of_every_format_is_stripped(kind: str) -> None:
    """XMP and EXIF are gone and the type stays."""
    options = {"compression": "av1", "effort": 0} if kind == "heif" else {}
    image = with_fields(
        draw(60, 40), {"xmp-data": b"<x:xmpmeta>secret place</x:xmpmeta>", "gif-comment": "secret place"}
    )
    data = bytes(getattr(image, f"{kind}save_buffer")(**options))
    clean = normalise(data)
    assert b"secret place" not in clean
    assert sniff(clean) == sniff(data)


def test_what_follows_a_jpeg_is_stripped() -> None:
    """A video or second picture behind the end of a JPEG, where phones hide them, is dropped."""
    assert b"ftypmp42" not in normalise(jpeg() + b"\0\0\0\x18ftypmp42 with a place")


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_animations_keep_their_frames(kind: str) -> None:
    """Stripping an animation leaves every frame."""
    frames = load(animation(kind))
    data = animation(kind) if frames.get_typeof("exif-data") else animation(kind) + b"trailing"
    clean = normalise(data)
    assert clean != data
    assert probe(clean).frames == 2


def test_wide_colours_become_srgb() -> None:
    """A picture in Display P3 looks the same in sRGB, without a profile."""
    data = bytes(draw(60, 40).icc_transform("p3", input_profile="srgb").jpegsave_buffer(Q=95, keep="icc"))
    clean = normalise(data)
    assert b"ICC_PROFILE" not in clean
    assert near(pixel(clean, 30, 20), draw(60, 40).getpoint(30, 20), 8)


def test_sixteen_bits_and_cmyk_become_srgb() -> None:
    """Sixteen bits stay sixteen with their profile applied; CMYK, which browsers show badly, is converted."""
    deep = draw(60, 40).colourspace("rgb16")
    deep = deep.icc_transform("p3", input_profile="srgb", depth=16)
    assert load(normalise(bytes(deep.pngsave_buffer(bitdepth=16, keep="icc")))).format == "ushort"
    printed = bytes(draw(60, 40).colourspace("cmyk").jpegsave_buffer(keep="none"))
    assert load(normalise(printed)).interpretation == "srgb"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(BARE)), st.integers(0, 1500), st.binary(min_size=1, max_size=8))
def test_damage_is_answered_with_our_own_errors(media_type: str, place: int, damage: bytes) -> None:
    """Whatever a few bytes of damage do, the answer is a result or a PictureError."""
    data = BARE[media_type]
    place %= len(data)
    damaged = data[:place] + damage + data[place + len(damage) :]
    for function in (probe, placeholder, normalise):
        with suppress(PictureError):
            assert function(damaged)


def test_libvips_is_set_up() -> None:
    """The version is that of the library, and memory can be trimmed anywhere."""
    assert LIBVIPS_VERSION.count(".") == 2
    assert pyvips.cache_get_max() == 0
    trim_memory()


@pytest.mark.parametrize("across", [0.125, 0.875])
def test_the_focus_is_what_draws_the_eye(across: float) -> None:
    """A bright ball on grey, at one side; libvips looks at it at 32 pixels across, so it is off by a few hundredths."""
    scene = (draw(800, 400) * 0 + 100).cast("uchar").copy(interpretation="srgb")
    scene = scene.draw_circle([255, 40, 40], int(800 * across), 200, 40, fill=True)
    x, y = focus(bytes(scene.jpegsave_buffer(Q=90)))
    assert abs(x - across) < 0.1
    assert abs(y - 0.5) < 0.15


@pytest.mark.parametrize("data", [jpeg(1, 1), png(1, 300), png(300, 1), animation("gif")])
def test_odd_pictures_have_a_focus_too(data: bytes) -> None:
    """Within them."""
    assert all(0 <= part <= 1 for part in focus(data))
